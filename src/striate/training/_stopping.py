"""Callbacks that act when a number gets no better."""

from __future__ import annotations

from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from striate.errors import ArgumentError, Problem
from striate.training._callback import Logs
from striate.training._monitor import Monitor, copied


class EarlyStopping(Monitor):
    """Stop when the watched number has not improved for `patience` epochs.

    Args:
        monitor: the name in the logs, for instance "val_loss" or "val_accuracy".
        min_delta: a smaller change is no improvement.
        patience: how many epochs without improvement are borne.
        verbose: 1 says what happens.
        mode: "min", "max", or "auto" to know it from the metric.
        baseline: a number that must be beaten as well before waiting starts anew.
        restore_best_weights: at the end, go back to the weights of the best epoch.
        start_from_epoch: epochs before this one, counted from 0, do not matter.

    As in Keras the last weights stay unless `restore_best_weights` is set, which is a known trap.
    """

    MEMORY: ClassVar[tuple[str, ...]] = ("best", "best_epoch", "best_weights", "wait", "stopped_epoch")

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        """Nothing seen yet."""
        super().__init__(monitor, mode, min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self.reset()

    def reset(self) -> None:
        """No best epoch yet."""
        self.best = None
        self.best_epoch = 0
        self.best_weights: Any = None
        self.wait = 0
        self.stopped_epoch = 0

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Compare with the best; stop when patience is at its end."""
        value = self.value(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self._remember(epoch)
        self.wait += 1
        if self.better(value, self.best):
            self.best = value
            self._remember(epoch)
            if self.baseline is None or self.better(value, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs = None) -> None:
        """Go back to the best weights, if asked to."""
        super().on_train_end(logs)
        if self.stopped_epoch > 0 and self.verbose > 0:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose > 0:
                print(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
            self.model.variables = jax.tree.map(jnp.asarray, self.best_weights)

    def _remember(self, epoch: int) -> None:
        """Note this epoch, and keep its weights when they may be wanted."""
        self.best_epoch = epoch
        if self.restore_best_weights:
            self.best_weights = copied(self.model.variables)


class ReduceLROnPlateau(Monitor):
    """Multiply the learning rate by `factor` when the watched number has not improved for `patience` epochs.

    Args:
        monitor: the name in the logs. factor: below 1.
        patience: how many epochs without improvement are borne.
        verbose: 1 says what happens. mode: "min", "max", or "auto" to know it from the metric.
        min_delta: a smaller change is no improvement. cooldown: epochs after a reduction that do not count.
        min_lr: the rate never goes below it.
    """

    MEMORY: ClassVar[tuple[str, ...]] = ("best", "wait", "cooldown_counter")

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        """Refuse a factor that reduces nothing."""
        super().__init__(monitor, mode, min_delta)
        if not 0 <= factor < 1:
            cure = "Write for instance 0.1."
            raise ArgumentError(
                Problem("ReduceLROnPlateau.factor", f"got {factor!r}", "a number from 0 to below 1", cure)
            )
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr
        self.reset()

    def reset(self) -> None:
        """No best epoch yet."""
        self.best = None
        self.wait = 0
        self.cooldown_counter = 0

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Log the rate, compare with the best, reduce when patience is at its end."""
        logs = {} if logs is None else logs
        logs["learning_rate"] = float(self.model.learning_rate)
        value = self.value(logs)
        if value is None:
            return
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        if self.better(value, self.best):
            self.best = value
            self.wait = 0
        elif self.cooldown_counter <= 0:
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        """Lower the rate, unless it is as low as it may be."""
        rate = float(self.model.learning_rate)
        if rate <= self.min_lr:
            return
        reduced = max(rate * self.factor, self.min_lr)
        self.model.learning_rate = reduced
        self.cooldown_counter = self.cooldown
        self.wait = 0
        if self.verbose > 0:
            print(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {reduced}.")

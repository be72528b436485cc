"""The callback that saves models while they train."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from striate.errors import ArgumentError, Problem
from striate.training._callback import Logs
from striate.training._monitor import Monitor


class ModelCheckpoint(Monitor):
    """Save the model after each epoch, after some batches, or whenever it is better than before.

    Args:
        filepath: where to; {epoch} (counted from 1), {batch} and the names of the logs are filled in, for
            instance "models/{epoch:02d}-{val_loss:.3f}.striate". A missing folder is made.
        monitor: the name in the logs that `save_best_only` watches. verbose: 1 says what happens.
        save_best_only: save only when the watched number improves.
        save_weights_only: save without the architecture and the preprocessing.
        mode: "min", "max", or "auto" to know it from the metric.
        save_freq: "epoch", or a number of batches, which makes the loop look at every batch.
        initial_value_threshold: a number that the first save must beat already.
    """

    MEMORY: ClassVar[tuple[str, ...]] = ("best", "seen")

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        """Refuse a `save_freq` that means nothing."""
        super().__init__(monitor, mode, 0.0)
        whole = isinstance(save_freq, int) and not isinstance(save_freq, bool) and save_freq > 0
        if save_freq != "epoch" and not whole:
            where, cure = "ModelCheckpoint.save_freq", "Write for instance save_freq=100."
            raise ArgumentError(Problem(where, f"got {save_freq!r}", "'epoch' or a number of batches", cure))
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = save_freq
        self.best = initial_value_threshold
        self.seen = 0
        self._epoch = 0
        if isinstance(save_freq, int):
            # Only an object that saves by batches has this hook, so that others do not slow the loop down.
            self.on_train_batch_end = self._after_batch

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Note the epoch for the file's name."""
        self._epoch = epoch

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Save, unless saving goes by batches."""
        if self.save_freq == "epoch":
            self._save(epoch, None, logs or {})

    def _after_batch(self, batch: int, logs: Logs = None) -> None:
        """Save after each `save_freq` batches, counted over all epochs."""
        self.seen += 1
        if isinstance(self.save_freq, int) and self.seen >= self.save_freq:
            self.seen = 0
            self._save(self._epoch, batch, logs or {})

    def _save(self, epoch: int, batch: int | None, logs: dict[str, Any]) -> None:
        """Save under the filled-in name, if it is time to."""
        path = self._path(epoch, batch, logs)
        if not self._due(epoch, logs, path):
            return
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path)
        else:
            self.model.save(path)

    def _due(self, epoch: int, logs: dict[str, Any], path: str) -> bool:
        """Whether to save, said aloud with `verbose`."""
        if not self.save_best_only:
            self._say(epoch, f"saving model to {path}")
            return True
        value, best = logs.get(self.monitor), "None" if self.best is None else f"{self.best:.5f}"
        if value is None or np.ndim(value) > 0:
            happened = f"{self.monitor} is not among the numbers of the epoch, so every model is saved"
            cure = "Watch one that is, or leave save_best_only=False."
            problem = Problem("ModelCheckpoint", happened, "one that is logged", cure, "warning")
            warnings.warn(str(problem), stacklevel=2)
            return True
        if not self.better(float(value), self.best):
            self._say(epoch, f"{self.monitor} did not improve from {best}")
            return False
        self._say(epoch, f"{self.monitor} improved from {best} to {value:.5f}, saving model to {path}")
        self.best = float(value)
        return True

    def _path(self, epoch: int, batch: int | None, logs: dict[str, Any]) -> str:
        """The file's name with its numbers filled in."""
        numbers = {**({} if batch is None else {"batch": batch + 1}), **logs, "epoch": epoch + 1}
        try:
            return self.filepath.format(**numbers)
        except (KeyError, IndexError, ValueError, TypeError) as error:
            where, cure = "ModelCheckpoint.filepath", f"The numbers there are: {', '.join(numbers)}."
            happened = f"{self.filepath!r} cannot be filled in ({type(error).__name__}: {error})"
            raise ArgumentError(Problem(where, happened, "names of numbers in braces", cure)) from error

    def _say(self, epoch: int, text: str) -> None:
        """Print a line with `verbose`."""
        if self.verbose > 0:
            print(f"\nEpoch {epoch + 1}: {text}")

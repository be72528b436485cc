"""Callbacks by Keras name."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import numpy as np

from striate.errors import ArgumentError, Problem, TrainingError
from striate.training._callback import Callback, LambdaCallback, Logs
from striate.training._loggers import CSVLogger, JSONLogger
from striate.training._model_checkpoint import ModelCheckpoint
from striate.training._monitor import Monitor
from striate.training._stopping import EarlyStopping, ReduceLROnPlateau
from striate.training.history import History
from striate.training.resume import BackupAndRestore

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "EarlyStopping",
    "History",
    "JSONLogger",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "Monitor",
    "ReduceLROnPlateau",
    "TerminateOnNaN",
]


class LearningRateScheduler(Callback):
    """Set the learning rate at the beginning of each epoch, and log it.

    Args:
        schedule: a function of the epoch, counted from 0, and of the rate before, or of the epoch alone.
        verbose: 1 says what happens.
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        """Nothing happens before an epoch begins."""
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Set the rate."""
        before = float(self.model.learning_rate)
        rate = self.schedule(epoch, before) if _takes_two(self.schedule) else self.schedule(epoch)
        if not isinstance(rate, float | int | np.floating) or isinstance(rate, bool) or not np.isfinite(rate):
            where, cure = "LearningRateScheduler.schedule", "Return a float from the function."
            happened = f"it gave {rate!r} for epoch {epoch}"
            raise ArgumentError(Problem(where, happened, "a learning rate", cure))
        self.model.learning_rate = float(rate)
        if self.verbose > 0:
            print(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {float(rate)}.")

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Log the rate."""
        if logs is not None:
            logs["learning_rate"] = float(self.model.learning_rate)


class TerminateOnNaN(Callback):
    """Stop when the loss is not finite.

    The loop does this by itself, at the very step, and its message names the layer; this callback is here for
    programs that ask for it, and looks whenever the loop looks.

    Args:
        raise_error: raise a TrainingError instead of stopping quietly.
    """

    def __init__(self, raise_error: bool = False) -> None:
        """Nothing seen yet."""
        self.raise_error = raise_error

    def on_chunk_end(self, step: int, logs: Logs = None) -> None:
        """Look at the mean loss so far; it is not finite as soon as one loss was not."""
        loss = (logs or {}).get("loss")
        if loss is None or np.isfinite(loss):
            return
        if self.raise_error:
            cure = "Lower the learning rate, or look at the data for numbers that are not finite."
            raise TrainingError(
                Problem("loss", f"it is {loss} after {step} steps of the epoch", "a finite number", cure)
            )
        print(f"Batch {step - 1}: Invalid loss, terminating training")
        self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Look at the loss of the whole epoch."""
        if not self.model.stop_training:
            self.on_chunk_end(int(self.params.get("steps") or 0), logs)


def _takes_two(function: Callable[..., float]) -> bool:
    """Whether a function can be called with two arguments."""
    try:
        inspect.signature(function).bind(0, 0.0)
    except (TypeError, ValueError):
        return False
    return True

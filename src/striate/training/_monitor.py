"""What callbacks have in common that watch one number: whether it is there, and whether it got better."""

from __future__ import annotations

import contextlib
import warnings
from typing import Any

import jax
import numpy as np

from striate.errors import ArgumentError, Problem
from striate.training import metrics
from striate.training._callback import Callback, Logs


class Monitor(Callback):
    """A callback that watches one number of the logs and knows whether less or more of it is better.

    Args:
        monitor: the name in the logs. min_delta: a smaller change is no improvement.
        mode: "min", "max", or "auto" to know it from the metric.
    """

    def __init__(self, monitor: str, mode: str, min_delta: float) -> None:
        """Refuse modes that there are not."""
        if mode not in ("auto", "min", "max"):
            where = f"{type(self).__name__}.mode"
            expected = "'auto' or 'min' or 'max'"
            raise ArgumentError(Problem(where, f"got {mode!r}", expected, "Write 'max' for accuracies."))
        self.monitor = monitor
        self.mode = mode
        self.min_delta = abs(min_delta)
        self.best: float | None = None
        self._warned = False

    def value(self, logs: Logs) -> float | None:
        """The watched number, or None with a warning, given once, when it is not there."""
        found = (logs or {}).get(self.monitor)
        if found is not None and np.ndim(found) == 0:
            return float(found)
        if not self._warned:
            known = ", ".join(name for name, value in (logs or {}).items() if np.ndim(value) == 0)
            cure = f"Watch one of {known}." if known else "Give the model metrics or validation data."
            happened = f"{self.monitor} is not among the numbers of the epoch"
            problem = Problem(type(self).__name__, happened, "one that is logged", cure, "warning")
            warnings.warn(str(problem), stacklevel=2)
            self._warned = True
        return None

    def better(self, value: float, reference: float | None) -> bool:
        """Whether the value beats the reference by more than `min_delta`; every value beats None."""
        if reference is None:
            return True
        if rises(self.monitor, self.mode, self.model, type(self).__name__):
            return value - self.min_delta > reference
        return value + self.min_delta < reference


def rises(monitor: str, mode: str, model: Any, where: str) -> bool:
    """Whether more of the number is better: as `mode` says, or as its metric or its name does.

    Raises:
        ArgumentError: nothing is known about the number.

    >>> rises("val_accuracy", "auto", None, "EarlyStopping"), rises("loss", "auto", None, "EarlyStopping")
    (True, False)
    """
    if mode != "auto":
        return mode == "max"
    name = monitor.removeprefix("val_")
    for metric in _metrics_of(model):
        if name == metric.name or name.endswith(f"_{metric.name}"):
            return metric.RISES
    if name == "loss" or name.endswith(("_loss", "error", "crossentropy")):
        return False
    # With several outputs the output's name stands in front of the metric's.
    pieces = name.split("_")
    for start in range(len(pieces)):
        with contextlib.suppress(ArgumentError):
            return metrics.get("_".join(pieces[start:])).RISES
    cure = f"Pass mode='max' if more of {monitor} is better, or mode='min' if less of it is."
    raise ArgumentError(Problem(where, f"nothing is known about {monitor}", "a mode", cure))


def _metrics_of(model: Any) -> list[Any]:
    """The metrics that the model says it has."""
    found = getattr(model, "metrics", None)
    return [each for each in found if hasattr(each, "RISES")] if isinstance(found, list | tuple) else []


def copied(variables: Any) -> Any:
    """Variables on the host, safe from programs that reuse the memory of their arguments."""
    return jax.tree.map(lambda leaf: np.array(leaf), variables)

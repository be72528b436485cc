"""Which learning rate to begin with: a short training at growing rates, and where it learns best."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from striate.errors import ArgumentError, Problem, TrainingError
from striate.pages import Shown, Table
from striate.pages.shown import Part
from striate.training._callback import Callback

DIVERGED = 4.0
"""The search ends when the loss is so many times the least one."""
BEHIND = 10.0
"""The suggestion lies so far below the rate with the least loss."""


@dataclass(frozen=True)
class RateSearch(Shown):
    """What a search for a learning rate found.

    Args:
        rates: (S,) tried, each for one step. losses: (S,) after smoothing.
        suggestion: the rate to use: a tenth of that with the least loss, which is where most begin to jump.
    """

    rates: np.ndarray
    losses: np.ndarray
    suggestion: float
    title: str = "Learning rate"

    def parts(self) -> Sequence[Part]:
        """The rates tried and their losses."""
        rows = [(f"{r:.2e}", f"{v:.4f}") for r, v in zip(self.rates, self.losses, strict=True)]
        return [
            Table(("rate", "loss"), rows[:: max(1, len(rows) // 20)], f"suggested: {self.suggestion:.2g}")
        ]


def find_rate(
    model: Any,
    x: Any,
    y: Any,
    *,
    batch_size: int = 64,
    low: float = 1e-6,
    high: float = 1.0,
    steps: int = 100,
) -> RateSearch:
    """Train a copy of a model a little, at growing rates; the model itself stays as it is.

    Args:
        model: compiled. x, y, batch_size: as for `fit`. low, high: the first and the last rate.
        steps: how many, at rates in equal ratios.

    Returns:
        RateSearch: rates, losses and a suggestion (Smith, Cyclical learning rates, 2017).

    Raises:
        ArgumentError: rates or steps that cannot be.
    """
    if not 0 < low < high or steps < 10:
        happened = f"got {steps} steps from {low:g} to {high:g}"
        cure = "Leave them out."
        raise ArgumentError(Problem("find_rate", happened, "at least 10 steps, from low to high", cure))
    climb = _Climb(np.geomspace(low, high, steps))
    epochs = math.ceil(steps / math.ceil(len(y) / batch_size))
    with contextlib.suppress(TrainingError):  # a rate so high that numbers are not finite ends the search
        model.twin().fit(x, y, batch_size=batch_size, epochs=epochs, verbose=0, callbacks=[climb], seed=0)
    return climb.found()


class _Climb(Callback):
    """Raises the rate before each step and keeps the loss after it."""

    def __init__(self, rates: np.ndarray) -> None:
        """Nothing was tried yet."""
        self.rates, self.losses, self.total = rates, [], 0.0

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """The next rate."""
        self.model.learning_rate = float(self.rates[min(len(self.losses), len(self.rates) - 1)])

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """The loss of this step alone, from the mean so far."""
        mean = float(logs["loss"])
        self.total = 0.0 if batch == 0 else self.total
        self.losses.append(mean * (batch + 1) - self.total)
        self.total = mean * (batch + 1)
        smooth = _smoothed(self.losses)
        if len(self.losses) >= len(self.rates) or smooth[-1] > DIVERGED * min(smooth):
            self.model.stop_training = True

    def found(self) -> RateSearch:
        """The rate a tenth below the one with the least loss."""
        smooth = _smoothed(self.losses)
        rates = self.rates[: len(smooth)]
        best = float(rates[int(np.argmin(smooth))]) if len(smooth) else float(self.rates[0])
        return RateSearch(rates, np.asarray(smooth), best / BEHIND)


def _smoothed(losses: Sequence[float], beta: float = 0.9) -> list[float]:
    """Exponential means, corrected for their start."""
    smooth, mean = [], 0.0
    for step, loss in enumerate(losses, 1):
        mean = beta * mean + (1 - beta) * loss
        smooth.append(mean / (1 - beta**step))
    return smooth

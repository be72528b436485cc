"""Clocks: samples of a call, and samples of the steps that `fit` makes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jax

from striate.training.callbacks import Callback


def time_calls(call: Callable[[], Any], samples: int, seconds: float) -> list[float]:
    """Milliseconds of a call; each sample is the mean of as many calls as fill its time.

    Args:
        call: what is measured; the arrays it gives are waited for. It is called four times before it counts.
        samples: how many samples. seconds: how long each takes, at least one call.
    """
    _mean_of(call, 3)
    took = _mean_of(call, 1) / 1000
    count = max(1, round(seconds / max(took, 1e-7)))
    return [_mean_of(call, count) for _ in range(samples)]


def _mean_of(call: Callable[[], Any], count: int) -> float:
    """Milliseconds of one call among `count`, each waited for before the next begins."""
    began = time.perf_counter()
    for _ in range(count):
        jax.block_until_ready(call())
    return 1000 * (time.perf_counter() - began) / count


class StepClock(Callback):
    """Milliseconds of a step, a sample an epoch: all that `fit` does in it counts. The first epoch compiles.

    Args:
        warm_up: epochs that are not counted.
    """

    def __init__(self, warm_up: int = 1) -> None:
        """Nothing measured yet."""
        self.samples: list[float] = []
        self._skip, self._began = warm_up, 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Start the watch."""
        self._began = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Stop it; the weights of the last step are there, for its loss has been read."""
        seconds = time.perf_counter() - self._began
        if epoch >= self._skip:
            self.samples.append(1000 * seconds / self.params["steps"])

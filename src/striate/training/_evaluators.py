"""Measuring a model on data that it does not learn from."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

import jax
import numpy as np

from striate.errors import DataError, Problem
from striate.training._batches import Batch, count
from striate.training._feeders import iterated, own_copy
from striate.training._pace import Pace
from striate.training._state import Evaluated, first_evaluated
from striate.training._steps import Programs


class Evaluator(Protocol):
    """Data to measure on.

    Args:
        steps: the number of batches, or None while unknown.
    """

    steps: int | None

    def looks(self, programs: Programs, variables: Any) -> Iterator[Evaluated]:
        """The sums so far, a few times a second; the last ones are of all examples."""
        ...


class ArrayEvaluator:
    """Arrays that are put on the device once and measured in their own order.

    Args:
        data: all examples, on the host.
        size: examples in a batch; the last one may be shorter.
        steps: only so many batches, or None for all.
    """

    def __init__(self, data: Batch, size: int, steps: int | None = None) -> None:
        """Put the data on the device."""
        self._total = count(data)
        self._size = min(size, self._total)
        whole = -(-self._total // self._size)
        self.steps: int | None = whole if steps is None else min(steps, whole)
        self._data = jax.device_put(data)

    def looks(self, programs: Programs, variables: Any) -> Iterator[Evaluated]:
        """Full batches in one compiled loop, a short last one in a program of its own shape."""
        pace, evaluated, step, steps = Pace(), first_evaluated(programs.steps.objective), 0, self.steps or 0
        full = min(self._total // self._size, steps)
        while step < steps:
            began = time.perf_counter()
            size = self._size if step < full else self._total - full * self._size
            stop = min(step + pace.steps, full) if step < full else steps
            given = (variables, self._data, np.int32(stop))
            evaluated = jax.block_until_ready(
                programs.test_rows(evaluated, *given, size=size, stride=self._size)
            )
            pace.record(stop - step, time.perf_counter() - began)
            step = stop
            yield jax.device_get(evaluated)


class IterableEvaluator:
    """Batches that an iterable brings.

    Args:
        batches: anything that can be iterated.
        prepare: (item, its number) -> checked Batch on the host.
        steps: only so many batches, or None for as many as there are.
        where: the argument these came from, for messages.
    """

    def __init__(
        self, batches: Iterable[Any], prepare: Callable[[Any, int], Batch], steps: int | None, where: str
    ) -> None:
        """Nothing is fetched yet."""
        self.steps = len(batches) if steps is None and hasattr(batches, "__len__") else steps  # type: ignore[arg-type]
        self._batches, self._prepare, self._limit, self._where = batches, prepare, steps, where

    def looks(self, programs: Programs, variables: Any) -> Iterator[Evaluated]:
        """One program call a batch."""
        step, looked = 0, time.perf_counter()
        evaluated = first_evaluated(programs.steps.objective)
        for item in iterated(self._batches):
            evaluated = programs.test_batch(evaluated, variables, own_copy(self._prepare(item, step)))
            step += 1
            if step == self._limit:
                break
            if time.perf_counter() - looked > 0.25:
                looked = time.perf_counter()
                yield jax.device_get(evaluated)
        if step == 0 or (self._limit is not None and step < self._limit):
            raise DataError(_too_few(self._where, step, self._limit))
        yield jax.device_get(evaluated)


def _too_few(where: str, step: int, wanted: int | None) -> Problem:
    brought = "no batch" if step == 0 else f"{step} batches"
    expected = "at least one batch" if wanted is None else f"{wanted} batches"
    return Problem(
        where, f"the iterable brought {brought}", expected, "A used-up generator brings none: give a list."
    )

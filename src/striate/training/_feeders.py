"""Where the batches of an epoch come from: arrays that lie on the device, or an iterable on the host."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from striate.errors import DataError, Problem
from striate.training._batches import Batch, count
from striate.training._state import Carry
from striate.training._steps import Programs

Rates = Callable[[int, int], np.ndarray]


class Feeder(Protocol):
    """Gives an epoch its batches.

    Args:
        steps: the steps of an epoch, as far as known; None until an iterable has ended once.
        bound: the step no epoch reaches; None when only the iterable knows its end.
        examples: the examples of an epoch, or None while unknown.
    """

    steps: int | None
    bound: int | None
    examples: int | None

    def begin(self, seed: int, epoch: int, step: int, consumed: int) -> None:
        """Begin an epoch, or go on in one.

        Args:
            seed: decides the order. epoch: which one. step: how many of its steps are done already.
            consumed: how many batches an earlier process took from a generator that begins anew in this one.
        """
        ...

    def advance(
        self, programs: Programs, carry: Carry, start: int, stop: int, rates: Rates, key: Any
    ) -> Carry:
        """Train on steps start … stop - 1, or on fewer if the epoch ends or a number is not finite.

        Args:
            programs: what is compiled.
            carry: where training stands; its arrays are given away.
            start: the first step. stop: the first step that is not made.
            rates: (a, b) -> the learning rates of steps a … b - 1 of this epoch, float32.
            key: the epoch's random key.
        """
        ...

    def complain(self) -> None:
        """Raise what went wrong with fetching a batch, now that the steps before it are done."""
        ...

    def batch(self, step: int) -> Batch:
        """The batch of a step of the last `advance`, for a closer look at it."""
        ...

    def sample(self, examples: int) -> Batch | None:
        """The first examples of the data, whatever their order in an epoch; None where that cannot be had."""
        ...

    def facts(self) -> dict[str, Any]:
        """What must be the same when an interrupted training goes on."""
        ...


class ArrayFeeder:
    """Batches of arrays that lie on the device, in an order that only the seed and the epoch decide.

    Args:
        data: all examples, on the host.
        size: examples in a batch; the last one may be shorter.
        shuffle: False keeps the order of the data.
        steps: make only so many steps an epoch, or None for all.
    """

    def __init__(self, data: Batch, size: int, shuffle: bool, steps: int | None = None) -> None:
        """Put the data on the device, once."""
        self.examples: int | None = count(data)
        self.size = min(size, count(data))
        whole = math.ceil(count(data) / self.size)
        self.steps: int | None = whole if steps is None else min(steps, whole)
        self.bound: int | None = self.steps
        self._total, self._shuffle = count(data), shuffle
        self._marks = _checksum(data, self._total)
        self._data = jax.device_put(data)
        self._order = jax.device_put(np.arange(self._total, dtype=np.int32))

    def begin(self, seed: int, epoch: int, step: int, consumed: int) -> None:
        """Draw the epoch's order."""
        if self._shuffle:
            self._order = jax.device_put(shuffled(self._total, seed, epoch))

    def advance(
        self, programs: Programs, carry: Carry, start: int, stop: int, rates: Rates, key: Any
    ) -> Carry:
        """Full batches in one compiled loop, a short last one in a program of its own shape."""
        full = self._total // self.size
        given = (self._data, self._order, rates(0, self.steps or 0), key)
        if start < full:
            last = np.int32(min(stop, full))
            carry = programs.train_rows(carry, *given, last, size=self.size, stride=self.size)
        if stop > full:
            short = self._total - full * self.size
            carry = programs.train_rows(carry, *given, np.int32(stop), size=short, stride=self.size)
        return carry

    def complain(self) -> None:
        """Arrays were checked before the training."""

    def batch(self, step: int) -> Batch:
        """The examples of a step."""
        chosen = self._order[step * self.size : (step + 1) * self.size]
        return jax.tree.map(lambda array: array[chosen], self._data)

    def sample(self, examples: int) -> Batch | None:
        """The first examples, not shuffled."""
        return jax.tree.map(lambda array: array[:examples], self._data)

    def facts(self) -> dict[str, Any]:
        """How the data are cut, and a checksum of some of them."""
        cut = {"batch size": self.size, "steps of an epoch": self.steps, "shuffle": self._shuffle}
        return {**cut, "examples": self._total, "data": self._marks}


class IterableFeeder:
    """Batches that an iterable brings, one step at a time; the next is fetched while the device works.

    Lists and data loaders begin anew in every epoch; generators go on where they stand. An iterable with
    a method `at(epoch, start)` is asked for each epoch by its number: after a crash the order is the same.

    Args:
        batches: anything that can be iterated.
        prepare: (item, its number in the epoch) -> checked Batch on the host.
        steps: the steps of an epoch, or None for as many as the iterable brings.
    """

    def __init__(self, batches: Any, prepare: Callable[[Any, int], Batch], steps: int | None) -> None:
        """Nothing is fetched yet."""
        self.steps = len(batches) if steps is None and hasattr(batches, "__len__") else steps
        self.bound: int | None = self.steps
        self.examples: int | None = None
        self._batches, self._prepare, self._fixed = batches, prepare, steps is not None
        self._is_generator = hasattr(batches, "__next__")
        self._items: Iterator[Any] = iter(())
        self._begun = False
        self._error: BaseException | None = None
        self._recent: dict[int, Batch] = {}
        self._seen = 0

    def begin(self, seed: int, epoch: int, step: int, consumed: int) -> None:
        """Start the iterable, or go on with the generator."""
        passed = step
        if self._is_generator:
            passed = 0 if self._begun else consumed
            self._items = self._batches
        else:
            self._items, passed = _epoch_of(self._batches, epoch, passed)
        for _ in range(passed):
            next(self._items, None)
        self._begun, self._seen = True, 0

    def advance(
        self, programs: Programs, carry: Carry, start: int, stop: int, rates: Rates, key: Any
    ) -> Carry:
        """One program call a batch, never more than one step ahead of what is known to be finite."""
        chunk, before = rates(start, stop), None
        for step in range(start, stop):
            try:
                batch = self._next_batch(step)
            except BaseException as error:  # noqa: BLE001 - raised by `complain`, when the steps before are safe
                self._error = error
                break
            if batch is None or (before is not None and not bool(before)):
                break
            carry, before = programs.train_batch(carry, own_copy(batch), chunk[step - start], key)
            self._recent = {step: batch, step - 1: self._recent.get(step - 1, batch)}
        return carry

    def complain(self) -> None:
        """Raise what the iterable, or the check of its batch, raised."""
        error, self._error = self._error, None
        if error is not None:
            raise error

    def batch(self, step: int) -> Batch:
        """The batch of one of the last two steps."""
        return self._recent[step]

    def sample(self, examples: int) -> Batch | None:
        """None: to look at examples would take them out of the iterable."""
        return None

    def facts(self) -> dict[str, Any]:
        """The steps of an epoch, if they are fixed; the data are known only when they come."""
        return {"batches of an epoch": self.bound}

    def _next_batch(self, step: int) -> Batch | None:
        """The next checked batch, or None when the epoch is over."""
        for item in self._items:
            batch = self._prepare(item, step)
            self._seen += count(batch)
            return batch
        if step == 0 or self._fixed:
            raise DataError(_ran_out(step, self.steps))
        self.steps, self.examples = step, self._seen
        return None


def iterated(batches: Any) -> Iterable[Any]:
    """Iterate objects that have only len and [] (data loaders in Keras' style) as well."""
    return batches if hasattr(batches, "__iter__") else (batches[index] for index in range(len(batches)))


def _epoch_of(batches: Any, epoch: int, passed: int) -> tuple[Iterator[Any], int]:
    """An epoch of an iterable and how many items are still to be passed; `at(epoch, start)` passes none."""
    if hasattr(batches, "at"):
        return iter(batches.at(epoch, passed)), 0
    return iter(iterated(batches)), passed


def _ran_out(step: int, steps: int | None) -> Problem:
    if step == 0:
        return Problem(
            "x",
            "the iterable brought no batch for this epoch",
            "batches for every epoch",
            "A generator is used up after one epoch: give a list, or an endless one and steps_per_epoch.",
        )
    return Problem(
        "x",
        f"the iterable ended after {step} batches of an epoch",
        f"{steps} batches, as steps_per_epoch says",
        "Let the generator go on for ever, or make steps_per_epoch smaller.",
    )


def shuffled(total: int, seed: int, epoch: int) -> np.ndarray:
    """The order of an epoch, (total,) int32: a permutation that only the seed and the epoch decide."""
    return np.random.default_rng([seed, epoch]).permutation(total).astype(np.int32)


def own_copy(batch: Batch) -> Batch:
    """The batch on the device, not sharing memory with arrays that a generator may fill again."""
    return jax.tree.map(lambda array: jnp.array(array, copy=True), batch)


def _checksum(data: Batch, total: int) -> int:
    """A number that tells other data from these, made from 64 examples spread over them."""
    chosen = np.linspace(0, total - 1, min(total, 64)).astype(np.int32)
    number = 0
    for array in jax.tree.leaves(data):
        number = zlib.crc32(np.asarray(array[chosen]).tobytes(), number)
    return number

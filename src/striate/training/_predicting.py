"""Answers of a network for many examples, a batch at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np

from striate.errors import DataError, Problem
from striate.training._batches import Batch, are_batches, count, rows, unpack
from striate.training._feeders import iterated
from striate.training._wanted import Wanted

DEFAULT_BATCH = 32

Answer = Callable[[tuple[np.ndarray, ...]], tuple[jax.Array, ...]]


def predict(
    answer: Answer, wanted: Wanted, x: Any, batch_size: int | None, steps: int | None
) -> tuple[np.ndarray, ...]:
    """The outputs for all examples, on the host.

    Args:
        answer: inputs of a batch -> outputs. wanted: what x must look like.
        x: arrays, or an iterable of batches whose targets are not looked at.
        batch_size: examples at once. steps: only so many batches, or None for all.

    Returns:
        An (N, ...) array for each output.
    """
    parts, sizes = [], []
    for batch in _batches(wanted, x, batch_size or DEFAULT_BATCH):
        if steps is not None and len(parts) == steps:
            break
        size = power_of_two(count(batch), batch_size or DEFAULT_BATCH)
        parts.append(answer(_padded(batch, size).inputs))
        sizes.append(count(batch))
    if not parts:
        raise DataError(
            Problem("x", "the iterable brought no batch", "at least one", "Give a list of batches.")
        )
    outputs = zip(*jax.device_get(parts), strict=True)
    return tuple(np.concatenate([a[:n] for a, n in zip(some, sizes, strict=True)]) for some in outputs)


def _batches(wanted: Wanted, x: Any, size: int) -> Iterator[Batch]:
    """Checked batches on the host."""
    if are_batches(x, None):
        for number, item in enumerate(iterated(x)):
            alone = not isinstance(item, list | tuple)
            yield wanted.prepare(item if alone else unpack(item)[0], where=f"x, batch {number + 1}: ")
        return
    data = wanted.prepare(x)
    for start in range(0, count(data), size):
        yield rows(data, start, start + size)


def power_of_two(examples: int, size: int) -> int:
    """How many rows a program for so many examples gets: few different numbers mean few programs.

    >>> [power_of_two(n, 32) for n in (1, 3, 20, 32, 50)]
    [1, 4, 32, 32, 50]
    """
    return examples if examples >= size else min(size, 1 << (examples - 1).bit_length())


def _padded(batch: Batch, size: int) -> Batch:
    """The batch with zeros behind it."""
    missing = size - count(batch)
    if missing == 0:
        return batch
    return Batch(tuple(np.pad(a, [(0, missing)] + [(0, 0)] * (a.ndim - 1)) for a in batch.inputs))

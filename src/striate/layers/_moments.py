"""Mean and variance of data that may come in batches, in float64."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from striate.errors import DataError, Problem

_PIECE = 1024


@dataclass(frozen=True, repr=False)
class Moments:
    """How many numbers were seen, their mean and their variance, each along the axes that are kept.

    Args:
        count: numbers behind each mean.
        mean, variance: arrays with the kept axes, in the order of the data.
    """

    count: int
    mean: np.ndarray
    variance: np.ndarray

    @classmethod
    def of(cls, data: Any, axis: tuple[int, ...], where: str) -> Moments:
        """The moments of an array or of an iterable of batches, axes being counted with the batch axis."""
        total = None
        for batch in _pieces(data) if hasattr(data, "shape") else data:
            seen = cls.of_batch(np.asarray(batch[0] if isinstance(batch, tuple) else batch), axis, where)
            total = seen if total is None else total.joined(seen, where)
        if total is None:
            raise _refusal(where, "there are no data to adapt to", "at least one example")
        return total

    @classmethod
    def of_batch(cls, batch: np.ndarray, axis: tuple[int, ...], where: str) -> Moments:
        """The moments of one batch (N, ...)."""
        if batch.dtype.kind not in "uif":
            raise _refusal(where, f"the data have type {batch.dtype}", "numbers")
        if not batch.ndim or any(not -batch.ndim < a < batch.ndim for a in axis):
            raise _refusal(where, f"the data {batch.shape} lack an axis of {axis}", "all axes that are kept")
        if not batch.size:
            raise _refusal(where, f"the data {batch.shape} are empty", "at least one example")
        values = batch.astype(np.float64)
        if not np.isfinite(values).all():
            raise _refusal(where, "the data hold NaN or infinity", "finite numbers")
        kept = {a % batch.ndim for a in axis}
        rest = tuple(a for a in range(batch.ndim) if a not in kept)
        mean, variance = values.mean(rest), values.var(rest)
        return cls(batch.size // max(mean.size, 1), np.asarray(mean), np.asarray(variance))

    def joined(self, other: Moments, where: str) -> Moments:
        """The moments of both together (Chan et al., 1979)."""
        if self.mean.shape != other.mean.shape:
            happened = f"batches have statistics of shapes {self.mean.shape} and {other.mean.shape}"
            raise _refusal(where, happened, "batches of one shape")
        count = self.count + other.count
        share = other.count / count
        apart = other.mean - self.mean
        variance = self.variance * (1 - share) + other.variance * share + apart**2 * share * (1 - share)
        return Moments(count, self.mean + apart * share, variance)


def _pieces(data: Any) -> Iterator[Any]:
    """A large array piece by piece, so that no float64 copy of the whole is made."""
    if not data.ndim or not len(data):
        yield data
        return
    for start in range(0, len(data), _PIECE):
        yield data[start : start + _PIECE]


def _refusal(where: str, happened: str, expected: str) -> DataError:
    cure = "Give an array (N, ...) of training examples, or batches of them."
    return DataError(Problem(where, happened, expected, cure))

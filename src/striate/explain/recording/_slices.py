"""Which run of numbers in a file holds a slice of an array."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import Any

from striate.errors import ArgumentError, Problem
from striate.layers._base import Shape


@dataclass(frozen=True)
class Run:
    """Numbers that lie side by side, and how the slice is taken from them.

    Args:
        start, count: of the numbers, in the flat array. shape: to give them. index: of the slice in there.
    """

    start: int
    count: int
    shape: Shape
    index: tuple[Any, ...]


def covering(shape: Shape, index: Any, where: str) -> Run:
    """The shortest run of numbers that holds a slice.

    Whole numbers in front narrow it exactly; the first slice narrows it to its own span.

    Args:
        shape: of the array. index: a whole number, a slice, or a tuple of them. where: for messages.

    Raises:
        ArgumentError: the index does not fit the shape.

    >>> covering((3, 4, 5), (1, slice(2, 4)), "a")
    Run(start=30, count=10, shape=(2, 5), index=(slice(0, None, 1),))
    """
    parts = index if isinstance(index, tuple) else (index,)
    if len(parts) > len(shape):
        raise _misfit(where, index, shape)
    start = 0
    for axis, part in enumerate(parts):
        inner = math.prod(shape[axis + 1 :])
        if isinstance(part, slice):
            places = range(*part.indices(shape[axis]))
            low = min(places, default=0)
            high = max(places, default=-1) + 1
            kept = (slice(places.start - low, None, places.step),)
            loaded = (max(high - low, 0), *shape[axis + 1 :])
            rest = tuple(
                _checked(p, shape[axis + 1 + n], where, index) for n, p in enumerate(parts[axis + 1 :])
            )
            return Run(start + low * inner, loaded[0] * inner, loaded, (*kept, *rest))
        start += _checked(part, shape[axis], where, index) * inner
    rest = shape[len(parts) :]
    return Run(start, math.prod(rest), rest, ())


def _checked(part: Any, size: int, where: str, index: Any) -> Any:
    """A place inside an axis, counted from its beginning; a slice as it is."""
    if isinstance(part, slice):
        return part
    try:
        place = operator.index(part)
    except TypeError:
        place = size
    if isinstance(part, bool) or not -size <= place < size:
        raise _misfit(where, index, (size,))
    return place % size


def _misfit(where: str, index: Any, shape: Shape) -> ArgumentError:
    happened, cure = f"the index is {index!r}", "Use whole numbers and slices, one for each axis at most."
    sizes = ", ".join(map(str, shape))
    return ArgumentError(Problem(where, happened, f"places in axes of {sizes}", cure))

"""How far the weights of one network are from those of another."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from striate.explain.comparing.pairing import Pair


@dataclass(frozen=True)
class WeightDifference:
    """One tensor of both sides.

    Args:
        a, b: its names. shapes: of both.
        relative: |b - a| / |a| (Euclidean lengths); infinite where a is all zeros and b is not.
        cosine: of the angle between them; NaN where one is all zeros.
        place: the index of the number that differs most. before, after: that number in a and in b.

    Where the shapes differ, the rest is NaN and `place` is empty.
    """

    a: str
    b: str
    shapes: tuple[tuple[int, ...], tuple[int, ...]]
    relative: float
    cosine: float
    place: tuple[int, ...]
    before: float
    after: float

    @property
    def comparable(self) -> bool:
        """Whether the shapes are equal."""
        return self.shapes[0] == self.shapes[1]

    @property
    def address(self) -> str:
        """Where the largest change is, as an address."""
        return f"{self.a}[{','.join(map(str, self.place))}]"


def compare_weights(
    a: Mapping[str, np.ndarray], b: Mapping[str, np.ndarray], pairs: Sequence[Pair] | None
) -> tuple[WeightDifference, ...]:
    """The difference of every tensor that both sides have.

    Args:
        a, b: by name. pairs: which layer stands for which; None pairs equal names.
    """
    counterpart = None if pairs is None else {pair.a: pair.b for pair in pairs if pair.a is not None}
    found = []
    for name, array in a.items():
        path, _, weight = name.rpartition("/")
        other = name if counterpart is None else f"{counterpart.get(path)}/{weight}"
        if other in b:
            found.append(difference(name, other, array, b[other]))
    return tuple(found)


def difference(name: str, other: str, a: np.ndarray, b: np.ndarray) -> WeightDifference:
    """The difference of two tensors."""
    shapes = (tuple(np.shape(a)), tuple(np.shape(b)))
    if shapes[0] != shapes[1] or not np.size(a):
        return WeightDifference(name, other, shapes, math.nan, math.nan, (), math.nan, math.nan)
    first, second = np.asarray(a, np.float64), np.asarray(b, np.float64)
    apart, lengths = second - first, (np.linalg.norm(first), np.linalg.norm(second))
    relative = float(np.linalg.norm(apart)) / lengths[0] if lengths[0] else (math.inf if lengths[1] else 0.0)
    cosine = float((first * second).sum() / (lengths[0] * lengths[1])) if all(lengths) else math.nan
    place = np.unravel_index(int(np.abs(apart).argmax()), first.shape)
    numbers = float(first[place]), float(second[place])
    return WeightDifference(name, other, shapes, float(relative), cosine, tuple(map(int, place)), *numbers)

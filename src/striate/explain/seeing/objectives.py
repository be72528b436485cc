"""What a picture is to be made for: a channel, a neuron, a class, a direction, a likeness, a sum."""

from __future__ import annotations

import numbers
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from striate.errors import ArgumentError, Problem

Kind = Literal["channel", "direction", "score", "energy", "likeness"]


@dataclass(frozen=True, eq=False)
class Term:
    """One summand of an objective; its fields mean what the functions below say.

    Args:
        kind: which of them made it. layer: the layer's path; "" stands for the scores.
        chosen: channels, classes or class names, one for each picture.
        array: directions, (C,) or (pictures, C), or the picture to be like.
        position: (row, column), "centre", or None for all positions.
        power: of the cosine. weight: what it is multiplied by.
    """

    kind: Kind
    layer: str
    chosen: tuple[Any, ...] = ()
    array: np.ndarray | None = None
    position: tuple[int, int] | Literal["centre"] | None = None
    power: float = 0.0
    weight: float = 1.0

    def __str__(self) -> str:
        """The term in words: conv3 channel 5."""
        what = {"direction": "along a direction", "likeness": "like a picture"}.get(self.kind, self.kind)
        which = f" {', '.join(map(str, self.chosen))}" if self.chosen else ""
        spot = "" if self.position is None else f" at {self.position}"
        factor = {1.0: "", -1.0: "minus "}.get(self.weight, f"{self.weight:g} x ")
        return f"{factor}{self.layer + ' ' if self.layer else ''}{what}{which}{spot}"


@dataclass(frozen=True, eq=False, repr=False)
class Objective:
    """A sum of terms that a picture is made to raise; `+`, `-` and `*` with a number make new ones.

    >>> print(channel("conv3", 5) - 0.5 * score(2))
    conv3 channel 5, -0.5 x score 2
    """

    terms: tuple[Term, ...]

    def __add__(self, other: Objective) -> Objective:
        """Both at once."""
        if not isinstance(other, Objective):
            return NotImplemented
        return Objective(self.terms + other.terms)

    def __sub__(self, other: Objective) -> Objective:
        """The first, and as little as possible of the other."""
        return self + -other if isinstance(other, Objective) else NotImplemented

    def __mul__(self, factor: float) -> Objective:
        """Weighed."""
        if not isinstance(factor, numbers.Real):
            return NotImplemented
        return Objective(tuple(replace(term, weight=term.weight * float(factor)) for term in self.terms))

    __rmul__ = __mul__

    def __neg__(self) -> Objective:
        """As little of it as possible."""
        return self * -1.0

    def __repr__(self) -> str:
        """Its words: <Objective conv3 channel 5>."""
        return f"<Objective {self}>"

    def __str__(self) -> str:
        """All terms."""
        return ", ".join(map(str, self.terms))


def channel(layer: str, channels: int | Iterable[int]) -> Objective:
    """The mean of a channel over all positions of a layer.

    Args:
        layer: its path. channels: one, or several that get a picture each.
    """
    return Objective((Term("channel", layer, _several(channels)),))


def neuron(
    layer: str, channels: int | Iterable[int], position: tuple[int, int] | Literal["centre"] = "centre"
) -> Objective:
    """A channel at one position.

    Args:
        layer: its path. channels: one, or several that get a picture each. position: (row, column).
    """
    return Objective((Term("channel", layer, _several(channels), position=position),))


def score(classes: int | str | Iterable[int | str]) -> Objective:
    """The score of a class, before softmax or sigmoid.

    Args:
        classes: its number or name, or several that get a picture each.
    """
    return Objective((Term("score", "", _several(classes)),))


def direction(
    layer: str, vector: Any, power: float = 0.0, position: tuple[int, int] | Literal["centre"] | None = None
) -> Objective:
    """The mean of <activation, vector> max(0.1, cosine)^power over the positions of a layer.

    Args:
        layer: its path. vector: (C,), or (pictures, C) for a picture each. position: one position, or all.
        power: 0 for the dot product alone; 1 or 2 hold the activation close to the vector's direction.

    Olah, Mordvintsev and Schubert, Feature visualization, 2017.
    """
    try:
        array = np.asarray(vector, np.float32)
    except (TypeError, ValueError):
        array = np.zeros(0, np.float32)
    if array.ndim not in (1, 2) or not array.size or not np.isfinite(array).all():
        happened = f"its shape is {array.shape}" if np.isfinite(array).all() else "it holds NaN or infinity"
        cure = "Give a number for each channel of the layer."
        raise ArgumentError(Problem("vector", happened, "finite numbers, (C,) or (pictures, C)", cure))
    return Objective(
        (Term("direction", layer, array=np.atleast_2d(array), power=float(power), position=position),)
    )


def energy(layer: str) -> Objective:
    """Half the mean square of all activations of a layer: whatever is there already, more of it.

    Args:
        layer: its path.

    Mordvintsev, Olah and Tyka, Inceptionism, 2015.
    """
    return Objective((Term("energy", layer),))


def likeness(layer: str, image: Any, power: float = 1.0) -> Objective:
    """The mean of <a, b> max(0.1, cosine(a, b))^power over positions; b is the activation of a picture there.

    Args:
        layer: its path. image: (H, W, C) uint8, or floats from 0 to 1. power: of the cosine.
    """
    return Objective((Term("likeness", layer, array=np.asarray(image), power=float(power)),))


def as_objective(given: Any) -> Objective:
    """The objective, or an error for what is none."""
    if isinstance(given, Objective):
        return given
    happened = f"got a {type(given).__name__}"
    cure = "Write for instance channel('conv3', 5) or score(7)."
    raise ArgumentError(Problem("objective", happened, "an objective of striate.explain", cure))


def _several(given: Any) -> tuple[Any, ...]:
    return (given,) if isinstance(given, str) or not isinstance(given, Iterable) else tuple(given)

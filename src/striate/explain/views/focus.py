"""Where in a convolution to look: one filter, one channel, one output position."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import Any

import numpy as np

from striate.errors import ArgumentError, Problem
from striate.explain.views._names import Names
from striate.explain.views.convolution import Convolution
from striate.layers._base import Shape


@dataclass(frozen=True, eq=False)
class Focus:
    """A convolution, and the part of it that is shown.

    Args:
        convolution: what is looked at. filter: an output channel. channel: an input channel that it reads.
        position: of an output number on the spatial axes.
    """

    convolution: Convolution
    filter: int
    channel: int
    position: Shape

    @property
    def names(self) -> Names:
        """Letters for the numbers."""
        return Names(self.convolution.wiring)

    @property
    def where(self) -> str:
        """The place in words."""
        return f"{self.convolution.name}, filter {self.filter}, position {shown(self.position)}"

    def near(self, most: int) -> list[Shape]:
        """At most so many output positions in reading order, the one in focus among them."""
        places = self.convolution.wiring.places
        count, own = math.prod(places), int(np.ravel_multi_index(self.position, places))
        first = max(0, min(own - most // 2, count - most))
        return [position_of(place, places) for place in range(first, min(first + most, count))]


def focus_on(convolution: Convolution, filter: Any, channel: Any, position: Any) -> Focus:
    """Check what was asked for, and choose what was not.

    The position is the one where the filter answers most strongly, the channel the one that adds most there.

    Raises:
        ArgumentError: a number out of its range; all of them are named.
    """
    wiring = convolution.wiring
    problems: list[Problem] = []
    chosen = _whole("filter", filter, wiring.output_shape[-1], problems)
    read = wiring.links.read_by(chosen)
    if channel is not None:
        channel = _whole("channel", channel, wiring.input_shape[-1], problems)
        if not problems and channel not in read:
            happened = f"filter {chosen} does not read channel {channel}"
            expected = f"one of {', '.join(map(str, read[:8]))}" + (" …" if len(read) > 8 else "")
            problems.append(Problem("channel", happened, expected, "Choose another channel or filter."))
    if position is not None:
        position = _position(position, wiring.places, problems)
    if problems:
        raise ArgumentError(problems)
    if position is None:
        answers = convolution.answers(chosen)
        position = position_of(int(np.abs(answers).argmax()), wiring.places)
    if channel is None:
        channel = max(read.tolist(), key=lambda c: abs(convolution.terms(position, chosen, c).products.sum()))
    return Focus(convolution, chosen, channel, position)


def position_of(place: int, places: Shape) -> Shape:
    """A flat place as a position."""
    return tuple(map(int, np.unravel_index(place, places)))


def shown(position: Shape) -> str:
    """A position in words.

    >>> shown((3, 4)), shown((3,))
    ('(3, 4)', '3')
    """
    return str(position[0]) if len(position) == 1 else f"({', '.join(map(str, position))})"


def _whole(name: str, value: Any, count: int, problems: list[Problem]) -> int:
    """A whole number below `count`; negative ones count from the end."""
    try:
        number = operator.index(value)
    except TypeError:
        number = count
    if -count <= number < count:
        return number % count
    cure = f"Give for instance {name}=0."
    problems.append(Problem(name, f"got {value!r}", f"a whole number from 0 to {count - 1}", cure))
    return 0


def _position(value: Any, places: Shape, problems: list[Problem]) -> Shape:
    """A place on each spatial axis."""
    given = (value,) if not isinstance(value, tuple | list) else tuple(value)
    try:
        numbers = tuple(map(operator.index, given))
    except TypeError:
        numbers = ()
    if len(numbers) == len(places) and all(-n <= p < n for p, n in zip(numbers, places, strict=True)):
        return tuple(p % n for p, n in zip(numbers, places, strict=True))
    sizes = " x ".join(map(str, places))
    cure = f"Give for instance position={shown((0,) * len(places))}."
    problems.append(Problem("position", f"got {value!r}", f"a place among {sizes} outputs", cure))
    return (0,) * len(places)

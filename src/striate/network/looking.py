"""Exactly which pixels one output position depends on, borders included, by walking the network backwards."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from striate.errors import ArgumentError, Problem
from striate.layers._base import Shape
from striate.network._axis_view import AxisWindow
from striate.network.graph import Network
from striate.network.receptive import Link, link

Marks = tuple[np.ndarray, ...]
"""For each axis that has positions (all but the channels, or the features) which of them are needed."""


def pixels_seen(
    network: Network, name: str, position: Sequence[int]
) -> dict[str, tuple[tuple[int, int], ...]]:
    """The smallest box of pixels that holds all that one position of a layer depends on.

    Args:
        network: the network.
        name: the layer's path.
        position: (row, column) for a map, (step,) for a row, (feature,) for a flat output.

    Returns:
        {input name: ((first row, last row), (first column, last column))}. An input that the position does
        not depend on is left out; for an input of features the box is the range of features.

    Raises:
        ArgumentError: there is no such layer or position.

    >>> from striate.layers import Conv2D, MaxPooling2D
    >>> from striate.network import pixels_seen, sequential
    >>> network = sequential([Conv2D(8, 3, padding="same"), MaxPooling2D()], input_shape=(28, 28, 1))
    >>> pixels_seen(network, "pool1", (0, 1))
    {'input1': ((0, 2), (1, 4))}
    """
    program, shapes = network.program, network.shapes
    path = program.names.get(name, name)
    if path not in shapes:
        names = ", ".join(list(shapes)[:8])
        raise ArgumentError(Problem("name", f"there is no layer {name!r}", "a path", f"Such as {names}."))
    needed: dict[str, Marks] = {path: _one(shapes[path], tuple(position), path)}
    for step in reversed(program.steps.values()):
        if (marks := needed.pop(step.path, None)) is None:
            continue
        for index, source in enumerate(step.inputs):
            found = _back(marks, link(step, index), shapes[source], shapes[step.path])
            needed[source] = _both(needed[source], found) if source in needed else found
    return {spec.name: box for spec in network.inputs if (box := _box(needed.get(spec.name))) is not None}


def _one(shape: Shape, position: tuple[int, ...], path: str) -> Marks:
    """Marks with only one position set."""
    sizes = _positions(shape)
    if len(position) != len(sizes) or not all(0 <= p < size for p, size in zip(position, sizes, strict=True)):
        happened, cure = f"position {position} is not on the map {sizes}", "Positions count from 0."
        raise ArgumentError(Problem(path, happened, "a position on the map", cure))
    return tuple(np.arange(size) == p for p, size in zip(position, sizes, strict=True))


def _positions(shape: Shape) -> Shape:
    """The axes that have positions: all but the channels, or the features themselves."""
    return shape[:-1] if len(shape) > 1 else shape


def _back(marks: Marks, how: Link, found: Shape, made: Shape) -> Marks:
    """Which input positions are needed for these output positions."""
    sizes = _positions(found)
    if not all(mark.any() for mark in marks):
        return tuple(np.zeros(size, bool) for size in sizes)
    if how.how == "same":
        return marks
    if how.how == "windows" and len(how.windows) == len(sizes):
        axes = zip(marks, how.windows, sizes, strict=True)
        return tuple(_under(mark, window, size) for mark, window, size in axes)
    if how.how == "flatten":
        places = np.unravel_index(np.flatnonzero(marks[0]), found)
        return tuple(np.isin(np.arange(size), place) for size, place in zip(sizes, places, strict=False))
    return tuple(np.ones(size, bool) for size in sizes)


def _under(mark: np.ndarray, window: AxisWindow | None, size: int) -> np.ndarray:
    """Which positions lie under the windows of the marked outputs; padding is no position."""
    needed = np.zeros(size, bool)
    if window is None:
        needed[0] = True
        return needed
    for position in np.flatnonzero(mark):
        taps = int(position) * window.stride - window.before + window.dilation * np.arange(window.size)
        real = taps[taps % window.spread == 0] // window.spread
        needed[real[(real >= 0) & (real < size)]] = True
    return needed


def _both(one: Marks, other: Marks) -> Marks:
    """The union of two boxes; an empty one adds nothing."""
    if not all(mark.any() for mark in one):
        return other
    if not all(mark.any() for mark in other):
        return one
    return tuple(a | b for a, b in zip(one, other, strict=True))


def _box(marks: Marks | None) -> tuple[tuple[int, int], ...] | None:
    """First and last marked position on each axis."""
    if marks is None or not all(mark.any() for mark in marks):
        return None
    places = (np.flatnonzero(mark) for mark in marks)
    return tuple((int(place[0]), int(place[-1])) for place in places)

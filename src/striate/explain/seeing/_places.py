"""Names that a person gives, found in a network: layers, channels, positions, or what to say."""

from __future__ import annotations

import difflib
import operator
from collections.abc import Iterable
from typing import Any, NamedTuple

from striate.errors import ArgumentError, Problem
from striate.layers._base import Shape
from striate.network import Network


class Place(NamedTuple):
    """A value of the forward pass.

    Args:
        name: its name among the values: "conv1", or "conv1/preactivation".
        path: the layer that makes it.
        shape: of one example, (H, W, C) for maps.
    """

    name: str
    path: str
    shape: Shape

    @property
    def channels(self) -> int:
        """How many numbers each position has."""
        return self.shape[-1]

    @property
    def has_space(self) -> bool:
        """Whether it is made of maps."""
        return len(self.shape) == 3

    @property
    def centre(self) -> tuple[int, int]:
        """The middle position of its maps."""
        return self.shape[0] // 2, self.shape[1] // 2


def find_place(network: Network, layer: str, where: str = "layer") -> Place:
    """The place of this name.

    Args:
        network: the network. layer: a layer's path, or "path/preactivation". where: how messages call it.

    Raises:
        ArgumentError: there is none; the nearest name is suggested.
    """
    program, shapes = network.program, network.shapes
    base = str(layer).removesuffix("/preactivation")
    path = program.names.get(base, base)
    step = program.steps.get(path)
    bare = base == layer
    if step is not None and (bare or getattr(step.layer, "activation", None)):
        return Place(path if bare else f"{path}/preactivation", path, shapes[path])
    if path in shapes and bare:
        return Place(path, path, shapes[path])
    near = difflib.get_close_matches(base, list(shapes), n=1)
    names = ", ".join(list(program.steps)[:6])
    cure = f"Did you mean {near[0]!r}?" if near and near[0] != layer else f"Such as {names}."
    expected = f"a layer of {network.name or 'the network'}"
    raise ArgumentError(Problem(where, f"there is no layer {str(layer)!r}", expected, cure))


def find_maps(network: Network, layer: str, where: str = "layer") -> Place:
    """The place of this name, which must have rows and columns.

    Raises:
        ArgumentError: there is no such layer, or it has no space.
    """
    place = find_place(network, layer, where)
    if place.has_space:
        return place
    with_space = map_layers(network)
    cure = f"Choose one such as {with_space[-1]!r}." if with_space else "This network has no layer with maps."
    happened = f"the output of {place.name!r} has the shape {place.shape}"
    raise ArgumentError(Problem(where, happened, "a layer with maps, (H, W, C)", cure))


def map_layers(network: Network) -> list[str]:
    """The layers that have maps, in the order they run."""
    shapes = network.shapes
    return [path for path in network.program.steps if len(shapes[path]) == 3]


def check_channels(
    place: Place, channels: int | Iterable[int] | None, most: int | None = None
) -> tuple[int, ...]:
    """The channels that were asked for, or the first ones.

    Args:
        place: where. channels: one or several, or None for all. most: at most so many when none were named.

    Raises:
        ArgumentError: naming all that do not exist.
    """
    if channels is None:
        return tuple(range(place.channels if most is None else min(most, place.channels)))
    given = tuple(channels) if isinstance(channels, Iterable) else (channels,)
    wrong = [each for each in given if not _is_one_of(each, place.channels)]
    if wrong or not given:
        happened = f"there is no channel {', '.join(map(repr, wrong))}" if given else "no channel is named"
        expected = f"channels from 0 to {place.channels - 1}"
        raise ArgumentError(Problem(place.name, happened, expected, "Channels count from 0."))
    return tuple(operator.index(each) for each in given)


def check_position(place: Place, position: tuple[int, int] | None) -> tuple[int, int]:
    """The position that was asked for, or the middle one.

    Raises:
        ArgumentError: it is not on the map.
    """
    if position is None:
        return place.centre
    rows, columns = place.shape[:2]
    found: tuple[Any, ...] = tuple(position) if isinstance(position, tuple | list) else (position,)
    if len(found) == 2 and _is_one_of(found[0], rows) and _is_one_of(found[1], columns):
        return operator.index(found[0]), operator.index(found[1])
    happened = f"the position {found} is not on the map"
    expected = f"(row, column) from (0, 0) to ({rows - 1}, {columns - 1})"
    raise ArgumentError(Problem(place.name, happened, expected, "Positions count from 0."))


def _is_one_of(number: Any, count: int) -> bool:
    """Whether it is a whole number from 0 to count - 1."""
    try:
        return 0 <= operator.index(number) < count
    except TypeError:
        return False

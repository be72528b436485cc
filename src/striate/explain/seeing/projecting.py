"""One unit back to the pixels: deconvnet, guided backpropagation, or its plain gradient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from striate.errors import ArgumentError, Problem
from striate.explain._reading import read
from striate.explain._tracing import trace
from striate.explain.attribution._rectifiers import deconvnet, guided, named_rectifiers
from striate.explain.seeing._drawing import cut, picture_of, signed
from striate.explain.seeing._places import Place, check_channels, check_position, find_place
from striate.explain.seeing._running import partial, runner
from striate.models import Model
from striate.network import Network, pixels_seen
from striate.pages import Note, Panel, Part, Shown

RULES: dict[str, Any] = {"deconvnet": deconvnet, "guided": guided, "gradient": None}
WORDS = {
    "deconvnet": "Deconvnet: maxima go back where they came from, filters are turned round, and negative "
    "numbers are cut off on the way. It restores the picture's own edges more than it tells what the network "
    "has learned (Nie, Zhang and Patel, 2018).",
    "guided": "Guided backpropagation fails sanity checks: it looks much the same when the weights above are "
    "drawn anew (Adebayo and others, 2018). It shows edges of the picture, not reasons of the network.",
    "gradient": "The gradient of the unit: how a small change of each pixel would change it.",
}
METHODS = {"deconvnet": "Deconvnet", "guided": "Guided backpropagation", "gradient": "Gradient"}
How = Literal["deconvnet", "guided", "gradient"]


@dataclass(frozen=True, eq=False)
class Projection(Shown):
    """A unit projected back to the pixels.

    Args:
        title: how, and which unit. picture: (H, W, 3) uint8. projected: (H, W, C) what came back.
        value: of the unit. box: ((first row, last row), (first column, last column)) that it depends on.
        note: what is known about the method.
    """

    title: str
    picture: np.ndarray
    projected: np.ndarray
    value: float
    box: tuple[tuple[int, int], tuple[int, int]]
    note: str

    def parts(self) -> Sequence[Part]:
        """The picture and its projection; enlarged where the unit sees a part only."""
        (top, bottom), (left, right) = self.box
        large = max(self.picture.shape) > 64
        panels = [
            Panel("the picture", self.picture, f"the unit is {self.value:.4g}", smooth=large),
            Panel("projected", signed(self.projected), smooth=large),
        ]
        if 2 * max(bottom - top + 1, right - left + 1) <= max(self.picture.shape):
            where = f"rows {top} to {bottom}, columns {left} to {right}"
            panels.append(Panel("what it sees", cut(self.picture, self.box), where))
            panels.append(Panel("projected there", signed(cut(self.projected, self.box))))
        return [*panels, Note(self.note)]


def project_unit(
    model: Model,
    image: Any,
    layer: str,
    channel: int | None = None,
    position: tuple[int, int] | None = None,
    by: How = "deconvnet",
) -> Projection:
    """Send a unit's value back to the pixels of a picture.

    Args:
        model: the model. image: one picture, as for `read`. layer: any layer.
        channel: of the layer; the one with the largest value unless given.
        position: (row, column); the channel's largest value unless given.
        by: "deconvnet" (unpooling by switches, rectified transposed convolutions), "guided" for guided
            backpropagation, or the plain "gradient" of the unit (times its value).

    Raises:
        ArgumentError: there is no such layer, channel, position or method.

    Zeiler and Fergus, Visualizing and understanding convolutional networks, 2014; Springenberg and others,
    Striving for simplicity, 2015. Everything but the unit is set to zero, its own value goes back: for the
    gradient rules of a maximum and of a convolution are unpooling and the transposed convolution.
    """
    if by not in RULES:
        names = ", ".join(map(repr, RULES))
        raise ArgumentError(Problem("by", f"got {by!r}", f"one of {names}", "Choose one of them."))
    network = model.network
    place = find_place(network, layer)
    reading = read(model, image)
    picture = picture_of(reading)
    values = np.asarray(runner(network, (place.name,))(reading.variables, reading.inputs)[place.name][:1])
    unit = _unit(place, values[0], channel, position)
    back = _projector(network, place.name, by)(reading.variables, reading.inputs, jnp.asarray((0, *unit)))
    source = network.inputs[0].name
    spot = unit[:-1] if place.has_space else unit
    whole = tuple((0, axis - 1) for axis in network.shapes[source][:2])
    box: Any = pixels_seen(network, place.path, spot).get(source, whole) if place.has_space else whole
    where = f" at {spot}" if place.has_space else ""
    title = f"{METHODS[by]} of {place.name}, channel {unit[-1]}{where}"
    projected = np.asarray(back[source][0])
    return Projection(title, picture, projected, float(values[0][unit]), box, WORDS[by])


@lru_cache(maxsize=32)
def _projector(network: Network, name: str, by: str) -> Any:
    """(variables, inputs, unit) -> {input: what is projected}, compiled; the unit is an array."""
    program = named_rectifiers(partial(network.program, [name]))

    def project(variables: Any, inputs: Any, unit: jax.Array) -> Any:
        def value(inputs: Any) -> jax.Array:
            return trace(program, variables, inputs, activate=RULES[by]).values[name]

        values, back = jax.vjp(value, inputs)
        index = tuple(unit)
        return back(jnp.zeros_like(values).at[index].set(values[index]))[0]

    return jax.jit(project)


def _unit(
    place: Place, values: np.ndarray, channel: int | None, position: tuple[int, int] | None
) -> tuple[int, ...]:
    """The index of the unit among (H, W, C) or (F,) values."""
    if channel is not None:
        channel = check_channels(place, channel)[0]
    if not place.has_space:
        if position is not None:
            happened = f"a position was given, but its output has the shape {place.shape}"
            raise ArgumentError(Problem(place.name, happened, "no position", "Give its channel alone."))
        return (int(values.argmax()) if channel is None else channel,)
    if position is not None:
        row, column = check_position(place, position)
        return row, column, int(values[row, column].argmax()) if channel is None else channel
    allowed = values if channel is None else values[..., channel : channel + 1]
    row, column, found = np.unravel_index(int(allowed.argmax()), allowed.shape)
    return int(row), int(column), int(found) if channel is None else channel

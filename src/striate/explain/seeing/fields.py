"""Receptive fields: the pixels that a unit can see, and how much each of them counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from striate.errors import ArgumentError, Problem
from striate.explain._tracing import trace
from striate.explain.seeing._drawing import framed
from striate.explain.seeing._pixels import Pixels, as_bytes, as_colours, fitted, pixels_of
from striate.explain.seeing._places import check_channels, check_position, find_maps
from striate.explain.seeing._running import partial
from striate.explain.seeing._streams import first_pictures
from striate.models import Model
from striate.network import Network, ReceptiveField, pixels_seen
from striate.pages import Note, Panel, Part, Shown, grey, heat, overlay

SHARE = 0.0455
"""Pixels that count more than this share of the one that counts most belong to the effective field."""
Box = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True, eq=False)
class FieldView(Shown):
    """What one unit of a layer sees.

    Args:
        title: which. position: of the unit on the map. field: its theoretical size, stride and offset.
        box: ((first row, last row), (first column, last column)) of the pixels that it depends on.
        influence: (H, W) the root mean square of its slopes at each pixel, the largest being 1.
        effective: the side of a square with as many pixels as count. samples: how many pictures that is over.
        picture: (H, W, 3) uint8 to draw it on.
    """

    title: str
    position: tuple[int, int]
    field: ReceptiveField
    box: Box
    influence: np.ndarray
    effective: float
    samples: int
    picture: np.ndarray

    def parts(self) -> Sequence[Part]:
        """The frame of what can be seen, and the heat of what counts."""
        factor = max(1, round(224 / max(self.picture.shape[:2])))
        over = overlay(self.picture, heat(self.influence, 0, 1))
        (top, bottom), (left, right) = self.box
        frame = f"rows {top} to {bottom}, columns {left} to {right}"
        return [
            Panel("theoretical", framed(self.picture, self.box, factor), f"{self.field}: {frame}"),
            Panel("effective", framed(over, self.box, factor), f"about {self.effective:.1f} pixels wide"),
            Note(
                f"Effective: the slopes of the unit over {self.samples} pictures. A pixel counts when its "
                f"slope is more than {100 * SHARE:.2f} % of the largest (Luo and others, 2016)."
            ),
        ]


def receptive_field(
    model: Model,
    layer: str,
    position: tuple[int, int] | None = None,
    *,
    channel: int | None = None,
    images: Any = None,
    picture: Any = None,
    samples: int = 32,
    seed: int = 0,
) -> FieldView:
    """What a unit of a layer sees: exactly, and by the size of its slopes.

        influence[p] = sqrt(mean over pictures of sum over channels and colours of (d unit / d x[p])^2)

    Args:
        model: a model that reads one picture. layer: a layer with maps.
        position: (row, column) on its map; the middle unless given.
        channel: whose slopes count; all of them together unless given.
        images: pictures to take the slopes at; random colours unless given.
        picture: to draw the fields on; the first of the images unless given.
        samples: at how many pictures. seed: of random colours and of the mixture of channels.

    Raises:
        ArgumentError: there is no such layer, channel or position.

    Luo, Li, Urtasun and Zemel, Understanding the effective receptive field in deep convolutional neural
    networks, 2016. All channels together: each picture takes a sum of them with random signs, whose squared
    slope is the sum of their squared slopes on average.
    """
    network, pixels = model.network, pixels_of(model)
    place = find_maps(network, layer)
    spot = check_position(place, position)
    chosen = None if channel is None else check_channels(place, channel)[0]
    if not isinstance(samples, int) or samples < 1:
        cure = "More samples make the field smoother."
        raise ArgumentError(Problem("samples", f"got {samples!r}", "a whole number from 1 on", cure))
    inputs, ground = _pictures(model, pixels, images, samples, seed)
    count = len(inputs)
    signs = _signs(count, place.channels, chosen, seed)
    slopes = _sloper(network, place.name, pixels.name)
    squares = slopes(model.variables, inputs, jnp.asarray(signs), jnp.asarray(spot))
    influence = np.sqrt(np.asarray(squares, np.float64))
    influence = influence / (influence.max() or 1.0)
    ground = ground if picture is None else _ground(picture, pixels)
    rows = {row.name: row.receptive for row in network.rows()}
    field = rows.get(place.path) or ReceptiveField((1, 1), (Fraction(1), Fraction(1)), (0, 0))
    seen: Any = pixels_seen(network, place.path, spot).get(pixels.name, ((0, 0), (0, 0)))
    wide = float(np.sqrt((influence > SHARE).sum()))
    title = f"What {place.name} sees at {spot}" + ("" if chosen is None else f", channel {chosen}")
    return FieldView(title, spot, field, seen, influence, wide, count, ground)


@lru_cache(maxsize=32)
def _sloper(network: Network, name: str, source: str) -> Any:
    """(variables, inputs, signs, position) -> (H, W) mean squares of the slopes, compiled."""
    program = partial(network.program, [name])

    def squares(variables: Any, x: jax.Array, signs: jax.Array, position: jax.Array) -> jax.Array:
        def mixed(x: jax.Array) -> jax.Array:
            maps = trace(program, variables, {source: x}).values[name]
            return (maps[:, position[0], position[1]] * signs).sum()

        return (jax.grad(mixed)(x) ** 2).mean(0).sum(-1)

    return jax.jit(squares)


def _signs(count: int, channels: int, chosen: int | None, seed: int) -> np.ndarray:
    """(count, channels) which sum of channels each picture takes: random signs, or the chosen one alone."""
    if chosen is not None:
        return np.eye(channels, dtype=np.float32)[[chosen]].repeat(count, 0)
    return np.where(np.random.default_rng(seed + 1).random((count, channels)) < 0.5, -1, 1).astype(np.float32)


def _pictures(
    model: Model, pixels: Pixels, images: Any, samples: int, seed: int
) -> tuple[jax.Array, np.ndarray]:
    """(n, H, W, C) inputs, and a picture to draw on."""
    if images is None:
        colours = np.random.default_rng(seed).random((samples, *pixels.shape), np.float32)
        blank = np.full((*pixels.size, 3), 160, np.uint8)
        return pixels.scaled(jnp.asarray(colours)), blank
    batch = first_pictures(model, images, samples)
    first = batch.given[0]
    return batch.inputs[pixels.name], grey(first, 0, 255) if first.dtype == np.uint8 else grey(first)


def _ground(picture: Any, pixels: Pixels) -> np.ndarray:
    """(H, W, 3) uint8, resized to the network's input."""
    colours = as_colours(picture, 3, "picture")
    return as_bytes(fitted(colours, pixels.size))

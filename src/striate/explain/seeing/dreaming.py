"""DeepDream: a photograph in which a network is shown more of what it sees there."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from striate.errors import ArgumentError, Problem
from striate.explain._tracing import trace
from striate.explain.seeing._aims import Aim, Plan, measure, plan, require_finite
from striate.explain.seeing._pixels import Pixels, as_bytes, as_colours, fitted, pixels_of
from striate.explain.seeing._places import map_layers
from striate.explain.seeing._running import resized
from striate.explain.seeing._telling import Told, telling
from striate.explain.seeing._tiling import Run, equalised, tiled_slope
from striate.explain.seeing.objectives import Objective, as_objective, energy
from striate.models import Model
from striate.network import Network
from striate.pages import Note, Panel, Part, Shown, grey

SMALLEST = 8
"""Octaves with a shorter side than this are refused."""


class _Way(NamedTuple):
    """How each octave is changed: in how many steps, how far, in which bands, and the seed of the shifts."""

    steps: int
    rate: float
    bands: int
    seed: int


@dataclass(frozen=True, eq=False)
class Dream(Shown):
    """A photograph and what became of it.

    Args:
        title: what was raised. source, picture: (H, W, C) colours from 0 to 1, before and after.
        sizes: (H, W) of the octaves, the smallest first. steps: at each of them. seconds: what it took.
    """

    title: str
    source: np.ndarray
    picture: np.ndarray
    sizes: tuple[tuple[int, int], ...]
    steps: int
    seconds: float

    def parts(self) -> Sequence[Part]:
        """Before and after."""
        octaves = ", ".join(f"{height}x{width}" for height, width in self.sizes)
        return [
            Panel("before", grey(as_bytes(self.source), 0, 255), smooth=True),
            Panel("after", grey(as_bytes(self.picture), 0, 255), smooth=True),
            Note(f"{self.steps} steps at each of {octaves}, in {self.seconds:.1f} s."),
        ]


def dream(
    model: Model,
    image: Any,
    objective: Objective | None = None,
    *,
    octaves: int = 4,
    factor: float = 1.4,
    steps: int = 10,
    rate: float = 0.006,
    bands: int = 4,
    span: tuple[float, float] | None = None,
    seed: int = 0,
    progress: Told | bool = False,
) -> Dream:
    """Change a photograph so that an objective rises, at several sizes, the smallest first.

        x += rate * g / mean |g|,   g = the gradient of the objective, its frequency bands made equally strong

    Args:
        model: a model that reads one picture. image: (H, W, 1 or 3) of any size, uint8 or from 0 to 1.
        objective: the energy of a layer about two thirds up unless given; also `channel`, `score` and others.
        octaves: how many sizes. factor: from one to the next. steps: at each size.
        rate: the mean change of a pixel in a step. bands: of frequencies, 0 to leave the gradient as it is.
        span: what black and white are for the network, where neither its preprocessing nor a layer says so.
        seed: of the shifts. progress: True for a bar, or what to call with (steps done, steps, objective).

    Raises:
        ArgumentError: the objective or an argument does not fit.
        DataError: the image is no picture, or the objective no finite number.

    Mordvintsev, Olah and Tyka, Inceptionism: going deeper into neural networks, 2015. The picture is covered
    with tiles of the size of the network's input, shifted at random at every step, so that one compiled
    program serves every size and no seam stays in one place.
    """
    began = time.perf_counter()
    _check(octaves, factor, steps, rate, bands)
    pixels = pixels_of(model, span)
    wanted = as_objective(energy(usual_layer(model.network)) if objective is None else objective)
    tile = _tile_plan(model, wanted, pixels)
    source = as_colours(image, pixels.shape[-1])
    sizes = _sizes(source.shape[:2], octaves, factor)
    slopes = _sloper(model.network, tile.aims, pixels)

    def run(tiles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        gains, changes = slopes(model.variables, tile.numbers, jnp.asarray(tiles))
        return np.asarray(gains), np.asarray(changes)

    with telling(progress, str(wanted)) as told:
        picture = _dreamt(run, source, sizes, pixels.shape, _Way(steps, rate, bands, seed), told)
    seconds = time.perf_counter() - began
    return Dream(f"A dream of {wanted}", source, picture, sizes, steps, seconds)


def _dreamt(
    run: Run,
    source: np.ndarray,
    sizes: Sequence[tuple[int, int]],
    tile: tuple[int, ...],
    how: _Way,
    told: Told,
) -> np.ndarray:
    """The picture, octave by octave."""
    picture, randoms = fitted(source, sizes[0]), np.random.default_rng(how.seed)
    for number, size in enumerate(sizes):
        picture = picture if number == 0 else _next_octave(picture, source, sizes[number - 1], size)
        for step in range(how.steps):
            gain, slope = tiled_slope(run, picture, tile, randoms)
            require_finite(gain, step)
            change = equalised(slope, how.bands)
            change = how.rate * change / (np.abs(change).mean() + 1e-12)
            picture = np.clip(picture + change, 0, 1).astype(np.float32)
            told(number * how.steps + step + 1, len(sizes) * how.steps, gain)
    return picture


def usual_layer(network: Network) -> str:
    """A layer with maps about two thirds up, where networks see parts of things."""
    layers = map_layers(network)
    if not layers:
        happened, cure = "no layer has maps", "Look at its weights with templates instead."
        raise ArgumentError(Problem(network.name or "network", happened, "a convolutional network", cure))
    return layers[2 * (len(layers) - 1) // 3]


def _next_octave(
    picture: np.ndarray, source: np.ndarray, old: tuple[int, int], new: tuple[int, int]
) -> np.ndarray:
    """The picture enlarged, with the details that the source has at the new size and not at the old one."""
    there = fitted(source, new)
    lost = there - fitted(fitted(source, old), new)
    return np.clip(fitted(picture, new) + lost, 0, 1)


@lru_cache(maxsize=16)
def _sloper(network: Network, aims: tuple[Aim, ...], pixels: Pixels) -> Any:
    """(variables, numbers, tiles) -> (N,) the objective and (N, h, w, C) its slopes, compiled."""
    program = resized(network, [aim.name for aim in aims], pixels.shape)

    def slopes(variables: Any, numbers: Any, tiles: jax.Array) -> tuple[jax.Array, jax.Array]:
        def total(tiles: jax.Array) -> tuple[jax.Array, jax.Array]:
            values = trace(program, variables, {pixels.name: pixels.scaled(tiles)}).values
            gains = measure(aims, numbers, values, [{}] * len(aims))
            return gains.sum(), gains

        changes, gains = jax.grad(total, has_aux=True)(tiles)
        return gains, changes

    return jax.jit(slopes)


def _tile_plan(model: Model, objective: Objective, pixels: Pixels) -> Plan:
    """The objective for one tile.

    Raises:
        ArgumentError: it asks for several pictures, or for likeness to one.
    """
    made = plan(model, objective, pixels.size, pixels.shape[-1])
    if made.pictures > 1:
        cure = "Name one channel, class or direction."
        raise ArgumentError(Problem("objective", f"it asks for {made.pictures} pictures", "one", cure))
    if any(aim.way == "like" for aim in made.aims):
        cure = "See caricature for that."
        raise ArgumentError(Problem("objective", "it is a likeness", "an objective without a picture", cure))
    return made


def _sizes(size: tuple[int, ...], octaves: int, factor: float) -> tuple[tuple[int, int], ...]:
    """(H, W) of each octave, the smallest first."""
    sizes = [(round(size[0] / factor**n), round(size[1] / factor**n)) for n in reversed(range(octaves))]
    if min(sizes[0]) < SMALLEST:
        happened = (
            f"the smallest octave of a picture of {size[0]}x{size[1]} has {sizes[0][0]}x{sizes[0][1]} pixels"
        )
        cure = "Give fewer octaves, a smaller factor or a larger picture."
        raise ArgumentError(Problem("octaves", happened, f"at least {SMALLEST} pixels each way", cure))
    return tuple(sizes)


def _check(octaves: int, factor: float, steps: int, rate: float, bands: int) -> None:
    rules = (
        ("octaves", octaves, isinstance(octaves, int) and octaves >= 1, "a whole number from 1 on"),
        ("factor", factor, factor > 1, "a number above 1"),
        ("steps", steps, isinstance(steps, int) and steps >= 1, "a whole number from 1 on"),
        ("rate", rate, 0 <= rate < math.inf, "a number from 0 on"),
        ("bands", bands, isinstance(bands, int) and bands >= 0, "a whole number from 0 on"),
    )
    problems = [
        Problem(name, f"got {value!r}", wanted, "Leave it out for the usual one.")
        for name, value, fine, wanted in rules
        if not fine
    ]
    if problems:
        raise ArgumentError(problems)

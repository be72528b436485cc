"""Activation maximisation: a picture that a channel, a neuron, a class or a direction answers to most."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from striate.errors import ArgumentError, Problem
from striate.explain.seeing._aims import Plan, plan, require_finite
from striate.explain.seeing._ascent import Setting, Site, State, begin, climber
from striate.explain.seeing._colours import colour_basis, from_colours, to_colours
from striate.explain.seeing._fourier import draw, to_pictures, to_spectra
from striate.explain.seeing._moves import STILL, Moves, check_moves
from striate.explain.seeing._pixels import as_bytes, as_colours, fitted, pixels_of
from striate.explain.seeing._telling import Told, telling
from striate.explain.seeing.objectives import Objective, as_objective
from striate.models import Model
from striate.pages import Note, Panel, Part, Shown, grey

LOOKS = 16


@dataclass(frozen=True, eq=False)
class Maximised(Shown):
    """Pictures made for an objective.

    Args:
        title: what they were made for. pictures: (N, H, W, C) colours from 0 to 1.
        gains: (N,) the objective of each, as it is seen unmoved.
        curve: ((steps done, mean objective), ...). captions: what each is for.
        seconds: what it took, compiling included. steps: how many were made.
    """

    title: str
    pictures: np.ndarray
    gains: np.ndarray
    curve: tuple[tuple[int, float], ...]
    captions: tuple[str, ...]
    seconds: float
    steps: int

    def parts(self) -> Sequence[Part]:
        """The pictures, and how they were made."""
        panels = [
            Panel(words, grey(as_bytes(picture), 0, 255), f"{gain:.4g}", smooth=min(picture.shape[:2]) > 64)
            for words, picture, gain in zip(self.captions, self.pictures, self.gains, strict=True)
        ]
        return [*panels, Note(f"{self.steps} steps in {self.seconds:.1f} s.")]


def maximise(
    model: Model,
    objective: Objective,
    *,
    steps: int = 256,
    size: int | tuple[int, int] | None = None,
    diversity: int = 1,
    variety: float = 1.0,
    colours: Any = "imagenet",
    moves: Moves | None = None,
    rate: float = 0.05,
    decay: float = 1.0,
    start: Any = None,
    span: tuple[float, float] | None = None,
    seed: int = 0,
    progress: Told | bool = False,
) -> Maximised:
    """Make pictures that raise an objective as far as they can.

        picture = sigmoid(colours . irfft2(coefficients / frequency^decay))
        coefficients += rate * Adam(gradient of the objective)

    Args:
        model: a model that reads one picture.
        objective: `channel`, `neuron`, `score`, `direction`, `energy`, `likeness`, or a sum of them.
        steps: of Adam. size: of the pictures, where the layers take another than the network's own.
        diversity: pictures for each channel, class or direction, which are made to differ in their Gram
            matrices. variety: the weight of that, as a share of the objective.
        colours: "imagenet", "plain", or pictures whose colours count.
        moves: how far the picture is moved between steps. rate: the length of a step.
        decay: how fast the strengths of the frequencies fall. start: a picture to begin with, not noise.
        span: what black and white are for the network, where neither its preprocessing nor a layer says so.
        seed: of noise and moves; the same seed gives the same picture.
        progress: True for a bar, or what to call now and then with (steps done, steps, objective).

    Raises:
        ArgumentError: the objective, or an argument, does not fit the model.
        DataError: the objective is not a finite number any more.

    Olah, Mordvintsev and Schubert, Feature visualization, 2017; Mordvintsev and others, Differentiable image
    parameterizations, 2018.
    """
    began = time.perf_counter()
    _check(steps=steps, diversity=diversity, rate=rate, decay=decay, variety=variety)
    pixels = pixels_of(model, span)
    shape = (*_size(size, pixels.shape), pixels.shape[-1])
    wanted = plan(model, as_objective(objective), shape[:2], shape[-1], diversity)
    basis = colour_basis(colours, shape[-1])
    site = Site(
        model.network, wanted.aims, pixels, shape[:2], float(decay), diversity, _maps(wanted, diversity)
    )
    key_spectra, key_moves = jax.random.split(jax.random.key(seed))
    setting = Setting(
        model.variables,
        wanted.numbers,
        jnp.asarray(basis),
        Moves(*map(jnp.float32, check_moves(moves, shape[:2]))),
        jnp.float32(rate),
        jnp.float32(variety),
        key_moves,
    )
    spectra = draw(key_spectra, wanted.pictures, shape)
    if start is not None:
        spectra = spectra + _start(start, shape, basis, float(decay))
    with telling(progress, str(objective)) as told:
        state, curve = _climb(site, setting, begin(spectra), steps, told)
    pictures = np.asarray(to_colours(to_pictures(state.spectra, site.size, site.decay), setting.basis))
    gains = _unmoved(site, setting, state)
    seconds = time.perf_counter() - began
    return Maximised(f"Made for {objective}", pictures, gains, curve, wanted.captions, seconds, steps)


def _climb(
    site: Site, setting: Setting, state: State, steps: int, told: Told
) -> tuple[State, tuple[tuple[int, float], ...]]:
    """The whole climb, with a look now and then; where the looks fall changes nothing."""
    climb, curve = climber(site), []
    stops = sorted({round(steps * look / LOOKS) for look in range(1, LOOKS + 1)} - {0})
    for stop in stops:
        state = climb(setting, state, jnp.int32(stop))
        curve.append((stop, float(state.gains.mean())))
        require_finite(curve[-1][1], stop)
        told(stop, steps, curve[-1][1])
    return state, tuple(curve)


def _unmoved(site: Site, setting: Setting, state: State) -> np.ndarray:
    """(N,) the objective of the pictures as they are: one more step, not taken, without moving them."""
    still = setting._replace(moves=Moves(*map(jnp.float32, STILL)))
    return np.asarray(climber(site)(still, state, state.step + 1).gains)


def _maps(wanted: Plan, diversity: int) -> str | None:
    """Where pictures shall differ.

    Raises:
        ArgumentError: they shall, but the objective has no maps.
    """
    if diversity > 1 and wanted.maps is None:
        cure = "Leave diversity out, and change the seed instead."
        happened = "no layer that the objective needs has maps"
        raise ArgumentError(Problem("diversity", happened, "a layer with maps, (H, W, C)", cure))
    return wanted.maps if diversity > 1 else None


def _start(picture: Any, shape: tuple[int, int, int], basis: np.ndarray, decay: float) -> jax.Array:
    """(2, 1, H, W // 2 + 1, C) the spectrum of a picture to begin with."""
    colours = fitted(as_colours(picture, shape[-1], "start"), shape[:2])
    return jnp.asarray(to_spectra(from_colours(colours, basis)[None], decay))


def _size(size: int | tuple[int, int] | None, shape: tuple[int, ...]) -> tuple[int, int]:
    """(H, W), the network's own unless given."""
    given = shape[:2] if size is None else (size, size) if isinstance(size, int) else tuple(size)
    if len(given) != 2 or not all(isinstance(axis, int) and axis > 1 for axis in given):
        cure = "Write for instance size=224, or size=(240, 320)."
        raise ArgumentError(Problem("size", f"got {size!r}", "whole numbers of pixels from 2 on", cure))
    return given[0], given[1]


def _check(steps: Any, diversity: Any, rate: Any, decay: Any, variety: Any) -> None:
    """Refuse, all at once, what is no whole number from 1 on, or no number from 0 on."""
    whole = {"steps": steps, "diversity": diversity}
    others = {"rate": rate, "decay": decay, "variety": variety}
    problems = [
        Problem(name, f"got {value!r}", "a whole number from 1 on", f"Write for instance {name}=4.")
        for name, value in whole.items()
        if not isinstance(value, int) or isinstance(value, bool) or value < 1
    ]
    problems += [
        Problem(name, f"got {value!r}", "a number from 0 on", "Leave it out for the usual one.")
        for name, value in others.items()
        if not isinstance(value, int | float) or not 0 <= value < math.inf
    ]
    if problems:
        raise ArgumentError(problems)

"""Objectives resolved against a network: what is fixed in a compiled program, and what are arrays in it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from striate.errors import ArgumentError, DataError, Problem
from striate.explain._reading import score_name
from striate.explain.seeing._pixels import as_colours, fitted
from striate.explain.seeing._places import Place, check_channels, check_position, find_place
from striate.explain.seeing._running import resized
from striate.explain.seeing.objectives import Objective, Term
from striate.layers._base import Shape
from striate.models import Model
from striate.network.shapes import Program

SMALLEST_COSINE = 0.1


class Aim(NamedTuple):
    """The fixed part of a term: which value is read, and how.

    Args:
        name: of the value. way: "dot" with a direction, "energy", or "like" the value of another picture.
        spot: at one position only. power: of the cosine.
    """

    name: str
    way: str
    spot: bool
    power: float


class Numbers(NamedTuple):
    """The part of a term that may differ from call to call of one program.

    Args:
        weight: () a factor. direction: (pictures, C), empty unless the way is "dot".
        position: (2,) row and column. picture: (1, H, W, C) to be like, or empty.
    """

    weight: jax.Array
    direction: jax.Array
    position: jax.Array
    picture: jax.Array


class Plan(NamedTuple):
    """An objective for a network and a size of picture.

    Args:
        program: the steps that it needs. aims, numbers: of each term. pictures: how many it asks for.
        maps: the value whose variety counts when several pictures shall differ, or None.
        captions: of the pictures.
    """

    program: Program
    aims: tuple[Aim, ...]
    numbers: tuple[Numbers, ...]
    pictures: int
    maps: str | None
    captions: tuple[str, ...]


def plan(model: Model, objective: Objective, size: tuple[int, int], channels: int, copies: int = 1) -> Plan:
    """Resolve an objective.

    Args:
        model: the model. size: (H, W) of the pictures. channels: of the pictures.
        copies: pictures for each channel, class or direction.

    Raises:
        ArgumentError: it names what the network does not have, or terms want different numbers of pictures.
    """
    network = model.network
    places = [find_place(network, t.layer or score_name(network), "objective") for t in objective.terms]
    program = resized(network, [place.name for place in places], (*size, channels))
    places = [place._replace(shape=program.shapes[place.path] or ()) for place in places]
    pairs = list(zip(objective.terms, places, strict=True))
    rows = [_rows(model, term, place) for term, place in pairs]
    pictures = _common_count(rows)
    numbers = tuple(
        _numbers(term, place, row, pictures, copies, (*size, channels))
        for (term, place), row in zip(pairs, rows, strict=True)
    )
    aims = tuple(_aim(term, place) for term, place in pairs)
    spoken = Objective(
        tuple(
            t if p.has_space else replace(t, position=None) for t, p in pairs
        )  # a flat unit has no position
    )
    captions = tuple(_caption(spoken, i) for i in range(pictures) for _ in range(copies))
    return Plan(program, aims, numbers, pictures * copies, _deepest_maps(program, places), captions)


def measure(
    aims: Sequence[Aim],
    numbers: Sequence[Numbers],
    values: Mapping[str, jax.Array],
    others: Sequence[Mapping[str, jax.Array]],
) -> jax.Array:
    """(N,) how much of the objective each picture has.

    Args:
        aims, numbers: of each term. values: of the pictures.
        others: for each term the values of the picture to be like, or nothing.
    """
    gains = [
        n.weight * _measure(aim, n, values[aim.name], other)
        for aim, n, other in zip(aims, numbers, others, strict=True)
    ]
    return sum(gains[1:], start=gains[0])


def require_finite(objective: float, step: int) -> None:
    """Stop a climb that has lost its way.

    Raises:
        DataError: the objective is NaN or infinite.
    """
    if not math.isfinite(objective):
        happened = f"it is {objective} at step {step}"
        cure = "Look for NaN among the weights, or give a smaller rate."
        raise DataError(Problem("objective", happened, "a finite number", cure))


def _measure(aim: Aim, numbers: Numbers, value: jax.Array, other: Mapping[str, jax.Array]) -> jax.Array:
    """One term, (N,)."""
    a = value.reshape(len(value), -1, value.shape[-1])
    if aim.way == "energy":
        return 0.5 * jnp.mean(a * a, axis=(1, 2))
    if aim.spot:
        place = numbers.position[0] * value.shape[2] + numbers.position[1]
        a = jax.lax.dynamic_slice_in_dim(a, place, 1, axis=1)
    b = numbers.direction[:, None]
    if aim.way == "like":
        b = jax.lax.stop_gradient(other[aim.name]).reshape(1, -1, value.shape[-1])
    dot = jnp.sum(a * b, axis=-1)
    if aim.power:
        lengths = jnp.sqrt(jnp.sum(a * a, -1) + 1e-12) * jnp.sqrt(jnp.sum(b * b, -1) + 1e-12)
        dot = dot * jnp.maximum(dot / lengths, SMALLEST_COSINE) ** aim.power
    return jnp.mean(dot, axis=1)


def _rows(model: Model, term: Term, place: Place) -> np.ndarray | None:
    """(pictures, C) directions of a term, or None when it has none."""
    if term.kind in ("energy", "likeness"):
        return None
    if term.array is not None:
        if term.array.shape[-1] != place.channels:
            happened = f"the vector has {term.array.shape[-1]} numbers"
            cure = "Give a number for each channel of the layer."
            raise ArgumentError(Problem(place.name, happened, f"{place.channels} of them", cure))
        return term.array
    chosen = _class_numbers(model, term.chosen) if term.kind == "score" else term.chosen
    return np.eye(place.channels, dtype=np.float32)[list(check_channels(place, chosen))]


def _class_numbers(model: Model, chosen: tuple[Any, ...]) -> tuple[Any, ...]:
    """Names of classes as their numbers."""
    names = list(model.class_names or ())
    unknown = [each for each in chosen if isinstance(each, str) and each not in names]
    if unknown:
        known = (
            ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
            if names
            else "numbers: no names are known"
        )
        cure = "Give the number of the class, or one of model.class_names."
        raise ArgumentError(Problem("score", f"there is no class {unknown[0]!r}", known, cure))
    return tuple(names.index(each) if isinstance(each, str) else each for each in chosen)


def _common_count(rows: Sequence[np.ndarray | None]) -> int:
    """How many pictures all terms together ask for."""
    counts = {len(row) for row in rows if row is not None} - {1}
    if len(counts) > 1:
        happened = f"its terms ask for {' and '.join(map(str, sorted(counts)))} pictures"
        cure = "Give every term as many channels, or one."
        raise ArgumentError(Problem("objective", happened, "one number of pictures", cure))
    return counts.pop() if counts else 1


def _numbers(
    term: Term, place: Place, row: np.ndarray | None, pictures: int, copies: int, shape: Shape
) -> Numbers:
    empty = jnp.zeros((1, 0))
    direction = empty
    if row is not None:
        direction = jnp.asarray(np.broadcast_to(row, (pictures, row.shape[1])).repeat(copies, 0))
    position = (0, 0)
    if term.position is not None and place.has_space:
        position = check_position(place, None if term.position == "centre" else term.position)
    picture = empty
    if term.kind == "likeness":
        picture = jnp.asarray(fitted(as_colours(term.array, shape[-1]), (shape[0], shape[1])))[None]
    return Numbers(jnp.float32(term.weight), direction, jnp.asarray(position), picture)


def _aim(term: Term, place: Place) -> Aim:
    way = {"energy": "energy", "likeness": "like"}.get(term.kind, "dot")
    return Aim(place.name, way, term.position is not None and place.has_space, term.power)


def _deepest_maps(program: Program, places: Sequence[Place]) -> str | None:
    """The first value with maps among the aims, or else the last map before them."""
    own = [place.name for place in places if place.has_space]
    maps = [path for path in program.steps if len(program.shapes[path] or ()) == 3]
    return own[0] if own else maps[-1] if maps else None


def _caption(objective: Objective, index: int) -> str:
    """What one of the pictures is made for."""
    parts = []
    for term in objective.terms:
        chosen = term.chosen[min(index, len(term.chosen) - 1) :][:1]
        parts.append(str(Term(term.kind, term.layer, chosen, None, term.position, term.power, term.weight)))
    return ", ".join(parts)

"""Small random moves of a picture between two steps: what survives them is no accident of single pixels."""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from striate.errors import ArgumentError, Problem


class Moves(NamedTuple):
    """How far a picture may be moved at every step.

    Args:
        jitter: pixels along each axis. scale: the largest enlargement, so 1.1 allows 1/1.1 ... 1.1.
        rotate: degrees either way.
    """

    jitter: float
    scale: float = 1.1
    rotate: float = 10.0


STILL = Moves(0.0, 1.0, 0.0)


def usual_moves(size: tuple[int, int]) -> Moves:
    """A sixteenth of the picture, a tenth larger or smaller, ten degrees."""
    return Moves(max(1.0, min(size) / 16))


def check_moves(moves: Moves | None, size: tuple[int, int]) -> Moves:
    """The moves that were asked for, or the usual ones.

    Raises:
        ArgumentError: naming all fields that cannot be.
    """
    if moves is None:
        return usual_moves(size)
    if not isinstance(moves, tuple) or len(moves) != 3:
        cure = "Write for instance Moves(8, scale=1.1, rotate=10)."
        raise ArgumentError(Problem("moves", f"got {moves!r}", "Moves of jitter, scale and rotation", cure))
    moves = Moves(*moves)
    rules = (
        ("moves.jitter", moves.jitter, 0, "pixels, 0 or more"),
        ("moves.scale", moves.scale, 1, "a factor, 1 or more"),
        ("moves.rotate", moves.rotate, 0, "degrees, 0 or more"),
    )
    cure = "Moves(0, 1, 0) holds the picture still."
    problems = [
        Problem(name, f"got {value}", wanted, cure)
        for name, value, least, wanted in rules
        if not (math.isfinite(value) and value >= least)
    ]
    if problems:
        raise ArgumentError(problems)
    return Moves(*(float(value) for value in moves))


def draw_move(key: jax.Array, moves: Moves) -> jax.Array:
    """(2, 3) a random affine map from places in the moved picture to places in the picture.

    Args:
        key: a JAX key. moves: how far; its fields may be arrays.
    """
    down, right, grow, turn = jax.random.uniform(key, (4,), minval=-1.0, maxval=1.0)
    factor = jnp.asarray(moves.scale, jnp.float32) ** grow
    angle = jnp.asarray(moves.rotate, jnp.float32) * turn * (math.pi / 180)
    cosine, sine = jnp.cos(angle) / factor, jnp.sin(angle) / factor
    shift = jnp.asarray(moves.jitter, jnp.float32)
    return jnp.stack([jnp.stack([cosine, -sine, shift * down]), jnp.stack([sine, cosine, shift * right])])


def moved(pictures: jax.Array, move: jax.Array) -> jax.Array:
    """Pictures seen through an affine map about their middle, with bilinear samples; what leaves on one side
    comes back on the other.

    Args:
        pictures: (N, H, W, C). move: (2, 3).
    """
    height, width = pictures.shape[1:3]
    middle = jnp.asarray([(height - 1) / 2, (width - 1) / 2], jnp.float32)
    grid = jnp.stack(jnp.meshgrid(jnp.arange(height), jnp.arange(width), indexing="ij")).astype(jnp.float32)
    places = jnp.einsum("ij,jhw->ihw", move[:, :2], grid - middle[:, None, None])
    return sampled(pictures, places + (move[:, 2] + middle)[:, None, None])


def sampled(pictures: jax.Array, places: jax.Array) -> jax.Array:
    """(N, H', W', C) pictures at places between pixels, (2, H', W'); pictures repeat beyond their borders."""
    count, height, width, channels = pictures.shape
    first = jnp.floor(places)
    part = places - first
    top, left = first[0].astype(jnp.int32) % height, first[1].astype(jnp.int32) % width
    down, right = part[0][None, ..., None], part[1][None, ..., None]
    flat = pictures.reshape(count, height * width, channels)

    def at(row: jax.Array, column: jax.Array) -> jax.Array:
        return jnp.take(flat, row * width + column, axis=1)

    below, beside = (top + 1) % height, (left + 1) % width
    upper = at(top, left) * (1 - right) + at(top, beside) * right
    lower = at(below, left) * (1 - right) + at(below, beside) * right
    return upper * (1 - down) + lower * down

"""Pooling with its own gradient, made of slices, comparisons and additions: no window reduction, no scatter."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from striate.ops.geometry import Pads


class Windows(NamedTuple):
    """The static numbers of one pooling, an entry for each of the two spatial axes of an (N, H, W, C) array."""

    size: tuple[int, int]
    strides: tuple[int, int]
    pads: Pads
    count: tuple[int, int]


def pad_with(x: jax.Array, value: float, windows: Windows) -> jax.Array:
    """Surround x with `value` so that the windows exactly fit."""
    return lax.pad(x, jnp.asarray(value, x.dtype), [(0, 0, 0), *_margins(x, windows), (0, 0, 0)])


def taps(padded: jax.Array, windows: Windows) -> list[jax.Array]:
    """For each position in a window, in reading order, the (N, H', W', C) values it meets."""
    return [
        _tap(padded, row, column, windows)
        for row in range(windows.size[0])
        for column in range(windows.size[1])
    ]


def spread(values: list[jax.Array], x: jax.Array, windows: Windows) -> jax.Array:
    """Add up what each position of the windows sends back to the x it met; the reverse of `taps`."""
    rows, columns = padded_sizes(x, windows)
    total = jnp.zeros((x.shape[0], rows, columns, x.shape[3]), x.dtype)
    for index, value in enumerate(values):
        row, column = divmod(index, windows.size[1])
        total = total + _place(value, row, column, rows, columns, windows)
    (top, _), (left, _) = windows.pads
    return lax.slice(
        jnp.pad(total, [(0, 0), *_missing(x, windows), (0, 0)]),
        (0, top, left, 0),
        (x.shape[0], top + x.shape[1], left + x.shape[2], x.shape[3]),
    )


@partial(jax.custom_vjp, nondiff_argnums=(1,))
def max_windows(x: jax.Array, windows: Windows) -> jax.Array:
    """The largest value of every window; NaN if it holds one."""
    values = taps(pad_with(x, -jnp.inf, windows), windows)
    largest = values[0]
    for value in values[1:]:
        largest = jnp.maximum(largest, value)
    return largest


def _max_forward(x: jax.Array, windows: Windows) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    y = max_windows(x, windows)
    return y, (x, y)


def _max_backward(windows: Windows, saved: tuple[jax.Array, jax.Array], dy: jax.Array) -> tuple[jax.Array]:
    x, y = saved
    free, sent = jnp.ones(y.shape, bool), []
    for value in taps(pad_with(x, -jnp.inf, windows), windows):
        hit = free & ((value == y) | jnp.isnan(value))
        free = free & ~hit
        sent.append(jnp.where(hit, dy, jnp.zeros_like(dy)))
    return (spread(sent, x, windows),)


max_windows.defvjp(_max_forward, _max_backward)


@partial(jax.custom_vjp, nondiff_argnums=(1,))
def sum_windows(x: jax.Array, windows: Windows) -> jax.Array:
    """The sum over every window; what lies outside the image counts as zero."""
    values = taps(pad_with(x, 0.0, windows), windows)
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total


def _sum_forward(x: jax.Array, windows: Windows) -> tuple[jax.Array, jax.Array]:
    return sum_windows(x, windows), jnp.zeros((0, *x.shape[1:]), x.dtype)


def _sum_backward(windows: Windows, saved: jax.Array, dy: jax.Array) -> tuple[jax.Array]:
    like = jnp.zeros((dy.shape[0], *saved.shape[1:]), dy.dtype)
    count = windows.size[0] * windows.size[1]
    return (spread([dy] * count, like, windows),)


sum_windows.defvjp(_sum_forward, _sum_backward)


def padded_sizes(x: jax.Array, windows: Windows) -> tuple[int, int]:
    """What the windows cover, from the first to the last row and column."""
    rows, columns = (
        (windows.count[axis] - 1) * windows.strides[axis] + windows.size[axis] for axis in range(2)
    )
    return rows, columns


def _margins(x: jax.Array, windows: Windows) -> list[tuple[int, int, int]]:
    """How much to add before and after each spatial axis; negative at the far side cuts what no window meets."""
    covered = padded_sizes(x, windows)
    return [
        (windows.pads[axis][0], covered[axis] - windows.pads[axis][0] - x.shape[1 + axis], 0)
        for axis in range(2)
    ]


def _missing(x: jax.Array, windows: Windows) -> list[tuple[int, int]]:
    """Rows and columns of x behind the last window, which get no gradient."""
    return [(0, max(-after, 0)) for _, after, _ in _margins(x, windows)]


def _tap(padded: jax.Array, row: int, column: int, windows: Windows) -> jax.Array:
    """The values one position of the windows meets."""
    start = (0, row, column, 0)
    stops = [begin + (windows.count[i] - 1) * windows.strides[i] + 1 for i, begin in enumerate((row, column))]
    return lax.slice(padded, start, (padded.shape[0], *stops, padded.shape[3]), (1, *windows.strides, 1))


def _place(value: jax.Array, row: int, column: int, rows: int, columns: int, windows: Windows) -> jax.Array:
    """Put values back where their position of the windows met them, zeros elsewhere."""
    axes = []
    for i, (begin, length) in enumerate(((row, rows), (column, columns))):
        covered = (windows.count[i] - 1) * windows.strides[i] + 1
        axes.append((begin, length - begin - covered, windows.strides[i] - 1))
    return lax.pad(value, jnp.zeros((), value.dtype), [(0, 0, 0), *axes, (0, 0, 0)])

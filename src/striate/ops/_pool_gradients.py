"""Pooling with its own gradient, by native kernels where these are there and faster, else by slices.

No window reduction and no scatter either way. While differentiating, max pooling keeps one small number for
each window, the place of its first maximum, instead of the whole input. XLA's own gradient (select and
scatter) was measured 8 to 27 times slower than slices.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from striate.ops import _native
from striate.ops._own_gradient import own_gradient
from striate.ops._pool_native import (
    native_largest,
    native_max,
    native_sent,
    native_spread,
    native_sum,
    numbered,
    suits_maxima,
    suits_sums,
)
from striate.ops._windows import Windows, gathered, laid_out, met, opened, shifted, with_margin


def _placed_forward(x: jax.Array, windows: Windows) -> tuple[tuple[jax.Array, jax.Array], jax.Array]:
    y, place = _placed(x, windows)
    return (y, place), place


def _placed_backward(
    windows: Windows, place: jax.Array, incoming: tuple[jax.Array, jax.Array]
) -> tuple[jax.Array]:
    return (_sent(place, incoming[0], windows),)


@own_gradient(_placed_forward, _placed_backward, static=(1,))
def _placed(x: jax.Array, windows: Windows) -> tuple[jax.Array, jax.Array]:
    """The maxima, and which place of its window each is. Second derivatives meet this rule."""
    return _fastest(suits_maxima, native_max, _plain_max, windows, x)


def _max_backward(windows: Windows, place: jax.Array, dy: jax.Array) -> tuple[jax.Array]:
    return (_sent(place, dy, windows),)


@own_gradient(_placed, _max_backward, static=(1,))
def max_windows(x: jax.Array, windows: Windows) -> jax.Array:
    """The largest value of every window of (N, H, W, C); NaN if it holds one."""
    return _fastest(suits_maxima, native_largest, _plain_largest, windows, x)


def _sent_forward(place: jax.Array, dy: jax.Array, windows: Windows) -> tuple[jax.Array, jax.Array]:
    return _sent(place, dy, windows), place


def _sent_backward(windows: Windows, place: jax.Array, outgoing: jax.Array) -> tuple[jax.Array, jax.Array]:
    """What is sent is linear in dy; a place is a whole number and has no derivative."""
    dy = jax.ShapeDtypeStruct(place.shape, outgoing.dtype)
    (pulled,) = jax.linear_transpose(partial(_plain_sent, place, windows=windows), dy)(outgoing)
    return jnp.zeros(place.shape, jax.dtypes.float0), pulled


@own_gradient(_sent_forward, _sent_backward, static=(2,))
def _sent(place: jax.Array, dy: jax.Array, windows: Windows) -> jax.Array:
    """Every window's gradient goes to the place of its maximum."""
    return _fastest(suits_maxima, native_sent, _plain_sent, windows, place, dy)


def _sum_forward(x: jax.Array, windows: Windows) -> tuple[jax.Array, None]:
    return sum_windows(x, windows), None


def _sum_backward(windows: Windows, _: None, dy: jax.Array) -> tuple[jax.Array]:
    return (_spread(dy, windows),)


@own_gradient(_sum_forward, _sum_backward, static=(1,))
def sum_windows(x: jax.Array, windows: Windows) -> jax.Array:
    """The sum over every window of (N, H, W, C); what lies outside the image counts as zero."""
    return _fastest(suits_sums, native_sum, _plain_sum, windows, x)


def _spread_forward(dy: jax.Array, windows: Windows) -> tuple[jax.Array, None]:
    return _spread(dy, windows), None


def _spread_backward(windows: Windows, _: None, outgoing: jax.Array) -> tuple[jax.Array]:
    return (sum_windows(outgoing, windows),)


@own_gradient(_spread_forward, _spread_backward, static=(1,))
def _spread(dy: jax.Array, windows: Windows) -> jax.Array:
    """Every window's gradient goes to all of its values."""
    return _fastest(suits_sums, native_spread, _plain_spread, windows, dy)


def _all_forward(x: jax.Array) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    places = jnp.argmax(x, axis=1, keepdims=True)
    return max_of_all(x), (places, jnp.arange(x.shape[1], dtype=places.dtype))


def _all_backward(saved: tuple[jax.Array, jax.Array], dy: jax.Array) -> tuple[jax.Array]:
    places, numbers = saved
    shape = (dy.shape[0], numbers.size, dy.shape[1])
    chosen = jnp.broadcast_to(numbers[None, :, None], shape) == jnp.broadcast_to(places, shape)
    return (jnp.where(chosen, jnp.broadcast_to(dy[:, None], shape), jnp.zeros((), dy.dtype)),)


@own_gradient(_all_forward, _all_backward)
def max_of_all(x: jax.Array) -> jax.Array:
    """The largest value of each channel of (N, P, C); the first of equals gets the gradient."""
    return jnp.max(x, axis=1)


def _fastest(
    suits: Callable[[Windows, jax.Array], bool],
    native: Callable[..., Any],
    plain: Callable[..., Any],
    windows: Windows,
    *arrays: jax.Array,
) -> Any:
    """By a native kernel where that suits the last of the arrays, the values."""
    ours, theirs = (partial(way, windows=windows) for way in (native, plain))
    if suits(windows, arrays[-1]):
        return _native.either(ours, theirs, *arrays)
    return theirs(*arrays)


def _plain_max(x: jax.Array, *, windows: Windows) -> tuple[jax.Array, jax.Array]:
    """NaN wins, and nothing beats it."""
    values = met(x, -jnp.inf, windows)
    best, place = values[0], jnp.zeros(values[0].shape, _place_type(windows))
    for number, value in enumerate(values[1:], 1):
        better = ~(value <= best) & ~jnp.isnan(best)
        best = jnp.where(better, value, best)
        place = jnp.where(better, jnp.asarray(number, place.dtype), place)
    return best, place


def _plain_largest(x: jax.Array, *, windows: Windows) -> jax.Array:
    values = met(x, -jnp.inf, windows)
    largest = values[0]
    for value in values[1:]:
        largest = jnp.maximum(largest, value)
    return largest


def _plain_sent(place: jax.Array, dy: jax.Array, *, windows: Windows) -> jax.Array:
    nothing = jnp.zeros((), dy.dtype)
    if windows.apart:
        all_places = opened(place, windows)
        chosen = all_places == jnp.broadcast_to(_numbers(place.dtype, windows), all_places.shape)
        return laid_out(jnp.where(chosen, opened(dy, windows), nothing), windows)
    no_place = int(jnp.iinfo(place.dtype).max)
    gradients, places = with_margin(dy, 0, windows), with_margin(place, no_place, windows)

    def sent(number: int, shift: tuple[int, int]) -> jax.Array:
        chosen = shifted(places, shift, windows) == jnp.asarray(number, place.dtype)
        return jnp.where(chosen, shifted(gradients, shift, windows), nothing)

    return gathered(sent, windows)


def _plain_sum(x: jax.Array, *, windows: Windows) -> jax.Array:
    values = met(x, 0.0, windows)
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total


def _plain_spread(dy: jax.Array, *, windows: Windows) -> jax.Array:
    if windows.apart:
        return laid_out(opened(dy, windows), windows)
    gradients = with_margin(dy, 0, windows)
    return gathered(lambda _, shift: shifted(gradients, shift, windows), windows)


def _place_type(windows: Windows) -> jnp.dtype:
    """The shortest integers that can number the places of a window, with one number to spare."""
    return jnp.dtype(jnp.uint8 if numbered(windows) else jnp.int32)


def _numbers(dtype: jnp.dtype, windows: Windows) -> jax.Array:
    """The places of a window, numbered in reading order, as (1, 1, kh, 1, kw, 1)."""
    kh, kw = windows.size
    return jnp.arange(kh * kw, dtype=dtype).reshape(1, 1, kh, 1, kw, 1)

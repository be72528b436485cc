"""Pooling with its own gradient, made of slices, comparisons and sums: no window reduction and no scatter.

While differentiating, max pooling keeps one small number for each window, the place of its first maximum,
instead of the whole input. XLA's own gradient (select and scatter) was measured 8 to 27 times slower.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from striate.ops._own_gradient import own_gradient
from striate.ops._windows import Windows, gathered, laid_out, met, opened, shifted, with_margin


def _max_forward(x: jax.Array, windows: Windows) -> tuple[jax.Array, jax.Array]:
    """The maxima, and which place of its window each is; NaN wins, and nothing beats it."""
    values = met(x, -jnp.inf, windows)
    best, place = values[0], jnp.zeros(values[0].shape, _place_type(windows))
    for number, value in enumerate(values[1:], 1):
        better = ~(value <= best) & ~jnp.isnan(best)
        best = jnp.where(better, value, best)
        place = jnp.where(better, jnp.asarray(number, place.dtype), place)
    return best, place


def _max_backward(windows: Windows, place: jax.Array, dy: jax.Array) -> tuple[jax.Array]:
    """Every window's gradient goes to the place of its maximum."""
    nothing = jnp.zeros((), dy.dtype)
    if windows.apart:
        all_places = opened(place, windows)
        chosen = all_places == jnp.broadcast_to(_numbers(place.dtype, windows), all_places.shape)
        return (laid_out(jnp.where(chosen, opened(dy, windows), nothing), windows),)
    gradients, places = with_margin(dy, 0, windows), with_margin(place, -1, windows)

    def sent(number: int, shift: tuple[int, int]) -> jax.Array:
        chosen = shifted(places, shift, windows) == jnp.asarray(number, place.dtype)
        return jnp.where(chosen, shifted(gradients, shift, windows), nothing)

    return (gathered(sent, windows),)


@own_gradient(_max_forward, _max_backward, static=(1,))
def max_windows(x: jax.Array, windows: Windows) -> jax.Array:
    """The largest value of every window of (N, H, W, C); NaN if it holds one."""
    values = met(x, -jnp.inf, windows)
    largest = values[0]
    for value in values[1:]:
        largest = jnp.maximum(largest, value)
    return largest


def _sum_forward(x: jax.Array, windows: Windows) -> tuple[jax.Array, None]:
    return sum_windows(x, windows), None


def _sum_backward(windows: Windows, _: None, dy: jax.Array) -> tuple[jax.Array]:
    """Every window's gradient goes to all of its values."""
    if windows.apart:
        return (laid_out(opened(dy, windows), windows),)
    gradients = with_margin(dy, 0, windows)
    return (gathered(lambda _, shift: shifted(gradients, shift, windows), windows),)


@own_gradient(_sum_forward, _sum_backward, static=(1,))
def sum_windows(x: jax.Array, windows: Windows) -> jax.Array:
    """The sum over every window of (N, H, W, C); what lies outside the image counts as zero."""
    values = met(x, 0.0, windows)
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total


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


def _place_type(windows: Windows) -> jnp.dtype:
    """The shortest integers that can number the places of a window."""
    return jnp.dtype(jnp.int8 if windows.size[0] * windows.size[1] <= 127 else jnp.int32)


def _numbers(dtype: jnp.dtype, windows: Windows) -> jax.Array:
    """The places of a window, numbered in reading order, as (1, 1, kh, 1, kw, 1)."""
    kh, kw = windows.size
    return jnp.arange(kh * kw, dtype=dtype).reshape(1, 1, kh, 1, kw, 1)

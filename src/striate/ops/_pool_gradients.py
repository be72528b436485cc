"""Pooling with its own gradient, made of slices, comparisons and sums: no window reduction and no scatter.

While differentiating, max pooling keeps one small number for each window, the place of its first maximum, instead of
the whole input. XLA's own gradient (select and scatter) was measured ten times slower on a CPU.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from striate.ops._phases import interleave, phase_count
from striate.ops.geometry import Pads


class Windows(NamedTuple):
    """The static numbers of one pooling of (N, H, W, C), an entry for each of the two spatial axes."""

    sizes: tuple[int, int]
    size: tuple[int, int]
    strides: tuple[int, int]
    pads: Pads
    count: tuple[int, int]


@partial(jax.custom_vjp, nondiff_argnums=(1,))
def max_windows(x: jax.Array, windows: Windows) -> jax.Array:
    """The largest value of every window; NaN if it holds one."""
    values = _taps(_surround(x, -jnp.inf, windows), windows)
    largest = values[0]
    for value in values[1:]:
        largest = jnp.maximum(largest, value)
    return largest


def _max_forward(x: jax.Array, windows: Windows) -> tuple[jax.Array, jax.Array]:
    """The maxima, and which tap of its window each is; NaN wins, and nothing beats it."""
    values = _taps(_surround(x, -jnp.inf, windows), windows)
    best, place = values[0], jnp.zeros(values[0].shape, _place_type(windows))
    for tap, value in enumerate(values[1:], 1):
        better = ~(value <= best) & ~jnp.isnan(best)
        best = jnp.where(better, value, best)
        place = jnp.where(better, jnp.asarray(tap, place.dtype), place)
    return best, place


def _max_backward(windows: Windows, place: jax.Array, dy: jax.Array) -> tuple[jax.Array]:
    """Every window's gradient goes to the place of its maximum."""
    if _apart(windows):
        return (_fit(_open_maxima(dy, place, windows), windows),)
    ready, places = _around(dy, 0, windows), _around(place, -1, windows)

    def sent(tap: int, shift: tuple[int, int]) -> jax.Array:
        chosen = _shift(places, shift, windows) == jnp.asarray(tap, place.dtype)
        return jnp.where(chosen, _shift(ready, shift, windows), jnp.zeros((), dy.dtype))

    return (_gather(sent, windows),)


max_windows.defvjp(_max_forward, _max_backward)


@jax.custom_vjp
def max_of_all(x: jax.Array) -> jax.Array:
    """The largest value of each channel of (N, P, C)."""
    return jnp.max(x, axis=1)


def _all_forward(x: jax.Array) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    places = jnp.argmax(x, axis=1, keepdims=True)
    return max_of_all(x), (places, jnp.arange(x.shape[1], dtype=places.dtype))


def _all_backward(saved: tuple[jax.Array, jax.Array], dy: jax.Array) -> tuple[jax.Array]:
    places, numbers = saved
    chosen = jnp.broadcast_to(numbers[None, :, None], (dy.shape[0], numbers.size, dy.shape[1])) == places
    return (jnp.where(chosen, dy[:, None], jnp.zeros((), dy.dtype)),)


max_of_all.defvjp(_all_forward, _all_backward)


@partial(jax.custom_vjp, nondiff_argnums=(1,))
def sum_windows(x: jax.Array, windows: Windows) -> jax.Array:
    """The sum over every window; what lies outside the image counts as zero."""
    values = _taps(_surround(x, 0.0, windows), windows)
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total


def _sum_forward(x: jax.Array, windows: Windows) -> tuple[jax.Array, None]:
    return sum_windows(x, windows), None


def _sum_backward(windows: Windows, _: None, dy: jax.Array) -> tuple[jax.Array]:
    """Every window's gradient goes to all of its values."""
    if _apart(windows):
        return (_fit(_open(dy, windows), windows),)
    ready = _around(dy, 0, windows)
    return (_gather(lambda _, shift: _shift(ready, shift, windows), windows),)


sum_windows.defvjp(_sum_forward, _sum_backward)


def _taps(padded: jax.Array, windows: Windows) -> list[jax.Array]:
    """For each position in a window, in reading order, the (N, H', W', C) values it meets."""
    return [_tap(padded, u, v, windows) for u in range(windows.size[0]) for v in range(windows.size[1])]


def _tap(padded: jax.Array, row: int, column: int, windows: Windows) -> jax.Array:
    """The values that one position of the windows meets."""
    stops = [begin + (windows.count[i] - 1) * windows.strides[i] + 1 for i, begin in enumerate((row, column))]
    limit = (padded.shape[0], *stops, padded.shape[3])
    return lax.slice(padded, (0, row, column, 0), limit, (1, *windows.strides, 1))


def _surround(x: jax.Array, value: float, windows: Windows) -> jax.Array:
    """Pad x with `value`; the barrier keeps the padding from being computed again for every tap."""
    if not any(before or after for before, after in windows.pads):
        return x
    margins = [(before, after, 0) for before, after in windows.pads]
    return lax.optimization_barrier(lax.pad(x, jnp.asarray(value, x.dtype), [(0, 0, 0), *margins, (0, 0, 0)]))


def _place_type(windows: Windows) -> jnp.dtype:
    """The shortest integers that can number the taps of a window."""
    return jnp.dtype(jnp.int8 if windows.size[0] * windows.size[1] <= 127 else jnp.int32)


def _apart(windows: Windows) -> bool:
    """Whether windows lie side by side, so that no value belongs to two."""
    return windows.size == windows.strides


def _open(values: jax.Array, windows: Windows) -> jax.Array:
    """(N, H', W', C) to (N, H', kh, W', kw, C): every window's number at all of its places."""
    examples, rows, columns, channels = values.shape
    shape = (examples, rows, windows.size[0], columns, windows.size[1], channels)
    return jnp.broadcast_to(values[:, :, None, :, None], shape)


def _open_maxima(dy: jax.Array, place: jax.Array, windows: Windows) -> jax.Array:
    """The same, with the number at one place only."""
    kh, kw = windows.size
    taps = jnp.arange(kh * kw, dtype=place.dtype).reshape(1, 1, kh, 1, kw, 1)
    opened = _open(place, windows)
    return jnp.where(
        opened == jnp.broadcast_to(taps, opened.shape), _open(dy, windows), jnp.zeros((), dy.dtype)
    )


def _fit(opened: jax.Array, windows: Windows) -> jax.Array:
    """(N, H', kh, W', kw, C) to the image: padding is cut off, rows behind the last window get zeros."""
    examples, rows, kh, columns, kw, channels = opened.shape
    whole = opened.reshape(examples, rows * kh, columns * kw, channels)
    margins = []
    for length, size, (before, _) in zip((rows * kh, columns * kw), windows.sizes, windows.pads, strict=True):
        margins.append((-before, size + before - length, 0))
    return lax.pad(whole, jnp.zeros((), whole.dtype), [(0, 0, 0), *margins, (0, 0, 0)])


def _starts(windows: Windows) -> tuple[int, int]:
    """Where the image begins behind the padding."""
    return windows.pads[0][0], windows.pads[1][0]


def _around(values: jax.Array, fill: int, windows: Windows) -> jax.Array:
    """Pad windows' numbers so that `_shift` never leaves the array."""
    counts = phase_count(windows.sizes, _starts(windows), windows.strides)
    margins = []
    for i in range(2):
        reach = -(-windows.size[i] // windows.strides[i]) - 1
        margins.append((reach, counts[i] - windows.count[i], 0))
    return lax.optimization_barrier(
        lax.pad(values, jnp.asarray(fill, values.dtype), [(0, 0, 0), *margins, (0, 0, 0)])
    )


def _shift(around: jax.Array, shift: tuple[int, int], windows: Windows) -> jax.Array:
    """For pixel m of a phase the number of window m - shift."""
    counts = phase_count(windows.sizes, _starts(windows), windows.strides)
    reach = [-(-windows.size[i] // windows.strides[i]) - 1 for i in range(2)]
    begin = (0, reach[0] - shift[0], reach[1] - shift[1], 0)
    return lax.slice(
        around, begin, (around.shape[0], begin[1] + counts[0], begin[2] + counts[1], around.shape[3])
    )


def _gather(sent: Callable[[int, tuple[int, int]], jax.Array], windows: Windows) -> jax.Array:
    """For each pixel the sum of what the windows that hold it send: `sent(tap, which window back)`.

    Row r + s m is met by taps r, r + s, ... of windows m, m - 1, ...; so each phase r is a sum of dense arrays.
    """
    phases = []
    for r in range(windows.strides[0]):
        for q in range(windows.strides[1]):
            rows, columns = (
                range(r, windows.size[0], windows.strides[0]),
                range(q, windows.size[1], windows.strides[1]),
            )
            terms = [
                sent(u * windows.size[1] + v, (i, j))
                for i, u in enumerate(rows)
                for j, v in enumerate(columns)
            ]
            phases.append(sum(terms[1:], terms[0]) if terms else None)
    like = next(phase for phase in phases if phase is not None)
    filled = [jnp.zeros_like(like) if phase is None else phase for phase in phases]
    return interleave(filled, windows.strides, _starts(windows), windows.sizes)

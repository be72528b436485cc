"""The windows of a pooling: what each of their places meets, and how numbers return to the image."""

from __future__ import annotations

from collections.abc import Callable
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
    fits: tuple[int, int]

    @property
    def apart(self) -> bool:
        """Whether windows lie side by side, so that no value belongs to two."""
        return self.size == self.strides

    @property
    def starts(self) -> tuple[int, int]:
        """Where the image begins behind the padding."""
        return self.pads[0][0], self.pads[1][0]

    @property
    def back(self) -> tuple[int, int]:
        """How many windows before its own one a pixel can belong to, on each axis."""
        return -(-self.size[0] // self.strides[0]) - 1, -(-self.size[1] // self.strides[1]) - 1


def met(x: jax.Array, fill: float, windows: Windows) -> list[jax.Array]:
    """For each place in a window, in reading order, the (N, H', W', C) values it meets, or `fill` outside."""
    surrounded = _surround(x, fill, windows)
    return [_tap(surrounded, u, v, windows) for u in range(windows.size[0]) for v in range(windows.size[1])]


def opened(values: jax.Array, windows: Windows) -> jax.Array:
    """(N, H', W', C) to (N, H', kh, W', kw, C): every window's number at all of its places."""
    examples, rows, columns, channels = values.shape
    shape = (examples, rows, windows.size[0], columns, windows.size[1], channels)
    return jnp.broadcast_to(values[:, :, None, :, None], shape)


def laid_out(places: jax.Array, windows: Windows) -> jax.Array:
    """(N, H', kh, W', kw, C) to the image: padding is cut off, rows behind the last window get zeros."""
    examples, rows, kh, columns, kw, channels = places.shape
    whole = places.reshape(examples, rows * kh, columns * kw, channels)
    margins = []
    for length, size, before in zip((rows * kh, columns * kw), windows.sizes, windows.starts, strict=True):
        margins.append((-before, size + before - length, 0))
    return lax.pad(whole, jnp.zeros((), whole.dtype), [(0, 0, 0), *margins, (0, 0, 0)])


def with_margin(values: jax.Array, fill: int, windows: Windows) -> jax.Array:
    """Surround the numbers of windows, so that `shifted` never leaves the array."""
    counts = phase_count(windows.sizes, windows.starts, windows.strides)
    margins = [(windows.back[axis], counts[axis] - windows.fits[axis], 0) for axis in range(2)]
    wide = lax.pad(values, jnp.asarray(fill, values.dtype), [(0, 0, 0), *margins, (0, 0, 0)])
    return lax.optimization_barrier(wide)


def shifted(wide: jax.Array, shift: tuple[int, int], windows: Windows) -> jax.Array:
    """For pixel m of a phase the number of window m - shift."""
    rows, columns = phase_count(windows.sizes, windows.starts, windows.strides)
    top, left = windows.back[0] - shift[0], windows.back[1] - shift[1]
    return lax.slice(wide, (0, top, left, 0), (wide.shape[0], top + rows, left + columns, wide.shape[3]))


def gathered(sent: Callable[[int, tuple[int, int]], jax.Array], windows: Windows) -> jax.Array:
    """For each pixel the sum of what the windows that hold it send: `sent(place, how many windows back)`.

    Row r + s m is met by places r, r + s, ... of windows m, m - 1, ...; so phase r is a sum of dense arrays.
    """
    down, across = windows.strides
    phases = [_phase(sent, r, q, windows) for r in range(down) for q in range(across)]
    like = next(phase for phase in phases if phase is not None)
    filled = [jnp.zeros_like(like) if phase is None else phase for phase in phases]
    return interleave(filled, windows.strides, windows.starts, windows.sizes)


def _phase(
    sent: Callable[[int, tuple[int, int]], jax.Array], r: int, q: int, windows: Windows
) -> jax.Array | None:
    """What the pixels of one phase get; None if strides jump over them."""
    total = None
    for i, u in enumerate(range(r, windows.size[0], windows.strides[0])):
        for j, v in enumerate(range(q, windows.size[1], windows.strides[1])):
            term = sent(u * windows.size[1] + v, (i, j))
            total = term if total is None else total + term
    return total


def _tap(surrounded: jax.Array, row: int, column: int, windows: Windows) -> jax.Array:
    """The values that one place of the windows meets."""
    stops = [begin + (windows.fits[i] - 1) * windows.strides[i] + 1 for i, begin in enumerate((row, column))]
    limit = (surrounded.shape[0], *stops, surrounded.shape[3])
    return lax.slice(surrounded, (0, row, column, 0), limit, (1, *windows.strides, 1))


def _surround(x: jax.Array, fill: float, windows: Windows) -> jax.Array:
    """Pad x; the barrier keeps the padding from being computed again for every place that reads it."""
    if not any(before or after for before, after in windows.pads):
        return x
    margins = [(before, after, 0) for before, after in windows.pads]
    wide = lax.pad(x, jnp.asarray(fill, x.dtype), [(0, 0, 0), *margins, (0, 0, 0)])
    return lax.optimization_barrier(wide)

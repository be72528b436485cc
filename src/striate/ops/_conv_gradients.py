"""Two-dimensional convolution with its own gradient, made of canonical convolutions and matrix products only.

XLA's CPU backend is fast for a convolution whose axes are ordered (N, H, W, C) and (H, W, I, O). It reorders
others in the entry computation, but not inside a loop, so everything here is written in that order at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from striate.ops._own_gradient import own_gradient
from striate.ops._phases import interleave, phase_count
from striate.ops.geometry import Pads, reach

NARROW = 64
"""With so few filters in all phases together, one convolution for all beats one for each (measured)."""


LARGE, CACHE = 8 << 20, 1 << 20
"""Beyond so many bytes a kernel's gradient is summed in parts of at most so many: 1.3 to 3 times faster."""


class Spec(NamedTuple):
    """The static numbers of one convolution, an entry for each of the two spatial axes."""

    strides: tuple[int, int]
    pads: Pads
    dilation: tuple[int, int]


def _forward(x: jax.Array, kernel: jax.Array, spec: Spec) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return convolve(x, kernel, spec), (x, kernel)


def _backward(spec: Spec, saved: tuple[jax.Array, jax.Array], dy: jax.Array) -> tuple[jax.Array, jax.Array]:
    x, kernel = saved
    sizes, taps = (x.shape[1], x.shape[2]), (kernel.shape[0], kernel.shape[1])
    return input_gradient(dy, kernel, spec, sizes), kernel_gradient(x, dy, spec, taps)


@own_gradient(_forward, _backward, static=(2,))
def convolve(x: jax.Array, kernel: jax.Array, spec: Spec) -> jax.Array:
    """y[n,i,j,f] = sum over u,v,c of x[n, i s + u d, j s + v d, c] kernel[u,v,c,f], on padded x."""
    if kernel.shape[:2] == (1, 1):
        return _mix_channels(x, kernel, spec)
    if min(min(pair) for pair in spec.pads) < 0:
        x = pad_image(x, _each(min, spec.pads))
        spec = spec._replace(pads=_each(max, spec.pads))
    order = ("NHWC", "HWIO", "NHWC")
    return lax.conv_general_dilated(
        x, kernel, spec.strides, spec.pads, rhs_dilation=spec.dilation, dimension_numbers=order
    )


def _paint_forward(
    dy: jax.Array, kernel: jax.Array, spec: Spec, sizes: tuple[int, int]
) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return input_gradient(dy, kernel, spec, sizes), (dy, kernel)


def _paint_backward(
    spec: Spec, _: tuple[int, int], saved: tuple[jax.Array, jax.Array], dx: jax.Array
) -> tuple[jax.Array, jax.Array]:
    dy, kernel = saved
    return convolve(dx, kernel, spec), kernel_gradient(dx, dy, spec, (kernel.shape[0], kernel.shape[1]))


@own_gradient(_paint_forward, _paint_backward, static=(2, 3))
def input_gradient(dy: jax.Array, kernel: jax.Array, spec: Spec, sizes: tuple[int, int]) -> jax.Array:
    """The gradient for x of spatial `sizes`; run forward, it is the transposed convolution."""
    if spec.strides != (1, 1) and spec.dilation == (1, 1):
        return _by_phases(dy, kernel, spec, sizes)
    stuffed, around = stuff(dy, kernel.shape[:2], spec, sizes)
    return convolve(stuffed, turn(kernel), around)


def kernel_gradient(x: jax.Array, dy: jax.Array, spec: Spec, taps: tuple[int, int]) -> jax.Array:
    """The gradient for a kernel of `taps`: sums over images, taken a few at a time where they are large."""
    images, rows, columns = dy.shape[0], x.shape[1] + sum(spec.pads[0]), dy.shape[2]
    parts = _parts(images, rows * columns * taps[1] * x.shape[3] * x.dtype.itemsize)
    if parts == 1:
        return _rows_of_products(x, dy, spec, taps)
    several = (x.reshape(parts, -1, *x.shape[1:]), dy.reshape(parts, -1, *dy.shape[1:]))

    def add(total: jax.Array, part: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
        return total + _rows_of_products(*part, spec, taps), None

    start = jnp.zeros((*taps, x.shape[3], dy.shape[3]), x.dtype)
    return lax.scan(add, start, several)[0]


def _parts(images: int, each: int) -> int:
    """In how many parts to take images that need `each` bytes; one where all together are not large."""
    if images * each <= LARGE:
        return 1
    fewest = -(-images * each // CACHE)
    return next((parts for parts in range(fewest, images) if images % parts == 0), images)


def _rows_of_products(x: jax.Array, dy: jax.Array, spec: Spec, taps: tuple[int, int]) -> jax.Array:
    """For each row of the kernel one matrix product of x with dy.

    The columns that a kernel row meets are laid side by side once, so each product is wide enough to be fast.
    """
    rows, columns, filters = dy.shape[1], dy.shape[2], dy.shape[3]
    padded = pad_image(x, spec.pads)
    wide = jnp.concatenate([cut(padded, 2, tap, columns, spec) for tap in range(taps[1])], axis=3)
    flat = dy.reshape(-1, filters)
    products = [cut(wide, 1, tap, rows, spec).reshape(-1, wide.shape[3]).T @ flat for tap in range(taps[0])]
    return jnp.stack(products).reshape(*taps, x.shape[3], filters)


def turn(kernel: jax.Array) -> jax.Array:
    """Flip the taps and swap channels with filters."""
    return kernel[::-1, ::-1].transpose(0, 1, 3, 2)


def stuff(dy: jax.Array, taps: tuple[int, ...], spec: Spec, sizes: tuple[int, int]) -> tuple[jax.Array, Spec]:
    """Spread dy out to the strides, and say how a stride-1 convolution of it gives an image of `sizes`."""
    pads = []
    for axis, span in enumerate(reach(taps, spec.dilation)):
        before = span - 1 - spec.pads[axis][0]
        covered = (dy.shape[1 + axis] - 1) * spec.strides[axis] + 1
        pads.append((before, sizes[axis] + span - 1 - before - covered))
    around = Spec((1, 1), tuple(pads), spec.dilation)
    if spec.strides == (1, 1):
        return dy, around
    gaps = [(0, 0, stride - 1) for stride in spec.strides]
    stuffed = lax.pad(dy, jnp.zeros((), dy.dtype), [(0, 0, 0), *gaps, (0, 0, 0)])
    return lax.optimization_barrier(stuffed), around


def _each(choose: Callable[[int, int], int], pads: Pads) -> Pads:
    """The negative (min) or the positive (max) part of every pad."""
    return tuple((choose(before, 0), choose(after, 0)) for before, after in pads)


def pad_image(x: jax.Array, pads: Pads) -> jax.Array:
    """Zeros around the two spatial axes; a negative number cuts instead.

    The barrier makes the padded image an array: fused into the many slices that read it, the padding would be
    computed again for each of them; a depthwise convolution was measured five times slower.
    """
    if not any(before or after for before, after in pads):
        return x
    padded = lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), *[(b, a, 0) for b, a in pads], (0, 0, 0)])
    return lax.optimization_barrier(padded)


def cut(x: jax.Array, axis: int, tap: int, windows: int, spec: Spec) -> jax.Array:
    """What one tap meets along one axis of an already padded x."""
    start, stride = tap * spec.dilation[axis - 1], spec.strides[axis - 1]
    return lax.slice_in_dim(x, start, start + (windows - 1) * stride + 1, stride, axis)


def _mix_channels(x: jax.Array, kernel: jax.Array, spec: Spec) -> jax.Array:
    """A 1x1 convolution is a matrix product of the pixels that the strides meet."""
    picked = pad_image(x, spec.pads)[:, :: spec.strides[0], :: spec.strides[1]]
    return jnp.matmul(picked, kernel[0, 0])


def _by_phases(dy: jax.Array, kernel: jax.Array, spec: Spec, sizes: tuple[int, int]) -> jax.Array:
    """Strided input gradient without multiplying zeros.

    Row r + s m of the padded input is met only by taps r, r + s, r + 2 s, ...: each phase r is a small dense
    convolution of dy, and the phases are interleaved (the sub-pixel trick of Shi and others, 2016).
    """
    starts = (spec.pads[0][0], spec.pads[1][0])
    counts = phase_count(sizes, starts, spec.strides)
    steps = [(row, column) for row in range(spec.strides[0]) for column in range(spec.strides[1])]
    if kernel.shape[2] * len(steps) <= NARROW:
        phases = _phases_together(dy, kernel, spec.strides, counts)
    else:
        parts = [kernel[row :: spec.strides[0], column :: spec.strides[1]] for row, column in steps]
        phases = [_one_phase(dy, part, counts) for part in parts]
    return interleave(phases, spec.strides, starts, sizes)


def _one_phase(dy: jax.Array, part: jax.Array, counts: tuple[int, int]) -> jax.Array:
    """A dense convolution of dy with the taps of one phase; none of them may be left."""
    if 0 in part.shape:
        return jnp.zeros((dy.shape[0], *counts, part.shape[2]), dy.dtype)
    pads = tuple((part.shape[a] - 1, counts[a] - dy.shape[1 + a]) for a in range(2))
    return convolve(dy, turn(part), Spec((1, 1), pads, (1, 1)))


def _phases_together(
    dy: jax.Array, kernel: jax.Array, strides: tuple[int, int], counts: tuple[int, int]
) -> list[jax.Array]:
    """All phases as the filters of one convolution, the taps that a phase lacks being zero."""
    kh, kw, channels, filters = kernel.shape
    th, tw = -(-kh // strides[0]), -(-kw // strides[1])
    whole = jnp.pad(kernel, ((0, th * strides[0] - kh), (0, tw * strides[1] - kw), (0, 0), (0, 0)))
    split = whole.reshape(th, strides[0], tw, strides[1], channels, filters)
    joined = split.transpose(0, 2, 1, 3, 4, 5).reshape(th, tw, -1, filters)
    return jnp.split(_one_phase(dy, joined, counts), strides[0] * strides[1], axis=3)

"""Two-dimensional convolution with its own gradient, made only of canonical convolutions and matrix products.

XLA's CPU backend runs a convolution fast when its axes are ordered (N, H, W, C) and (H, W, I, O); it reorders others
only in the entry computation, never inside a loop. Everything here is therefore written in that order.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from striate.ops.geometry import Pads, reach


class Spec(NamedTuple):
    """The static numbers of one convolution, an entry for each of the two spatial axes."""

    strides: tuple[int, int]
    pads: Pads
    dilation: tuple[int, int]
    groups: int


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def convolve(x: jax.Array, kernel: jax.Array, spec: Spec) -> jax.Array:
    """y[n,i,j,f] = sum over u,v,c of x[n, i s + u d, j s + v d, c] kernel[u,v,c,f], on padded x."""
    return lax.conv_general_dilated(
        x,
        kernel,
        spec.strides,
        spec.pads,
        rhs_dilation=spec.dilation,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=spec.groups,
    )


def input_gradient(dy: jax.Array, kernel: jax.Array, spec: Spec, sizes: tuple[int, int]) -> jax.Array:
    """The gradient for x of spatial `sizes`: a stride-1 convolution of dy spread out, with the kernel turned round."""
    spans = reach(kernel.shape[:2], spec.dilation)
    spread = [(0, 0, 0)]
    for axis in range(2):
        before = spans[axis] - 1 - spec.pads[axis][0]
        covered = (dy.shape[1 + axis] - 1) * spec.strides[axis] + 1
        after = sizes[axis] + spans[axis] - 1 - before - covered
        spread.append((before, after, spec.strides[axis] - 1))
    stuffed = lax.pad(dy, jnp.zeros((), dy.dtype), [*spread, (0, 0, 0)])
    turned = Spec((1, 1), ((0, 0), (0, 0)), spec.dilation, spec.groups)
    return convolve(stuffed, turn_kernel(kernel, spec.groups), turned)


def turn_kernel(kernel: jax.Array, groups: int) -> jax.Array:
    """Flip the taps and swap channels with filters: (kh, kw, C/g, F) becomes (kh, kw, F/g, C)."""
    kh, kw, channels, filters = kernel.shape
    split = kernel[::-1, ::-1].reshape(kh, kw, channels, groups, filters // groups)
    return split.transpose(0, 1, 4, 3, 2).reshape(kh, kw, filters // groups, groups * channels)


def kernel_gradient(x: jax.Array, dy: jax.Array, spec: Spec, taps: tuple[int, int]) -> jax.Array:
    """The gradient for a kernel of `taps`: one matrix product of a shifted x with dy for each tap."""
    padded = pad_image(x, spec.pads)
    split = dy.reshape(*dy.shape[:3], spec.groups, -1)
    products = [_tap_product(tap, split) for tap in shifted(padded, taps, dy.shape[1:3], spec)]
    return jnp.stack(products).reshape(*taps, x.shape[3] // spec.groups, dy.shape[3])


def _tap_product(tap: jax.Array, dy: jax.Array) -> jax.Array:
    """(N,H,W,C) and (N,H,W,g,F/g) to (C/g, F)."""
    x = tap.reshape(*tap.shape[:3], dy.shape[3], -1)
    return jnp.einsum("nhwgc,nhwgf->cgf", x, dy).reshape(x.shape[4], -1)


def pad_image(x: jax.Array, pads: Pads) -> jax.Array:
    """Zeros around the two spatial axes; a negative number cuts instead."""
    if not any(before or after for before, after in pads):
        return x
    return lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), *[(b, a, 0) for b, a in pads], (0, 0, 0)])


def shifted(x: jax.Array, taps: tuple[int, int], windows: tuple[int, int], spec: Spec) -> list[jax.Array]:
    """For each tap, in reading order, the (N, H', W', C) values it meets on an already padded x."""
    return [_shift(x, (row, column), windows, spec) for row in range(taps[0]) for column in range(taps[1])]


def _shift(x: jax.Array, tap: tuple[int, int], windows: tuple[int, int], spec: Spec) -> jax.Array:
    """The values that one tap meets."""
    starts = [tap[axis] * spec.dilation[axis] for axis in range(2)]
    stops = [starts[axis] + (windows[axis] - 1) * spec.strides[axis] + 1 for axis in range(2)]
    low, high = (0, *starts, 0), (x.shape[0], *stops, x.shape[3])
    return lax.slice(x, low, high, (1, *spec.strides, 1))


def _forward(x: jax.Array, kernel: jax.Array, spec: Spec) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return convolve(x, kernel, spec), (x, kernel)


def _backward(spec: Spec, saved: tuple[jax.Array, jax.Array], dy: jax.Array) -> tuple[jax.Array, jax.Array]:
    x, kernel = saved
    sizes, taps = (x.shape[1], x.shape[2]), (kernel.shape[0], kernel.shape[1])
    return input_gradient(dy, kernel, spec, sizes), kernel_gradient(x, dy, spec, taps)


convolve.defvjp(_forward, _backward)

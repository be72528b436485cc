"""Convolution in groups, made of dense convolutions or of shifted products, whichever the groups call for."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp

from striate.ops._conv_gradients import Spec, convolve, cut, pad_image, stuff
from striate.ops._own_gradient import own_gradient
from striate.ops.geometry import output_size

BLOCK = 32
"""Groups are packed until so many channels are together; narrower convolutions waste the vector units."""


def convolve_groups(x: jax.Array, kernel: jax.Array, spec: Spec, groups: int) -> jax.Array:
    """Convolve x (N, H, W, C) with kernel (kh, kw, C / groups, F), each group for itself."""
    if groups == 1:
        return convolve(x, kernel, spec)
    if kernel.shape[2] == 1:
        multiplier = kernel.shape[3] // groups
        return convolve_channels(jnp.repeat(x, multiplier, axis=3), kernel[:, :, 0], spec)
    return _convolve_blocks(x, kernel, spec, groups)


def _forward(x: jax.Array, kernel: jax.Array, spec: Spec) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return convolve_channels(x, kernel, spec), (x, kernel)


def _backward(spec: Spec, saved: tuple[jax.Array, jax.Array], dy: jax.Array) -> tuple[jax.Array, jax.Array]:
    x, kernel = saved
    stuffed, around = stuff(dy, kernel.shape[:2], spec, (x.shape[1], x.shape[2]))
    dx = convolve_channels(stuffed, kernel[::-1, ::-1], around)
    return dx, _taps_gradient(x, dy, spec, (kernel.shape[0], kernel.shape[1]))


@own_gradient(_forward, _backward, static=(2,))
def convolve_channels(x: jax.Array, kernel: jax.Array, spec: Spec) -> jax.Array:
    """Each channel with its own taps.

    y[n,i,j,c] = sum over u,v of x[n, i s + u d, j s + v d, c] kernel[u,v,c], on padded x. A sum of shifted
    products, for XLA's grouped convolution was measured four to seven times slower on a CPU.
    """
    rows, columns = output_size(x.shape[1:3], kernel.shape[:2], spec.strides, spec.pads, spec.dilation)
    padded, total = pad_image(x, spec.pads), None
    for u in range(kernel.shape[0]):
        for v in range(kernel.shape[1]):
            term = _meet(padded, (u, v), (rows, columns), spec) * kernel[u, v][None, None, None]
            total = term if total is None else total + term
    assert total is not None  # a kernel has at least one tap
    return total


def _taps_gradient(x: jax.Array, dy: jax.Array, spec: Spec, taps: tuple[int, int]) -> jax.Array:
    """For each tap and channel the sum of the products of what met."""
    padded, windows = pad_image(x, spec.pads), (dy.shape[1], dy.shape[2])
    sums = [
        jnp.sum(_meet(padded, (u, v), windows, spec) * dy, axis=(0, 1, 2))
        for u in range(taps[0])
        for v in range(taps[1])
    ]
    return jnp.stack(sums).reshape(*taps, x.shape[3])


def _meet(padded: jax.Array, tap: tuple[int, int], windows: tuple[int, int], spec: Spec) -> jax.Array:
    """The values that one tap meets."""
    return cut(cut(padded, 1, tap[0], windows[0], spec), 2, tap[1], windows[1], spec)


def _convolve_blocks(x: jax.Array, kernel: jax.Array, spec: Spec, groups: int) -> jax.Array:
    """Dense convolutions of packs of groups, with zeros between the groups of a pack."""
    depth, breadth = kernel.shape[2], kernel.shape[3] // groups
    pack = math.gcd(groups, max(BLOCK // depth, 1))
    blocks = []
    for first in range(0, groups, pack):
        channels = x[..., first * depth : (first + pack) * depth]
        filters = kernel[..., first * breadth : (first + pack) * breadth]
        blocks.append(convolve(channels, _block_diagonal(filters, pack), spec))
    return jnp.concatenate(blocks, axis=3)


def _block_diagonal(kernel: jax.Array, groups: int) -> jax.Array:
    """(kh, kw, C/g, F) to (kh, kw, C, F), zero where a filter does not see a channel."""
    kh, kw, depth, filters = kernel.shape
    split = kernel.reshape(kh, kw, 1, depth, groups, filters // groups)
    same = jnp.eye(groups, dtype=bool)[None, None, :, None, :, None]
    shape = (kh, kw, groups, depth, groups, filters // groups)
    spread = jnp.where(
        jnp.broadcast_to(same, shape), jnp.broadcast_to(split, shape), jnp.zeros((), kernel.dtype)
    )
    return spread.reshape(kh, kw, groups * depth, filters)

"""Convolution, bias, relu and 2x2 maximum as one block: what lies between them never leaves the cache.

Values and gradients are those of the separate operations. A relu before a maximum may change places with it,
and a maximum of 0 sends nothing back, so the corner that was largest after relu is all the gradient needs.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple, cast

import jax
import jax.numpy as jnp

from striate.ops import _native
from striate.ops._conv_native import (
    Geometry,
    Pair,
    _plain_affine,
    input_gradient,
    native_forward,
    native_input_gradient,
    native_weight_gradients,
    weight_gradients,
)


class Block(NamedTuple):
    """The static numbers of a block.

    Args:
        geometry: of the convolution.
        relu: whether relu follows.
        pool: 2 if a 2x2 maximum with strides 2 follows, else 1.
    """

    geometry: Geometry
    relu: bool
    pool: int


class Saved(NamedTuple):
    """What the forward pass leaves for the backward pass; argmax is empty without pooling."""

    x: jax.Array
    kernel: jax.Array
    y: jax.Array
    argmax: jax.Array


@partial(jax.custom_vjp, nondiff_argnums=(3,))
def conv_block(x: jax.Array, kernel: jax.Array, bias: jax.Array, block: Block) -> jax.Array:
    """max_pool(relu(conv(x, kernel) + bias)) for (N, H, W, C), (kh, kw, C / groups, F) and (F,)."""
    return _run(x, kernel, bias, block)[0]


def _run(x: jax.Array, kernel: jax.Array, bias: jax.Array, block: Block) -> tuple[jax.Array, jax.Array]:
    native = partial(native_forward, geometry=block.geometry, relu=block.relu, pool=block.pool)
    return _native.either(native, partial(_plain_run, block=block), x, kernel, bias)


@partial(jax.custom_vjp, nondiff_argnums=(3,))
def _traced(x: jax.Array, kernel: jax.Array, bias: jax.Array, block: Block) -> tuple[jax.Array, jax.Array]:
    """The block's values and where the largest were. Second derivatives meet this rule."""
    return _run(x, kernel, bias, block)


def _traced_forward(
    x: jax.Array, kernel: jax.Array, bias: jax.Array, block: Block
) -> tuple[tuple[jax.Array, jax.Array], Saved]:
    y, argmax = cast(Pair, _traced(x, kernel, bias, block))
    return (y, argmax), Saved(x, kernel, y, argmax)


def _traced_backward(
    block: Block, saved: Saved, incoming: tuple[jax.Array, jax.Array]
) -> tuple[jax.Array, jax.Array, jax.Array]:
    return _gradients(incoming[0], saved, block)


def _forward(x: jax.Array, kernel: jax.Array, bias: jax.Array, block: Block) -> tuple[jax.Array, Saved]:
    y, argmax = cast(Pair, _traced(x, kernel, bias, block))
    return y, Saved(x, kernel, y, argmax)


def _backward(block: Block, saved: Saved, dy: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    return _gradients(dy, saved, block)


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def _gradients(dy: jax.Array, saved: Saved, block: Block) -> tuple[jax.Array, jax.Array, jax.Array]:
    """The gradients for x, kernel and bias."""

    def native(dy: jax.Array, *saved: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        x, kernel, y, argmax = saved
        traces = (y if block.relu else None, argmax if block.pool > 1 else None)
        dx = native_input_gradient(dy, kernel, *traces, geometry=block.geometry, sizes=_sizes(x))
        taps = (kernel.shape[0], kernel.shape[1])
        return dx, *native_weight_gradients(x, dy, *traces, geometry=block.geometry, taps=taps)

    return _native.either(native, lambda dy, *rest: _plain_gradients(dy, Saved(*rest), block), dy, *saved)


def _gradients_forward(
    dy: jax.Array, saved: Saved, block: Block
) -> tuple[tuple[jax.Array, jax.Array, jax.Array], tuple[jax.Array, Saved]]:
    return _gradients(dy, saved, block), (dy, saved)


def _gradients_backward(
    block: Block, given: tuple[jax.Array, Saved], ct: tuple[jax.Array, jax.Array, jax.Array]
) -> tuple[jax.Array, Saved]:
    """Second derivatives go through the separate operations; where relu and maximum decide, they are flat."""
    dy, saved = given
    ddy, dx, dkernel = jax.vjp(
        lambda dy, x, kernel: _plain_gradients(dy, saved._replace(x=x, kernel=kernel), block), dy, *saved[:2]
    )[1](ct)
    flat = jnp.zeros(saved.argmax.shape, jax.dtypes.float0)
    return ddy, Saved(dx, dkernel, jnp.zeros_like(saved.y), flat)


def _plain_run(
    x: jax.Array, kernel: jax.Array, bias: jax.Array, *, block: Block
) -> tuple[jax.Array, jax.Array]:
    z = _plain_affine(x, kernel, bias, block.geometry)
    z = jnp.maximum(z, jnp.zeros((), z.dtype)) if block.relu else z
    if block.pool == 1:
        return z, jnp.zeros(0, jnp.uint8)
    corners = _windows(z)
    argmax = jnp.argmax(corners, axis=3)
    y = jnp.take_along_axis(corners, argmax[:, :, :, None], axis=3)[:, :, :, 0]
    return y, argmax.astype(jnp.uint8)


def _windows(z: jax.Array) -> jax.Array:
    """(N, H, W, F) to (N, H / 2, W / 2, 4, F): the corners of each window in reading order."""
    n, h, w, f = z.shape
    whole = z[:, : h // 2 * 2, : w // 2 * 2].reshape(n, h // 2, 2, w // 2, 2, f)
    return whole.transpose(0, 1, 3, 2, 4, 5).reshape(n, h // 2, w // 2, 4, f)


def _plain_gradients(dy: jax.Array, saved: Saved, block: Block) -> tuple[jax.Array, jax.Array, jax.Array]:
    taps = (saved.kernel.shape[0], saved.kernel.shape[1])
    dz = _spread(dy, saved, block, block.geometry.sizes(_sizes(saved.x), taps))
    dx = cast(jax.Array, input_gradient(dz, saved.kernel, block.geometry, _sizes(saved.x)))
    dkernel, dbias = cast(Pair, weight_gradients(saved.x, dz, block.geometry, taps))
    return dx, dkernel, dbias


def _spread(dy: jax.Array, saved: Saved, block: Block, sizes: tuple[int, int]) -> jax.Array:
    """The gradient of the convolution's output: dy at the corner that was largest, zeros elsewhere."""
    if block.relu:
        dy = jnp.where(saved.y > 0, dy, jnp.zeros_like(dy))
    if block.pool == 1:
        return dy
    n, h, w, f = dy.shape
    corner = jnp.arange(4, dtype=jnp.uint8)[None, None, None, :, None]
    hit = saved.argmax[:, :, :, None] == corner
    parts = jnp.where(hit, dy[:, :, :, None], jnp.zeros((), dy.dtype)).reshape(n, h, w, 2, 2, f)
    whole = parts.transpose(0, 1, 3, 2, 4, 5).reshape(n, h * 2, w * 2, f)
    return jnp.pad(whole, ((0, 0), (0, sizes[0] - h * 2), (0, sizes[1] - w * 2), (0, 0)))


def _sizes(x: jax.Array) -> tuple[int, int]:
    return x.shape[1], x.shape[2]


conv_block.defvjp(_forward, _backward)
_traced.defvjp(_traced_forward, _traced_backward)
_gradients.defvjp(_gradients_forward, _gradients_backward)

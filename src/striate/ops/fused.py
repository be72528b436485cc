"""Convolution with what usually follows it, as one operation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import jax
import jax.numpy as jnp

from striate.errors import ArgumentError, Problem
from striate.ops._conv_block import Block, conv_block
from striate.ops._conv_native import LANES, fits, geometry_of, is_depthwise, native_forward
from striate.ops._native import either, takes_halves
from striate.ops._packed import PackedKernel, convolve_packed
from striate.ops.activations import relu as rectify
from striate.ops.convolution import conv2d
from striate.ops.geometry import Padding, as_tuple, output_size, resolve_padding
from striate.ops.pooling import max_pool


def conv2d_block(
    x: jax.Array,
    kernel: jax.Array | PackedKernel,
    bias: jax.Array | None = None,
    strides: int | Sequence[int] = 1,
    padding: Padding = "valid",
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    relu: bool = False,
    pool: bool = False,
    narrow: bool = False,
) -> jax.Array:
    """Convolve, add the bias, then perhaps relu, then perhaps the maximum of each 2x2 window.

    y = max_pool(relu(conv2d(x, kernel, bias)), 2)

    On a CPU with the native kernels nothing between the image and y is written to memory, forward or
    backward; elsewhere these are the separate operations.

    Args:
        x, kernel, bias, strides, padding, dilation, groups: as for `conv2d`.
        relu: whether relu follows.
        pool: whether the 2x2 maximum with strides 2 follows; a last odd row or column is dropped.
        narrow: whether the answer is rounded to bfloat16, for a kernel packed under `products_of("bfloat16")`
            that does not pool. Such kernels take an x of bfloat16.

    Returns:
        (N, H', W', F), with `pool` (N, H' // 2, W' // 2, F).

    Raises:
        ShapeError, ArgumentError: as for `conv2d` and `max_pool`; `narrow` where nothing can round.

    >>> import jax.numpy as jnp
    >>> conv2d_block(jnp.ones((1, 6, 6, 3)), jnp.ones((3, 3, 3, 8)), relu=True, pool=True).shape
    (1, 2, 2, 8)
    """
    if narrow:
        _check_narrow(kernel, pool, "conv2d_block")
    # Of a packed kernel only the shape and the type are asked for.
    block = _block(x, cast(jax.Array, kernel), strides, padding, dilation, groups, relu, pool)
    if isinstance(kernel, PackedKernel):
        assert block is not None  # nobody packs a kernel that does not fit
        return convolve_packed(x, kernel, bias, None, **block._asdict(), narrow=narrow)
    if block is not None:
        return conv_block(x, kernel, jnp.zeros(kernel.shape[3], x.dtype) if bias is None else bias, block)
    y = conv2d(x, kernel, bias, strides, padding, dilation, groups)
    y = rectify(y) if relu else y
    return max_pool(y, 2) if pool else y


def conv2d_onto(
    x: jax.Array,
    kernel: jax.Array | PackedKernel,
    bias: jax.Array | None,
    addend: jax.Array,
    strides: int | Sequence[int] = 1,
    padding: Padding = "valid",
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    relu: bool = False,
    narrow: bool = False,
) -> jax.Array:
    """Convolve, add the bias and something else, then perhaps relu: the end of a residual branch.

    y = relu(conv2d(x, kernel, bias) + addend)

    For programs that only answer: by the native kernels it has no gradient.

    Args:
        x, kernel, bias, strides, padding, dilation, groups, relu, narrow: as for `conv2d_block`.
        addend: (N, H', W', F), of the answer's shape.

    Returns:
        (N, H', W', F).

    Raises:
        ShapeError, ArgumentError: as for `conv2d`.

    >>> import jax.numpy as jnp
    >>> conv2d_onto(jnp.ones((1, 3, 3, 1)), jnp.ones((3, 3, 1, 1)), None, jnp.ones((1, 1, 1, 1))).tolist()
    [[[[10.0]]]]
    """
    if narrow:
        _check_narrow(kernel, False, "conv2d_onto")
    block = _block(x, cast(jax.Array, kernel), strides, padding, dilation, groups, relu, False)
    packed = isinstance(kernel, PackedKernel)
    if block is None or addend.shape[-1] % LANES or (addend.dtype != x.dtype and not packed):
        y = conv2d_block(x, kernel, bias, strides, padding, dilation, groups) + addend
        return rectify(y) if relu else y
    how = {"geometry": block.geometry, "relu": relu}
    if isinstance(kernel, PackedKernel):
        return convolve_packed(x, kernel, bias, addend, **how, narrow=narrow)
    offset = jnp.zeros(kernel.shape[3], x.dtype) if bias is None else bias

    def native(x: jax.Array, kernel: jax.Array, bias: jax.Array, addend: jax.Array) -> jax.Array:
        return native_forward(x, kernel, bias, addend=addend, **how)[0]

    def plain(x: jax.Array, kernel: jax.Array, bias: jax.Array, addend: jax.Array) -> jax.Array:
        y = conv2d(x, kernel, bias, strides, padding, dilation, groups) + addend
        return rectify(y) if relu else y

    return either(native, plain, x, kernel, offset, addend)


def _check_narrow(kernel: jax.Array | PackedKernel, pool: bool, where: str) -> None:
    """Refuse to round an answer that no kernel rounds."""
    if isinstance(kernel, PackedKernel) and kernel.half and not pool and takes_halves():
        return
    happened = "narrow=True with " + ("pool=True" if pool else "a kernel that is not packed for bfloat16")
    expected = "a kernel packed under products_of('bfloat16') on a processor that multiplies such numbers"
    raise ArgumentError(Problem(where, happened, f"{expected}, and no pooling", "Leave narrow out."))


def _block(
    x: jax.Array,
    kernel: jax.Array,
    strides: int | Sequence[int],
    padding: Padding,
    dilation: int | Sequence[int],
    groups: int,
    relu: bool,
    pool: bool,
) -> Block | None:
    """The block's numbers; None where the separate operations are to run, or to say what is wrong."""
    taken = isinstance(kernel, PackedKernel) or fits(x, kernel, groups)
    if x.ndim != 4 or kernel.ndim != 4 or not taken or is_depthwise(kernel, groups):
        return None
    if x.shape[3] != kernel.shape[2] * groups or kernel.shape[3] % groups:
        return None
    steps = as_tuple(strides, 2, "conv2d_block", "strides")
    gaps = as_tuple(dilation, 2, "conv2d_block", "dilation")
    pads = resolve_padding(padding, x.shape[1:3], kernel.shape[:2], steps, gaps, where="conv2d_block")
    sizes = output_size(x.shape[1:3], kernel.shape[:2], steps, pads, gaps, where="conv2d_block")
    if pool and min(sizes) < 2:
        return None
    return Block(geometry_of((steps[0], steps[1]), pads, (gaps[0], gaps[1]), groups), relu, 2 if pool else 1)

"""The fully connected product."""

from __future__ import annotations

from typing import cast

import jax
import jax.numpy as jnp

from striate.errors import Problem, ShapeError
from striate.ops import _ways
from striate.ops._arguments import bias_fits, floats, per_channel, rank_is, same_type
from striate.ops._conv_native import affine, geometry_of
from striate.ops._packed import PackedKernel, convolve_packed


def dense(
    x: jax.typing.ArrayLike,
    kernel: jax.typing.ArrayLike | PackedKernel,
    bias: jax.typing.ArrayLike | None = None,
) -> jax.Array:
    """Connect every input with every unit: y = x kernel + bias, over the last axis of x.

    Args:
        x: (..., C) values.
        kernel: (C, F) weights.
        bias: (F,) or None.

    Returns:
        (..., F).

    Raises:
        ShapeError: the last axis of x is not the first of kernel.
        ArgumentError: x holds integers, or the types differ.

    >>> import jax.numpy as jnp
    >>> dense(jnp.ones((2, 3)), jnp.ones((3, 4)), jnp.ones(4))[0].tolist()
    [4.0, 4.0, 4.0, 4.0]
    """
    where = "dense"
    if isinstance(kernel, PackedKernel):
        inputs = floats(x, where)
        return _by_kernel(inputs, kernel, None if bias is None else floats(bias, where, "bias"))
    inputs, weights = floats(x, where), floats(kernel, where, "kernel")
    offset = None if bias is None else floats(bias, where, "bias")
    same_type(where, x=inputs, kernel=weights, bias=offset)
    rank_is(weights, 2, "(C, F)", where, "kernel")
    if inputs.ndim == 0 or inputs.shape[-1] != weights.shape[0]:
        happened = f"the last axis of x {inputs.shape} does not fit kernel {weights.shape}"
        cure = "Flatten the images first, or make the kernel for them."
        raise ShapeError(Problem(where, happened, f"{weights.shape[0]} values an example", cure))
    bias_fits(offset, weights.shape[1:], where)
    if _ways.half() and inputs.dtype == jnp.float32 and inputs.size and weights.size:
        return _by_kernel(inputs, weights, offset)
    y = jnp.matmul(inputs, weights)
    return y if offset is None else y + per_channel(offset, y.ndim)


def _by_kernel(x: jax.Array, kernel: jax.Array | PackedKernel, bias: jax.Array | None) -> jax.Array:
    """The same as a 1x1 convolution of a picture of one row, which knows about precision."""
    geometry = geometry_of((1, 1), ((0, 0), (0, 0)), (1, 1), 1)
    rows = x.reshape(1, 1, -1, x.shape[-1])
    if isinstance(kernel, PackedKernel):
        y = convolve_packed(rows, kernel, bias, None, geometry=geometry)
    else:
        offset = jnp.zeros(kernel.shape[1], x.dtype) if bias is None else bias
        y = cast(jax.Array, affine(rows, kernel[None, None], offset, geometry))
    return y.reshape(*x.shape[:-1], kernel.shape[1])

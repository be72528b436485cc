"""The fully connected product."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from striate.errors import Problem, ShapeError
from striate.ops._arguments import bias_fits, floats, per_channel, rank_is, same_type


def dense(
    x: jax.typing.ArrayLike, kernel: jax.typing.ArrayLike, bias: jax.typing.ArrayLike | None = None
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
    inputs, weights = floats(x, where), floats(kernel, where, "kernel")
    offset = None if bias is None else floats(bias, where, "bias")
    same_type(where, x=inputs, kernel=weights, bias=offset)
    rank_is(weights, 2, "(C, F)", where, "kernel")
    if inputs.ndim == 0 or inputs.shape[-1] != weights.shape[0]:
        happened = f"the last axis of x {inputs.shape} does not fit kernel {weights.shape}"
        cure = "Flatten the images first, or make the kernel for them."
        raise ShapeError(Problem(where, happened, f"{weights.shape[0]} values an example", cure))
    bias_fits(offset, weights.shape[1:], where)
    y = jnp.matmul(inputs, weights)
    return y if offset is None else y + per_channel(offset, y.ndim)

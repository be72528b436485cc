"""Operations that draw at random; the key is always a visible argument."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp

from striate.errors import ArgumentError, Problem, ShapeError
from striate.ops._arguments import floats


def dropout(
    x: jax.typing.ArrayLike, rate: float, key: jax.Array, noise_shape: Sequence[int | None] | None = None
) -> jax.Array:
    """Set each value to zero with probability `rate` and divide the others by 1 - rate.

    The mean stays what it was, so nothing needs to change at prediction (Srivastava and others, 2014).

    Args:
        x: (N, ...) values.
        rate: the share that is dropped, from 0 to 1.
        key: a key of `jax.random`.
        noise_shape: the shape of the random mask, with 1 where an axis drops as a whole and None where it is
            x's own; (None, 1, 1, None) drops whole feature maps.

    Returns:
        Values of x's shape and type.

    Raises:
        ArgumentError: the rate is out of range, or x holds integers.
        ShapeError: the noise shape does not fit x.

    >>> import jax
    >>> sorted(set(dropout(jax.numpy.ones(100), 0.5, jax.random.key(0)).tolist()))
    [0.0, 2.0]
    """
    values = floats(x, "dropout")
    if not 0 <= rate <= 1:
        cure = "Pass the share to drop, for instance rate=0.5."
        raise ArgumentError(Problem("dropout", f"rate is {rate!r}", "a number from 0 to 1", cure))
    shape = _mask_shape(values.shape, noise_shape)
    if rate == 0:
        return values
    if rate == 1:
        return jnp.zeros_like(values)
    mask = jax.random.bernoulli(key, 1 - rate, shape)
    return jnp.where(jnp.broadcast_to(mask, values.shape), values / (1 - rate), jnp.zeros_like(values))


def _mask_shape(shape: tuple[int, ...], noise_shape: Sequence[int | None] | None) -> tuple[int, ...]:
    """The mask's shape: x's own, or what the caller says with None filled in."""
    if noise_shape is None:
        return shape
    filled = tuple(shape[axis] if n is None else n for axis, n in enumerate(noise_shape[: len(shape)]))
    fits = len(noise_shape) == len(shape) and all(n in (1, s) for n, s in zip(filled, shape, strict=True))
    if not fits:
        expected = "an entry for each axis: None, 1, or x's own size"
        happened = f"noise_shape {tuple(noise_shape)} does not fit x {shape}"
        raise ShapeError(Problem("dropout", happened, expected, "Use for instance (None, 1, 1, None)."))
    return filled

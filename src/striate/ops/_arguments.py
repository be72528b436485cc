"""The checks of arrays and numbers that every operation shares; all of them look at shapes and types only."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp

from striate.errors import ArgumentError, Problem, ShapeError


def floats(value: jax.typing.ArrayLike, where: str, name: str = "x") -> jax.Array:
    """Make a floating-point array of `value`, or say why whole numbers are refused.

    Raises:
        ArgumentError: the values are integers or booleans, such as a raw uint8 picture.
    """
    array = jnp.asarray(value)
    if jnp.issubdtype(array.dtype, jnp.floating):
        return array
    cure = f"Scale them to floats first, for instance {name}.astype('float32') / 255."
    raise ArgumentError(Problem(where, f"{name} holds {array.dtype} values", "floating-point values", cure))


def same_type(where: str, **arrays: jax.Array | None) -> None:
    """Refuse arrays of different floating-point types, which would be promoted in silence.

    Raises:
        ArgumentError: two types differ.
    """
    types = {name: array.dtype for name, array in arrays.items() if array is not None}
    if len(set(types.values())) > 1:
        found = ", ".join(f"{name} is {dtype}" for name, dtype in types.items())
        first = next(iter(types))
        cure = f"Cast them, for instance with .astype({first}.dtype)."
        raise ArgumentError(Problem(where, found, "one floating-point type for all of them", cure))


def rank_is(array: jax.Array, rank: int, layout: str, where: str, name: str = "x") -> None:
    """Refuse an array with the wrong number of axes.

    Raises:
        ShapeError: it has not `rank` axes.
    """
    if array.ndim != rank:
        one = name == "x" and array.ndim == rank - 1
        cure = "One example alone needs a batch axis: x[None]." if one else ""
        cure = cure or f"Bring {name} to {rank} axes with reshape."
        happened = f"{name} has shape {array.shape}, {array.ndim} axes"
        raise ShapeError(Problem(where, happened, f"{rank} axes, {layout}", cure))


def bias_fits(bias: jax.Array | None, shape: tuple[int, ...], where: str) -> None:
    """Refuse a bias that is not one number for each filter.

    Raises:
        ShapeError: its shape is another.
    """
    if bias is not None and bias.shape != shape:
        cure = f"Give {shape[-1]} numbers, one for each filter, or bias=None."
        raise ShapeError(Problem(where, f"bias has shape {bias.shape}", f"shape {shape}", cure))


def widened(x: jax.Array) -> jax.Array:
    """x for long sums and logarithms: float32 where its own type is shorter."""
    return x if x.dtype == jnp.float64 else x.astype(jnp.float32)


def per_channel(values: jax.Array, rank: int) -> jax.Array:
    """Lift (C,) to (1, ..., 1, C), because ranks are never promoted in silence."""
    return values.reshape((1,) * (rank - values.ndim) + values.shape)


def raise_all(problems: Sequence[Problem]) -> None:
    """Raise one ShapeError for all problems, if there are any."""
    if problems:
        raise ShapeError(problems)

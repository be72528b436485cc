"""How a result comes about, where there is more than one way: said around the code that is traced."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

from striate.errors import ArgumentError, Problem

PRECISIONS = ("float32", "bfloat16")

_in_order: ContextVar[bool] = ContextVar("in_order", default=False)
_precision: ContextVar[str] = ContextVar("precision", default="float32")


@contextlib.contextmanager
def sums_in_order(wanted: bool = True) -> Iterator[None]:
    """Within it, every output of a convolution is the sum of its products, as its explanation tells it.

    Elsewhere a kernel may need fewer products (Winograd's), or multiply rounded numbers, which changes the
    last digits of the number. It counts while a program is traced, and `wanted=False` leaves things as they
    are.
    """
    before = _in_order.set(wanted or _in_order.get())
    try:
        yield
    finally:
        _in_order.reset(before)


@contextlib.contextmanager
def products_of(precision: str) -> Iterator[None]:
    """Within it, convolutions and dense layers multiply numbers of this precision and add up in float32.

    y = sum of round(x) round(w), where bfloat16 keeps eight of a float's 24 binary digits and its range; a
    gradient is made alike, from the rounded incoming gradient. Convolutions in groups stay as they are. It
    counts while a program is traced, and `sums_in_order` within it or around it wins.

    Args:
        precision: "float32" or "bfloat16".

    Raises:
        ArgumentError: there is no such precision.

    >>> import jax.numpy as jnp
    >>> from striate import ops
    >>> with products_of("bfloat16"):
    ...     float(ops.dense(jnp.array([[1 + 2**-9]]), jnp.ones((1, 1)))[0, 0])
    1.0
    """
    if precision not in PRECISIONS:
        raise ArgumentError(precision_problem(precision, "products_of"))
    before = _precision.set(precision)
    try:
        yield
    finally:
        _precision.reset(before)


def precision_problem(precision: object, where: str) -> Problem:
    """What is wrong with a precision that there is not."""
    cure = "Use 'float32', or 'bfloat16' to multiply rounded numbers."
    return Problem(where, f"the precision is {precision!r}", f"one of {', '.join(PRECISIONS)}", cure)


def in_order() -> bool:
    """True within `sums_in_order`."""
    return _in_order.get()


def half() -> bool:
    """True where products of bfloat16 numbers are wanted."""
    return _precision.get() == "bfloat16" and not in_order()

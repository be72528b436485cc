"""Layers that join several inputs: sum, difference, product, mean, maximum, minimum, concatenation."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp

from striate.layers._base import Layer, Result, Shape
from striate.layers._pointwise import axis_rule, example_axis
from striate.layers._rules import Rule
from striate.layers._shapes import refuse

_CURE = "Bring them to one shape first, for instance with padding='same', strides or Conv2D(filters, 1)."


def _need_several(layer: Layer, inputs: tuple[Shape, ...], exactly: int | None = None) -> None:
    if len(inputs) < 2 or (exactly is not None and len(inputs) != exactly):
        found = f"it got {len(inputs)} input{'' if len(inputs) == 1 else 's'}"
        expected = "at least two" if exactly is None else "exactly two"
        raise refuse(layer, found, expected, f"Call it on a list: {type(layer).__name__}()([a, b]).")


class _Merge(Layer):
    """What the elementwise layers share: shapes must be equal, but for axes of size 1, which are repeated."""

    COMBINE: ClassVar[Callable[[jax.Array, jax.Array], jax.Array]]
    EXACTLY: ClassVar[int | None] = None

    def output_shape(self, *inputs: Shape) -> Shape:
        """The common shape."""
        _need_several(self, inputs, self.EXACTLY)
        sizes = [set(axis) - {1} for axis in zip(*inputs, strict=False)]
        if len({len(shape) for shape in inputs}) > 1 or any(len(axis) > 1 for axis in sizes):
            listed, expected = ", ".join(map(str, inputs)), "equal shapes (an axis of size 1 is repeated)"
            raise refuse(self, f"the inputs have shapes {listed}", expected, _CURE)
        return tuple(axis.pop() if axis else 1 for axis in sizes)

    def macs(self, *inputs: Shape) -> int:
        """None but for products."""
        return 0

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, ...), (N, ...), ... -> (N, ...)."""
        return Result(functools.reduce(type(self).COMBINE, inputs))


@dataclass(frozen=True, repr=False)
class Add(_Merge):
    """The sum of the inputs, number by number.

    >>> Add().output_shape((7, 7, 16), (7, 7, 16))
    (7, 7, 16)
    """

    KIND: ClassVar[str] = "add"
    COMBINE: ClassVar[Callable[[jax.Array, jax.Array], jax.Array]] = jnp.add


@dataclass(frozen=True, repr=False)
class Subtract(_Merge):
    """The first of two inputs minus the second.

    >>> Subtract().output_shape((16,), (16,))
    (16,)
    """

    KIND: ClassVar[str] = "subtract"
    EXACTLY: ClassVar[int | None] = 2
    COMBINE: ClassVar[Callable[[jax.Array, jax.Array], jax.Array]] = jnp.subtract


@dataclass(frozen=True, repr=False)
class Multiply(_Merge):
    """The product of the inputs, number by number; an axis of size 1 is repeated.

    >>> Multiply().output_shape((7, 7, 16), (1, 1, 16))
    (7, 7, 16)
    """

    KIND: ClassVar[str] = "multiply"
    COMBINE: ClassVar[Callable[[jax.Array, jax.Array], jax.Array]] = jnp.multiply

    def macs(self, *inputs: Shape) -> int:
        """One for each number and each input after the first."""
        return math.prod(self.output_shape(*inputs)) * (len(inputs) - 1)


@dataclass(frozen=True, repr=False)
class Average(_Merge):
    """The mean of the inputs, number by number.

    >>> Average().output_shape((16,), (16,), (16,))
    (16,)
    """

    KIND: ClassVar[str] = "average"

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, ...), (N, ...), ... -> (N, ...)."""
        return Result(functools.reduce(jnp.add, inputs) / len(inputs))


@dataclass(frozen=True, repr=False)
class Maximum(_Merge):
    """The largest of the inputs, number by number; of equals each gets its part of the gradient.

    >>> Maximum().output_shape((16,), (16,))
    (16,)
    """

    KIND: ClassVar[str] = "maximum"
    COMBINE: ClassVar[Callable[[jax.Array, jax.Array], jax.Array]] = jnp.maximum


@dataclass(frozen=True, repr=False)
class Minimum(_Merge):
    """The smallest of the inputs, number by number; of equals each gets its part of the gradient.

    >>> Minimum().output_shape((16,), (16,))
    (16,)
    """

    KIND: ClassVar[str] = "minimum"
    COMBINE: ClassVar[Callable[[jax.Array, jax.Array], jax.Array]] = jnp.minimum


@dataclass(frozen=True, repr=False)
class Concatenate(Layer):
    """The inputs one behind the other along an axis.

    Args:
        axis: the axis, counted with the batch axis; -1 is the channels.

    >>> Concatenate().output_shape((7, 7, 16), (7, 7, 8))
    (7, 7, 24)
    """

    KIND: ClassVar[str] = "concat"
    RULES: ClassVar[Mapping[str, Rule]] = {"axis": axis_rule()}

    axis: int = -1

    def output_shape(self, *inputs: Shape) -> Shape:
        """The sizes along the axis added up."""
        _need_several(self, inputs)
        place = example_axis(self, inputs[0], self.axis)
        if len({(len(shape), shape[:place], shape[place + 1 :]) for shape in inputs}) > 1:
            listed, expected = ", ".join(map(str, inputs)), f"shapes that differ only on axis {self.axis}"
            raise refuse(self, f"the inputs have shapes {listed}", expected, _CURE)
        return (*inputs[0][:place], sum(shape[place] for shape in inputs), *inputs[0][place + 1 :])

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, ...), (N, ...), ... -> (N, ...)."""
        return Result(jnp.concatenate(inputs, self.axis))

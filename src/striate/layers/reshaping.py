"""Layers that only rearrange numbers: flatten, reshape, permute, repeat."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from striate.errors import Problem
from striate.layers._base import Layer, Result, Sees, Shape
from striate.layers._pointwise import Pointwise, axes_rule
from striate.layers._rule_kinds import data_format, whole
from striate.layers._rules import RefusedError, Rule, as_sequence, as_whole
from striate.layers._shapes import refuse, single


@dataclass(frozen=True, repr=False)
class Flatten(Layer):
    """All numbers of an example in one row, in reading order: (N, H, W, C) -> (N, H W C).

    >>> Flatten().output_shape((3, 3, 64))
    (576,)
    """

    KIND: ClassVar[str] = "flatten"
    SEES: ClassVar[Sees] = "all"
    RULES: ClassVar[Mapping[str, Rule]] = {"data_format": data_format()}

    data_format: str | None = "channels_last"

    def output_shape(self, *inputs: Shape) -> Shape:
        """The product of the axes."""
        return (math.prod(single(self, inputs)),)

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, ...) -> (N, features)."""
        (x,) = inputs
        return Result(x.reshape(x.shape[0], math.prod(x.shape[1:])))


def _target(value: Any, axes: int) -> tuple[int, ...]:
    """A shape in which one axis at most is -1."""
    found = tuple(as_whole(entry, -1) for entry in as_sequence(value))
    if 0 in found or found.count(-1) > 1:
        raise RefusedError
    return found


@dataclass(frozen=True, repr=False)
class Reshape(Layer):
    """The same numbers, in reading order, under another shape.

    Args:
        target_shape: the shape of one example, without the batch axis; one -1 stands for what is left.

    >>> Reshape((7, 7, -1)).output_shape((784,))
    (7, 7, 16)
    """

    KIND: ClassVar[str] = "reshape"
    SEES: ClassVar[Sees] = "all"
    RULES: ClassVar[Mapping[str, Rule]] = {
        "target_shape": Rule(
            "shape",
            "a tuple of whole numbers of at least 1, of which one may be -1",
            "Leave the batch axis out, as in (7, 7, 64).",
            _target,
            (None, 28, "28", (0, 2), (-1, -1), (2.5,), (None, 3)),
        )
    }

    target_shape: Any

    def output_shape(self, *inputs: Shape) -> Shape:
        """The target, its -1 filled in."""
        shape = single(self, inputs)
        size, known = math.prod(shape), math.prod(entry for entry in self.target_shape if entry != -1)
        if -1 in self.target_shape and size % known == 0:
            return tuple(size // known if entry == -1 else entry for entry in self.target_shape)
        if size != known:
            happened = f"the input {shape} has {size} numbers, the target {self.target_shape} has {known}"
            expected = f"a multiple of {known}" if -1 in self.target_shape else "the same number of them"
            raise refuse(self, happened, expected, "Change target_shape or the layer before.")
        return self.target_shape

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, ...) -> (N, *target_shape)."""
        (x,) = inputs
        return Result(x.reshape(x.shape[0], *self.output_shape(x.shape[1:])))


@dataclass(frozen=True, repr=False)
class Permute(Layer):
    """The axes of each example in another order.

    Args:
        dims: the order, counted from 1 as in Keras: (2, 1, 3) swaps height and width.

    >>> Permute((3, 1, 2)).output_shape((28, 20, 3))
    (3, 28, 20)
    """

    KIND: ClassVar[str] = "permute"
    SEES: ClassVar[Sees] = "all"
    RULES: ClassVar[Mapping[str, Rule]] = {"dims": axes_rule("Name each axis once, as in (2, 1, 3).")}

    dims: Any

    def conflicts(self) -> Iterable[Problem]:
        """Axes that are left out."""
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            expected = f"the numbers from 1 to {len(self.dims)} in some order"
            yield Problem(
                "Permute.dims", f"got {self.dims}", expected, "Name each axis once, as in (2, 1, 3)."
            )

    def output_shape(self, *inputs: Shape) -> Shape:
        """The axes in their new order."""
        shape = single(self, inputs)
        if len(shape) != len(self.dims):
            happened = f"the input {shape} has {len(shape)} axes and dims {self.dims} has {len(self.dims)}"
            raise refuse(self, happened, "as many as the input has", "Change dims.")
        return tuple(shape[axis - 1] for axis in self.dims)

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, ...) -> (N, ...), transposed."""
        (x,) = inputs
        return Result(jnp.transpose(x, (0, *self.dims)))


@dataclass(frozen=True, repr=False)
class RepeatVector(Layer):
    """The same vector n times: (N, features) -> (N, n, features).

    Args:
        n: how many times.

    >>> RepeatVector(3).output_shape((16,))
    (3, 16)
    """

    KIND: ClassVar[str] = "repeat"
    SEES: ClassVar[Sees] = "all"
    RULES: ClassVar[Mapping[str, Rule]] = {"n": whole("Give how many times to repeat.")}

    n: int

    def output_shape(self, *inputs: Shape) -> Shape:
        """(features,) -> (n, features)."""
        shape = single(self, inputs)
        if len(shape) != 1:
            raise refuse(
                self, f"the input {shape} has {len(shape)} axes", "one axis", "Put Flatten before it."
            )
        return (self.n, *shape)

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, features) -> (N, n, features)."""
        (x,) = inputs
        return Result(jnp.repeat(x[:, None], self.n, axis=1))


@dataclass(frozen=True, repr=False)
class Identity(Pointwise):
    """The input as it is; useful as a named place.

    >>> Identity().output_shape((7, 7, 16))
    (7, 7, 16)
    """

    KIND: ClassVar[str] = "identity"

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, ...) -> the same."""
        (x,) = inputs
        return Result(x)

"""Activations as layers of their own."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from striate import ops
from striate.layers._activations import ACTIVATION
from striate.layers._base import Result, Shape, Weight
from striate.layers._pointwise import Pointwise, axes_rule, axis_rule, example_axis
from striate.layers._rule_kinds import number
from striate.layers._rules import Rule, optional
from striate.layers._shapes import refuse, single
from striate.layers.initializers import INITIALIZER
from striate.layers.regularizers import REGULARIZER

_SLOPE = number("Give a slope such as 0.1.", minimum=0.0)


@dataclass(frozen=True, repr=False)
class Activation(Pointwise):
    """Any activation by its name.

    Args:
        activation: a name such as "relu", or one of the functions of `striate.ops`.

    >>> Activation(ops.tanh)
    Activation('tanh')
    """

    KIND: ClassVar[str] = "activation"
    RULES: ClassVar[Mapping[str, Rule]] = {"activation": ACTIVATION}

    activation: Any

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, ...) -> (N, ...)."""
        (x,) = inputs
        return Result(ops.ACTIVATIONS[self.activation](x))


@dataclass(frozen=True, repr=False)
class ReLU(Pointwise):
    """max(x, 0), or with a slope below the threshold and a ceiling.

    y = max_value where x >= max_value, x where x > threshold, else negative_slope * (x - threshold)

    Args:
        max_value: the ceiling, or None.
        negative_slope: the slope below the threshold.
        threshold: where the line begins.

    >>> ReLU(max_value=6).output_shape((7, 7, 16))
    (7, 7, 16)
    """

    KIND: ClassVar[str] = "relu"
    RULES: ClassVar[Mapping[str, Rule]] = {
        "max_value": optional(number("Give a ceiling such as 6, or None.", minimum=0.0)),
        "negative_slope": _SLOPE,
        "threshold": number("Give a threshold such as 0.", minimum=0.0),
    }

    max_value: float | None = None
    negative_slope: float = 0.0
    threshold: float = 0.0

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, ...) -> (N, ...)."""
        (x,) = inputs
        return Result(ops.relu(x, self.negative_slope, self.max_value, self.threshold))


@dataclass(frozen=True, repr=False)
class LeakyReLU(Pointwise):
    """x above 0, negative_slope * x below (Maas et al., 2013).

    Args:
        negative_slope: Keras' layer has 0.3; PyTorch and the activation "leaky_relu" have other defaults.

    >>> LeakyReLU(0.1)
    LeakyReLU(negative_slope=0.1)
    """

    KIND: ClassVar[str] = "leaky_relu"
    RULES: ClassVar[Mapping[str, Rule]] = {"negative_slope": _SLOPE}

    negative_slope: float = 0.3

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, ...) -> (N, ...)."""
        (x,) = inputs
        return Result(ops.leaky_relu(x, self.negative_slope))


@dataclass(frozen=True, repr=False)
class ELU(Pointwise):
    """x above 0, alpha * (exp(x) - 1) below (Clevert et al., 2016).

    >>> ELU(0.5)
    ELU(alpha=0.5)
    """

    KIND: ClassVar[str] = "elu"
    RULES: ClassVar[Mapping[str, Rule]] = {"alpha": number("Give a number such as 1.", minimum=0.0)}

    alpha: float = 1.0

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, ...) -> (N, ...)."""
        (x,) = inputs
        return Result(ops.elu(x, self.alpha))


@dataclass(frozen=True, repr=False)
class PReLU(Pointwise):
    """x above 0, alpha * x below, where alpha is learned: one number for each place of an example.

    Args:
        alpha_initializer, alpha_regularizer: how alpha starts and what the loss adds for it.
        shared_axes: axes along which alpha is the same, counted from 1; (1, 2) leaves one for each channel.

    >>> PReLU(shared_axes=(1, 2)).weights((7, 7, 16))["alpha"].shape
    (1, 1, 16)

    He et al., Delving deep into rectifiers, 2015.
    """

    KIND: ClassVar[str] = "prelu"
    RULES: ClassVar[Mapping[str, Rule]] = {
        "alpha_initializer": INITIALIZER,
        "alpha_regularizer": REGULARIZER,
        "shared_axes": optional(axes_rule("Name the axes that share alpha, such as (1, 2).")),
    }

    alpha_initializer: Any = "zeros"
    alpha_regularizer: Any = None
    shared_axes: Any = None

    def output_shape(self, *inputs: Shape) -> Shape:
        """The same shape."""
        shape = single(self, inputs)
        if any(axis > len(shape) for axis in self.shared_axes or ()):
            happened = f"the input {shape} has no axis {max(self.shared_axes)}"
            raise refuse(self, happened, f"shared_axes up to {len(shape)}", "Count the axes from 1.")
        return shape

    def weights(self, *inputs: Shape) -> dict[str, Weight]:
        """alpha, of the input's shape with 1 on shared axes."""
        shared = self.shared_axes or ()
        shape = tuple(1 if axis in shared else size for axis, size in enumerate(single(self, inputs), 1))
        return {"alpha": Weight(shape, self.alpha_initializer, True, self.alpha_regularizer)}

    def macs(self, *inputs: Shape) -> int:
        """One for each number."""
        return math.prod(single(self, inputs))

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, ...) -> (N, ...)."""
        (x,) = inputs
        return Result(jnp.where(x > 0, x, weights["alpha"][None] * x))


@dataclass(frozen=True, repr=False)
class Softmax(Pointwise):
    """exp(x) / sum exp(x) along an axis: positive numbers that add up to 1.

    Args:
        axis: the axis, counted with the batch axis. The largest number is subtracted first, against overflow.

    >>> Softmax().output_shape((10,))
    (10,)
    """

    KIND: ClassVar[str] = "softmax"
    RULES: ClassVar[Mapping[str, Rule]] = {"axis": axis_rule()}

    axis: int = -1

    def output_shape(self, *inputs: Shape) -> Shape:
        """The same shape."""
        shape = single(self, inputs)
        example_axis(self, shape, self.axis)
        return shape

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, ...) -> (N, ...)."""
        (x,) = inputs
        return Result(ops.softmax(x, self.axis))

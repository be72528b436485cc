"""The fully connected layer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import jax

from striate import ops
from striate.layers._activations import finish
from striate.layers._base import Layer, Result, Shape, Weight
from striate.layers._conv_shared import CONV_RULES
from striate.layers._rule_kinds import whole
from striate.layers._rules import Rule
from striate.layers._shapes import refuse, single

_SHARED = ("activation", "use_bias", "kernel_initializer", "bias_initializer")


@dataclass(frozen=True, repr=False)
class Dense(Layer):
    """Every unit sees every input: out = activation(x @ kernel + bias), on the last axis.

    Args:
        units: how many outputs.
        activation: a name such as "relu", or None.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: how the weights start.
        kernel_regularizer, bias_regularizer: what the loss adds for them.

    >>> dense = Dense(10, activation="softmax")
    >>> dense.output_shape((64,)), dense.macs((64,))
    ((10,), 640)

    As in Keras, an input of more axes is not flattened: the layer works on its last axis.
    """

    KIND: ClassVar[str] = "dense"
    SEES: ClassVar[Literal["point", "window", "all"]] = "all"
    RULES: ClassVar[Mapping[str, Rule]] = {
        "units": whole("Give the number of outputs, such as 10."),
        **{name: CONV_RULES[name] for name in (*_SHARED, "kernel_regularizer", "bias_regularizer")},
    }

    units: int
    activation: Any = None
    use_bias: bool = True
    kernel_initializer: Any = "glorot_uniform"
    bias_initializer: Any = "zeros"
    kernel_regularizer: Any = None
    bias_regularizer: Any = None

    def output_shape(self, *inputs: Shape) -> Shape:
        """(..., features) -> (..., units)."""
        shape = single(self, inputs)
        if not shape:
            cure = "Give each example at least one number, for instance with Reshape((1,))."
            raise refuse(self, "the input () has no axis", "at least one axis", cure)
        return (*shape[:-1], self.units)

    def weights(self, *inputs: Shape) -> dict[str, Weight]:
        """kernel (features, units) and bias (units,)."""
        shape = (single(self, inputs)[-1], self.units)
        declared = {"kernel": Weight(shape, self.kernel_initializer, True, self.kernel_regularizer)}
        if self.use_bias:
            declared["bias"] = Weight((self.units,), self.bias_initializer, True, self.bias_regularizer)
        return declared

    def macs(self, *inputs: Shape) -> int:
        """Inputs times units."""
        return math.prod(single(self, inputs)) * self.units

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, ..., features) -> (N, ..., units)."""
        (x,) = inputs
        z = ops.dense(x, weights["kernel"], weights.get("bias"))
        return finish(z, self.activation)

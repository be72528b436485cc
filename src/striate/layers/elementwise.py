"""Small layers that old networks have between their convolutions: a stretched tangent, a bias on its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import jax

from striate import ops
from striate.layers._base import Result, Shape, Weight
from striate.layers._pointwise import Pointwise
from striate.layers._rule_kinds import number
from striate.layers._rules import Rule
from striate.layers._shapes import single
from striate.layers.initializers import INITIALIZER
from striate.layers.regularizers import REGULARIZER


@dataclass(frozen=True, repr=False)
class ScaledTanh(Pointwise):
    """The hyperbolic tangent, stretched: y = amplitude tanh(slope x).

    Args:
        amplitude: the largest answer. slope: how steep it is. With the defaults it sends 1 to 1 and -1 to -1,
            where its curvature is largest, so that targets of +1 and -1 are not out of reach.

    >>> ScaledTanh().output_shape((28, 28, 6))
    (28, 28, 6)

    LeCun et al., Gradient-based learning applied to document recognition, 1998, equation (6) and appendix A.
    """

    KIND: ClassVar[str] = "scaled_tanh"
    RULES: ClassVar[Mapping[str, Rule]] = {
        "amplitude": number("Give a number such as 1.7159."),
        "slope": number("Give a number such as 0.667."),
    }

    amplitude: float = 1.7159
    slope: float = 2 / 3

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, ...) -> (N, ...)."""
        (x,) = inputs
        return Result(self.amplitude * ops.tanh(self.slope * x))


@dataclass(frozen=True, repr=False)
class Bias(Pointwise):
    """A bias of its own for every number of an example: y[n, ...] = x[n, ...] + bias[...].

    Args:
        bias_initializer, bias_regularizer: how it starts, and what the loss adds for it.

    Convolutions and dense layers have biases already; this is for a layer whose bias differs from place to
    place while its kernel does not.

    >>> Bias().weights((19, 19, 1))["bias"].shape
    (19, 19, 1)

    Silver et al., Mastering the game of Go with deep neural networks and tree search, 2016, methods.
    """

    KIND: ClassVar[str] = "bias"
    RULES: ClassVar[Mapping[str, Rule]] = {"bias_initializer": INITIALIZER, "bias_regularizer": REGULARIZER}

    bias_initializer: Any = "zeros"
    bias_regularizer: Any = None

    def weights(self, *inputs: Shape) -> dict[str, Weight]:
        """bias, of the input's shape."""
        return {"bias": Weight(single(self, inputs), self.bias_initializer, True, self.bias_regularizer)}

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, ...) -> (N, ...)."""
        (x,) = inputs
        return Result(x + weights["bias"][None])

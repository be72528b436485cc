"""Convolution in one and two dimensions, with strides, dilation and groups."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import jax

from striate import ops
from striate.errors import Problem
from striate.layers._activations import finish
from striate.layers._base import Layer, Result, Shape, Weight, Window
from striate.layers._conv_shared import CONV_RULES, fit, need_groups, window_of
from striate.layers._rules import Rule, Sizes
from striate.layers._shapes import image


@dataclass(frozen=True)
class _Conv(Layer):
    """The part of Conv1D and Conv2D that does not depend on the number of axes."""

    KIND: ClassVar[str] = "conv"
    SEES: ClassVar[Literal["point", "window", "all"]] = "window"
    RULES: ClassVar[Mapping[str, Rule]] = CONV_RULES

    filters: int
    kernel_size: Sizes
    strides: Sizes = 1
    padding: Any = "valid"
    data_format: str | None = "channels_last"
    dilation_rate: Sizes = 1
    groups: int = 1
    activation: Any = None
    use_bias: bool = True
    kernel_initializer: Any = "glorot_uniform"
    bias_initializer: Any = "zeros"
    kernel_regularizer: Any = None
    bias_regularizer: Any = None

    def conflicts(self) -> Iterable[Problem]:
        """Filters that do not fall into equal groups."""
        if self.filters % self.groups:
            found = f"{self.filters} filters cannot be split into {self.groups} equal groups"
            cure = "Change filters or groups."
            yield Problem(f"{type(self).__name__}.groups", found, "a divisor of filters", cure)

    def output_shape(self, *inputs: Shape) -> Shape:
        """(..., channels) -> (windows on each axis..., filters)."""
        *sizes, channels = image(self, inputs)
        need_groups(self, channels, self.groups)
        return (*fit(self, tuple(sizes), window_of(self, tuple(sizes))), self.filters)

    def weights(self, *inputs: Shape) -> dict[str, Weight]:
        """kernel (*kernel_size, channels / groups, filters) and bias (filters,)."""
        channels = image(self, inputs)[-1]
        shape = (*self.kernel_size, channels // self.groups, self.filters)
        declared = {"kernel": Weight(shape, self.kernel_initializer, True, self.kernel_regularizer)}
        if self.use_bias:
            declared["bias"] = Weight((self.filters,), self.bias_initializer, True, self.bias_regularizer)
        return declared

    def window(self, *inputs: Shape) -> Window:
        """The kernel's window."""
        return window_of(self, image(self, inputs)[:-1])

    def macs(self, *inputs: Shape) -> int:
        """One for each kernel entry at each output position."""
        positions = math.prod(self.output_shape(*inputs)[:-1])
        return positions * math.prod(self.weights(*inputs)["kernel"].shape)

    def _run(self, op: Callable[..., jax.Array], weights: Mapping[str, jax.Array], x: jax.Array) -> Result:
        how = {"strides": self.strides, "padding": self.padding, "dilation": self.dilation_rate}
        z = op(x, weights["kernel"], weights.get("bias"), groups=self.groups, **how)
        return finish(z, self.activation)


@dataclass(frozen=True)
class Conv1D(_Conv):
    """Slides kernels along a row: out[n, i, f] = bias[f] + sum_{a, c} x[n, i s + a d, c] kernel[a, c, f].

    Args:
        filters: how many kernels, and so output channels.
        kernel_size, strides, dilation_rate: ints (or tuples of one): k, s and d.
        padding: "valid" (none), "same" (ceil(W / s) outputs), "causal" (only the past is seen), an int for both
            sides, or ((before, after),).
        data_format: "channels_last" or None.
        groups: into how many groups channels and filters are split.
        activation: a name such as "relu", or None.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: how the weights start.
        kernel_regularizer, bias_regularizer: what the loss adds for them.

    >>> Conv1D(8, 3, strides=2, padding="same").output_shape((11, 4))
    (6, 8)

    Unlike Keras, strides and dilation may both exceed 1, and the padding may be said in numbers.
    """

    AXES: ClassVar[int] = 1

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, W, C) -> (N, W', filters)."""
        return self._run(ops.conv1d, weights, *inputs)


@dataclass(frozen=True)
class Conv2D(_Conv):
    """Slides kernels over a picture: out[n, i, j, f] = bias[f] + sum_{a, b, c} x[n, i s + a d, j s + b d, c] kernel[a, b, c, f].

    Args:
        filters: how many kernels, and so output channels.
        kernel_size, strides, dilation_rate: k, s and d, an int or one for each axis.
        padding: "valid" (none), "same" (ceil(H / s) outputs, the odd zero at the far side), an int for all sides,
            or ((top, bottom), (left, right)).
        data_format: "channels_last" or None.
        groups: into how many groups channels and filters are split.
        activation: a name such as "relu", or None.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: how the weights start.
        kernel_regularizer, bias_regularizer: what the loss adds for them.

    >>> conv = Conv2D(32, 3, activation="relu")
    >>> conv.output_shape((28, 28, 1))
    (26, 26, 32)
    >>> {name: weight.shape for name, weight in conv.weights((28, 28, 1)).items()}
    {'kernel': (3, 3, 1, 32), 'bias': (32,)}

    Unlike Keras, strides and dilation may both exceed 1, and the padding may be said in numbers.
    """

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, H, W, C) -> (N, H', W', filters)."""
        return self._run(ops.conv2d, weights, *inputs)

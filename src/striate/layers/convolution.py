"""Convolution in one and two dimensions, with strides, dilation and groups."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import jax

from striate import ops
from striate.errors import Problem
from striate.layers._activations import finish
from striate.layers._base import Layer, Result, Sees, Shape, Weight, Window
from striate.layers._conv_shared import (
    CAUSAL_PADDING,
    CONV_RULES,
    declare,
    fit,
    group_conflicts,
    need_groups,
    window_of,
)
from striate.layers._rules import Rule, Sizes
from striate.layers._shapes import image


@dataclass(frozen=True, repr=False)
class _Conv(Layer):
    """The part of Conv1D and Conv2D that does not depend on the number of axes."""

    KIND: ClassVar[str] = "conv"
    SEES: ClassVar[Sees] = "window"
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
        return group_conflicts(type(self).__name__, self.filters, self.groups)

    def output_shape(self, *inputs: Shape) -> Shape:
        """(..., channels) -> (windows on each axis..., filters)."""
        *sizes, channels = image(self, inputs)
        need_groups(self, channels, self.groups)
        return (*fit(self, tuple(sizes), window_of(self, tuple(sizes))), self.filters)

    def weights(self, *inputs: Shape) -> dict[str, Weight]:
        """kernel (*kernel_size, channels / groups, filters) and bias (filters,)."""
        channels = image(self, inputs)[-1]
        kernel = (*self.kernel_size, channels // self.groups, self.filters)
        return declare(self, (self.filters,), kernel=kernel)

    def window(self, *inputs: Shape) -> Window:
        """The kernel's window."""
        return window_of(self, image(self, inputs)[:-1])

    def macs(self, *inputs: Shape) -> int:
        """One for each kernel entry at each output position."""
        positions = math.prod(self.output_shape(*inputs)[:-1])
        return positions * math.prod(self.weights(*inputs)["kernel"].shape)

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, ..., channels) -> (N, ..., filters)."""
        (x,), op = inputs, ops.conv1d if self.AXES == 1 else ops.conv2d
        how = {"strides": self.strides, "padding": self.padding, "dilation": self.dilation_rate}
        z = op(x, weights["kernel"], weights.get("bias"), groups=self.groups, **how)
        return finish(z, self.activation)


@dataclass(frozen=True, repr=False)
class Conv1D(_Conv):
    """Slides kernels along a row: z[n, i, f] = bias[f] + sum_{u, c} x[n, i s + u d, c] kernel[u, c, f].

    Args:
        filters: how many kernels, and so output channels.
        kernel_size, strides, dilation_rate: its length, s and d, each an int or a tuple of one.
        padding: "valid" (none), "same" (ceil(W / s) outputs), "causal" (no output sees later inputs), an int
            for both sides, or ((before, after),).
        data_format: "channels_last" or None.
        groups: into how many groups channels and filters are split.
        activation: a name such as "relu", or None.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: how the weights start.
        kernel_regularizer, bias_regularizer: what the loss adds for them.

    >>> Conv1D(8, 3, strides=2, padding="same").output_shape((11, 4))
    (6, 8)

    Unlike in Keras, strides and dilation may both exceed 1, and the padding may be given in numbers.
    """

    AXES: ClassVar[int] = 1
    RULES: ClassVar[Mapping[str, Rule]] = CAUSAL_PADDING


@dataclass(frozen=True, repr=False)
class Conv2D(_Conv):
    """Slides kernels over a picture (cross-correlation, the kernel is not flipped).

    z[n, i, j, f] = bias[f] + sum_{u, v, c} x[n, i s + u d, j s + v d, c] kernel[u, v, c, f]

    Args:
        filters: how many kernels, and so output channels.
        kernel_size, strides, dilation_rate: its size, s and d, each an int or (vertical, horizontal).
        padding: "valid" (none), "same" (ceil(H / s) outputs, the odd zero at the far side), an int for all
            sides, or ((top, bottom), (left, right)).
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

    Unlike in Keras, strides and dilation may both exceed 1, and the padding may be given in numbers.
    """


# Keras' second names.
Convolution1D = Conv1D
Convolution2D = Conv2D

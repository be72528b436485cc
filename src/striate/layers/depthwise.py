"""Convolution of each channel on its own, alone or followed by a pointwise one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import jax

from striate import ops
from striate.layers._activations import finish
from striate.layers._base import Layer, Result, Sees, Shape, Weight, Window
from striate.layers._conv_shared import CAUSAL_PADDING, CONV_RULES, declare, fit, window_of
from striate.layers._rules import Rule, Sizes
from striate.layers._shapes import image


@dataclass(frozen=True, repr=False)
class _Depthwise(Layer):
    """The part of DepthwiseConv1D and 2D that does not depend on the number of axes."""

    KIND: ClassVar[str] = "depthwise"
    SEES: ClassVar[Sees] = "window"
    RULES: ClassVar[Mapping[str, Rule]] = CONV_RULES

    kernel_size: Sizes
    strides: Sizes = 1
    padding: Any = "valid"
    depth_multiplier: int = 1
    data_format: str | None = "channels_last"
    dilation_rate: Sizes = 1
    activation: Any = None
    use_bias: bool = True
    depthwise_initializer: Any = "glorot_uniform"
    bias_initializer: Any = "zeros"
    depthwise_regularizer: Any = None
    bias_regularizer: Any = None

    def output_shape(self, *inputs: Shape) -> Shape:
        """(..., channels) -> (windows on each axis..., channels * depth_multiplier)."""
        *sizes, channels = image(self, inputs)
        return (*fit(self, tuple(sizes), window_of(self, tuple(sizes))), channels * self.depth_multiplier)

    def weights(self, *inputs: Shape) -> dict[str, Weight]:
        """kernel (*kernel_size, channels, depth_multiplier) and bias."""
        channels = image(self, inputs)[-1]
        shape = (*self.kernel_size, channels, self.depth_multiplier)
        kernel = Weight(shape, self.depthwise_initializer, True, self.depthwise_regularizer)
        return {"kernel": kernel, **declare(self, (channels * self.depth_multiplier,))}

    def window(self, *inputs: Shape) -> Window:
        """The kernel's window."""
        return window_of(self, image(self, inputs)[:-1])

    def macs(self, *inputs: Shape) -> int:
        """One for each tap of each output number."""
        return math.prod(self.output_shape(*inputs)) * math.prod(self.kernel_size)

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, ..., C) -> (N, ..., C depth_multiplier)."""
        (x,), op = inputs, ops.depthwise_conv1d if self.AXES == 1 else ops.depthwise_conv2d
        how = {"strides": self.strides, "padding": self.padding, "dilation": self.dilation_rate}
        return finish(op(x, weights["kernel"], weights.get("bias"), **how), self.activation)


@dataclass(frozen=True, repr=False)
class DepthwiseConv1D(_Depthwise):
    """Each channel of a row has its own `depth_multiplier` kernels, and channels do not mix.

    z[n, i, c m + q] = bias[c m + q] + sum_u x[n, i s + u d, c] kernel[u, c, q]

    Args:
        kernel_size, strides, dilation_rate: its length, s and d.
        padding: "valid", "same", "causal", an int, or ((before, after),).
        depth_multiplier: m, how many outputs each channel has.
        data_format, activation, use_bias and the initializers and regularizers: as for Conv1D.

    >>> DepthwiseConv1D(3, depth_multiplier=2).output_shape((10, 4))
    (8, 8)
    """

    AXES: ClassVar[int] = 1
    RULES: ClassVar[Mapping[str, Rule]] = CAUSAL_PADDING


@dataclass(frozen=True, repr=False)
class DepthwiseConv2D(_Depthwise):
    """Each channel has its own `depth_multiplier` kernels, and channels do not mix.

    z[n, i, j, c m + q] = bias[c m + q] + sum_{u, v} x[n, i s + u d, j s + v d, c] kernel[u, v, c, q]

    Args:
        kernel_size, strides, dilation_rate: its size, s and d, each an int or (vertical, horizontal).
        padding: "valid", "same", an int, or ((top, bottom), (left, right)).
        depth_multiplier: m, how many outputs each channel has.
        data_format, activation, use_bias and the initializers and regularizers: as for Conv2D.

    >>> DepthwiseConv2D(3, strides=2, padding="same").output_shape((28, 28, 16))
    (14, 14, 16)
    """


@dataclass(frozen=True, repr=False)
class _Separable(Layer):
    """The part of SeparableConv1D and 2D that does not depend on the number of axes."""

    KIND: ClassVar[str] = "separable"
    SEES: ClassVar[Sees] = "window"
    RULES: ClassVar[Mapping[str, Rule]] = CONV_RULES

    filters: int
    kernel_size: Sizes
    strides: Sizes = 1
    padding: Any = "valid"
    data_format: str | None = "channels_last"
    dilation_rate: Sizes = 1
    depth_multiplier: int = 1
    activation: Any = None
    use_bias: bool = True
    depthwise_initializer: Any = "glorot_uniform"
    pointwise_initializer: Any = "glorot_uniform"
    bias_initializer: Any = "zeros"
    depthwise_regularizer: Any = None
    pointwise_regularizer: Any = None
    bias_regularizer: Any = None

    def output_shape(self, *inputs: Shape) -> Shape:
        """(..., channels) -> (windows on each axis..., filters)."""
        sizes = image(self, inputs)[:-1]
        return (*fit(self, sizes, window_of(self, sizes)), self.filters)

    def weights(self, *inputs: Shape) -> dict[str, Weight]:
        """depthwise_kernel (..., C, multiplier), pointwise_kernel (..., C multiplier, filters) and bias."""
        channels, ones = image(self, inputs)[-1], (1,) * self.AXES
        depthwise = (*self.kernel_size, channels, self.depth_multiplier)
        pointwise = (*ones, channels * self.depth_multiplier, self.filters)
        return declare(self, (self.filters,), depthwise_kernel=depthwise, pointwise_kernel=pointwise)

    def window(self, *inputs: Shape) -> Window:
        """The window of the depthwise part; the pointwise part looks at one position."""
        return window_of(self, image(self, inputs)[:-1])

    def macs(self, *inputs: Shape) -> int:
        """Those of the depthwise part and those of the pointwise part."""
        positions = math.prod(self.output_shape(*inputs)[:-1])
        between = image(self, inputs)[-1] * self.depth_multiplier
        return positions * between * (math.prod(self.kernel_size) + self.filters)

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, ..., C) -> (N, ..., filters); what lies between the two parts is `inside["depthwise"]`."""
        (x,), depthwise, pointwise = inputs, ops.depthwise_conv1d, ops.conv1d
        if self.AXES == 2:
            depthwise, pointwise = ops.depthwise_conv2d, ops.conv2d
        how = {"strides": self.strides, "padding": self.padding, "dilation": self.dilation_rate}
        between = depthwise(x, weights["depthwise_kernel"], **how)
        done = finish(pointwise(between, weights["pointwise_kernel"], weights.get("bias")), self.activation)
        return done._replace(inside={"depthwise": between, **done.inside})


@dataclass(frozen=True, repr=False)
class SeparableConv1D(_Separable):
    """A depthwise convolution of rows, then a pointwise one; see SeparableConv2D.

    >>> SeparableConv1D(16, 3).output_shape((10, 4))
    (8, 16)
    """

    AXES: ClassVar[int] = 1
    RULES: ClassVar[Mapping[str, Rule]] = CAUSAL_PADDING


@dataclass(frozen=True, repr=False)
class SeparableConv2D(_Separable):
    """A depthwise convolution without bias, then a 1x1 convolution that mixes the channels.

    Args:
        filters: how many output channels.
        kernel_size, strides, padding, dilation_rate, depth_multiplier: those of the depthwise part.
        data_format, activation, use_bias: as for Conv2D.
        depthwise_initializer, pointwise_initializer, bias_initializer: how the weights start.
        depthwise_regularizer, pointwise_regularizer, bias_regularizer: what the loss adds for them.

    >>> layer = SeparableConv2D(16, 3, use_bias=False)
    >>> layer.output_shape((28, 28, 8)), layer.macs((28, 28, 8))
    ((26, 26, 16), 135200)

    Chollet, Xception, 2017.
    """

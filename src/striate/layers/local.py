"""Locally connected layers: windows as in a convolution, but each place has weights of its own."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import jax

from striate import ops
from striate.layers._activations import finish
from striate.layers._base import Layer, Result, Sees, Shape, Weight, Window
from striate.layers._conv_shared import CONV_RULES, declare, fit, window_of
from striate.layers._rules import Rule, Sizes
from striate.layers._shapes import image


@dataclass(frozen=True, repr=False)
class _Local(Layer):
    """The part of LocallyConnected1D and 2D that does not depend on the number of axes."""

    KIND: ClassVar[str] = "local"
    SEES: ClassVar[Sees] = "window"
    RULES: ClassVar[Mapping[str, Rule]] = CONV_RULES

    filters: int
    kernel_size: Sizes
    strides: Sizes = 1
    padding: Any = "valid"
    data_format: str | None = "channels_last"
    activation: Any = None
    use_bias: bool = True
    kernel_initializer: Any = "glorot_uniform"
    bias_initializer: Any = "zeros"
    kernel_regularizer: Any = None
    bias_regularizer: Any = None

    def output_shape(self, *inputs: Shape) -> Shape:
        """(..., channels) -> (windows on each axis..., filters)."""
        sizes = image(self, inputs)[:-1]
        return (*fit(self, sizes, window_of(self, sizes)), self.filters)

    def weights(self, *inputs: Shape) -> dict[str, Weight]:
        """kernel (places..., window * channels, filters) and bias (places..., filters)."""
        places = self.output_shape(*inputs)[:-1]
        taps = math.prod(self.kernel_size) * image(self, inputs)[-1]
        return declare(self, (*places, self.filters), kernel=(*places, taps, self.filters))

    def window(self, *inputs: Shape) -> Window:
        """The window at each place."""
        return window_of(self, image(self, inputs)[:-1])

    def macs(self, *inputs: Shape) -> int:
        """One for each entry of the kernel."""
        return math.prod(self.weights(*inputs)["kernel"].shape)

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, ..., channels) -> (N, ..., filters)."""
        (x,), kernel, bias = inputs, weights["kernel"], weights.get("bias")
        if self.AXES == 2:
            how = {"size": self.kernel_size, "strides": self.strides, "padding": self.padding}
            return finish(ops.locally_connected2d(x, kernel, bias, **how), self.activation)
        pads = window_of(self, x.shape[1:-1]).padding
        how = {"size": (1, *self.kernel_size), "strides": (1, *self.strides), "padding": ((0, 0), *pads)}
        bias = None if bias is None else bias[None]
        return finish(ops.locally_connected2d(x[:, None], kernel[None], bias, **how)[:, 0], self.activation)


@dataclass(frozen=True, repr=False)
class LocallyConnected1D(_Local):
    """LocallyConnected2D along a row: kernel (W', k C, F), bias (W', F).

    >>> LocallyConnected1D(8, 3).weights((10, 4))["kernel"].shape
    (8, 12, 8)
    """

    AXES: ClassVar[int] = 1


@dataclass(frozen=True, repr=False)
class LocallyConnected2D(_Local):
    """A convolution that does not share its weights: every place (i, j) has its own kernel.

    z[n, i, j, f] = bias[i, j, f] + sum_{u, v, c} x[n, i s + u, j s + v, c] kernel[i, j, (u, v, c), f]

    Args:
        filters: how many output channels.
        kernel_size, strides: its size and s, each an int or (vertical, horizontal).
        padding: as for Conv2D; Keras 2 had only "valid".
        data_format, activation, use_bias and the initializers and regularizers: as for Conv2D.

    >>> {name: weight.shape for name, weight in LocallyConnected2D(4, 3).weights((5, 5, 2)).items()}
    {'kernel': (3, 3, 18, 4), 'bias': (3, 3, 4)}

    Keras 2 had this layer, Keras 3 has not. Its rule for the fans counts the places as part of the window, so
    that "glorot_uniform" starts smaller than in a convolution; this is kept.
    """

"""Transposed convolution, which makes pictures larger."""

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
from striate.layers._conv_shared import CONV_RULES, declare
from striate.layers._rule_kinds import sizes
from striate.layers._rules import Rule, Sizes, optional
from striate.layers._shapes import image, label, refuse
from striate.ops.geometry import by, reach, resolve_transposed_padding, transposed_output_size

_OUTPUT_PADDING = optional(
    sizes("Give rows to add at the far side, fewer than the stride, or None.", minimum=0)
)


@dataclass(frozen=True, repr=False)
class _Transposed(Layer):
    """The part of Conv1DTranspose and Conv2DTranspose that does not depend on the number of axes."""

    KIND: ClassVar[str] = "deconv"
    SEES: ClassVar[Sees] = "window"
    RULES: ClassVar[Mapping[str, Rule]] = {**CONV_RULES, "output_padding": _OUTPUT_PADDING}

    filters: int
    kernel_size: Sizes
    strides: Sizes = 1
    padding: Any = "valid"
    output_padding: Sizes = None
    data_format: str | None = "channels_last"
    dilation_rate: Sizes = 1
    activation: Any = None
    use_bias: bool = True
    kernel_initializer: Any = "glorot_uniform"
    bias_initializer: Any = "zeros"
    kernel_regularizer: Any = None
    bias_regularizer: Any = None

    def conflicts(self) -> Iterable[Problem]:
        """An output padding of a stride or more."""
        extra = self.output_padding
        if extra is not None and any(e >= s for e, s in zip(extra, self.strides, strict=True)):
            found = f"got {extra} with strides {self.strides}"
            cure = "Use a smaller output_padding, or None for the usual one."
            yield Problem(f"{type(self).__name__}.output_padding", found, "less than the stride", cure)

    def _pads(self) -> tuple[tuple[int, int], ...]:
        """What is cut off before and after each axis."""
        numbers = (self.kernel_size, self.strides, self.dilation_rate, self.output_padding)
        return resolve_transposed_padding(self.padding, *numbers, where=label(self))

    def output_shape(self, *inputs: Shape) -> Shape:
        """(..., channels) -> (larger..., filters)."""
        numbers = (self.kernel_size, self.strides, self._pads(), self.dilation_rate)
        sizes = transposed_output_size(image(self, inputs)[:-1], *numbers)
        if min(sizes) < 1:
            happened = f"padding {self.padding!r} leaves an output of {by(sizes)}"
            raise refuse(self, happened, "at least 1 on every axis", "Use less padding.")
        return (*sizes, self.filters)

    def weights(self, *inputs: Shape) -> dict[str, Weight]:
        """kernel (*kernel_size, filters, channels), filters before channels, and bias (filters,)."""
        kernel = (*self.kernel_size, self.filters, image(self, inputs)[-1])
        return declare(self, (self.filters,), kernel=kernel)

    def window(self, *inputs: Shape) -> Window:
        """The kernel on the picture pulled apart by the strides, as a convolution of stride 1 sees it."""
        image(self, inputs)
        spans = reach(self.kernel_size, self.dilation_rate)
        cut = zip(spans, self._pads(), strict=True)
        pads = tuple((span - 1 - before, span - 1 - after) for span, (before, after) in cut)
        return Window(self.kernel_size, (1,) * self.AXES, self.dilation_rate, pads, self.strides)

    def macs(self, *inputs: Shape) -> int:
        """One for each kernel entry at each input position."""
        positions = math.prod(image(self, inputs)[:-1])
        return positions * math.prod(self.weights(*inputs)["kernel"].shape)

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, ..., channels) -> (N, ..., filters)."""
        (x,), op = inputs, ops.conv1d_transpose if self.AXES == 1 else ops.conv2d_transpose
        how = {"strides": self.strides, "padding": self.padding, "dilation": self.dilation_rate}
        z = op(x, weights["kernel"], weights.get("bias"), output_padding=self.output_padding, **how)
        return finish(z, self.activation)


@dataclass(frozen=True, repr=False)
class Conv1DTranspose(_Transposed):
    """Conv2DTranspose along a row.

    >>> Conv1DTranspose(8, 3, strides=2, padding="same").output_shape((5, 4))
    (10, 8)
    """

    AXES: ClassVar[int] = 1


@dataclass(frozen=True, repr=False)
class Conv2DTranspose(_Transposed):
    """Every pixel paints the kernel, times its value, at steps of `strides`; where paint overlaps it adds up.

    z[n, i s + u d - top, j s + v d - left, f] += x[n, i, j, c] kernel[u, v, f, c]

    Args:
        filters: how many output channels.
        kernel_size, strides, dilation_rate: its size, s and d, each an int or (vertical, horizontal).
        padding: "valid", "same" (the output is the input times the stride), an int, or
            ((top, bottom), (left, right)) to cut off.
        output_padding: rows added at the far side, fewer than the stride; None for Keras' rule.
        data_format, activation, use_bias and the initializers and regularizers: as for Conv2D.

    >>> Conv2DTranspose(8, 3, strides=2, padding="same").output_shape((7, 7, 16))
    (14, 14, 8)

    Zeiler et al., Deconvolutional networks, 2010.
    """

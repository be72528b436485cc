"""Upsampling: larger pictures by repeating pixels or drawing lines between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp

from striate.layers._base import Layer, Result, Sees, Shape, Window
from striate.layers._rule_kinds import choice, data_format, sizes
from striate.layers._rules import Rule, Sizes
from striate.layers._shapes import image


@dataclass(frozen=True, repr=False)
class _UpSampling(Layer):
    """The part of UpSampling1D and 2D that does not depend on the number of axes."""

    KIND: ClassVar[str] = "upsample"
    SEES: ClassVar[Sees] = "window"
    RULES: ClassVar[Mapping[str, Rule]] = {
        "size": sizes("Give how many times larger, such as 2."),
        "data_format": data_format(),
        "interpolation": choice("Choose how to fill in.", "nearest", "bilinear"),
    }

    size: Sizes = 2

    def output_shape(self, *inputs: Shape) -> Shape:
        """(..., channels) -> (size times larger..., channels)."""
        *sizes, channels = image(self, inputs)
        return (*(size * times for size, times in zip(sizes, self.size, strict=True)), channels)

    def window(self, *inputs: Shape) -> Window:
        """The filter that fills the gaps of the picture pulled apart: a box or a triangle."""
        image(self, inputs)
        ones = (1,) * self.AXES
        if getattr(self, "interpolation", "nearest") == "nearest":
            pads = tuple((times - 1, times - 1) for times in self.size)
            return Window(self.size, ones, ones, pads, self.size)
        taps = tuple(2 * times - times % 2 for times in self.size)
        sides = tuple((tap + times - 2) // 2 for tap, times in zip(taps, self.size, strict=True))
        return Window(taps, ones, ones, tuple((side, side) for side in sides), self.size)


@dataclass(frozen=True, repr=False)
class UpSampling1D(_UpSampling):
    """Every position of a row, `size` times.

    >>> UpSampling1D(3).output_shape((10, 4))
    (30, 4)
    """

    AXES: ClassVar[int] = 1

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, W, C) -> (N, size W, C)."""
        (x,) = inputs
        return Result(jnp.repeat(x, self.size[0], axis=1))


@dataclass(frozen=True, repr=False)
class UpSampling2D(_UpSampling):
    """A picture `size` times larger.

    Args:
        size: how many times, an int or (vertical, horizontal).
        data_format: "channels_last" or None.
        interpolation: "nearest" repeats pixels, "bilinear" draws lines between their centres.

    >>> UpSampling2D(2).output_shape((7, 7, 16))
    (14, 14, 16)

    Keras knows three more interpolations.
    """

    data_format: str | None = "channels_last"
    interpolation: str = "nearest"

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, H, W, C) -> (N, h H, w W, C)."""
        (x,) = inputs
        if self.interpolation == "nearest":
            return Result(jnp.repeat(jnp.repeat(x, self.size[0], axis=1), self.size[1], axis=2))
        shape = (x.shape[0], *self.output_shape(x.shape[1:]))
        return Result(jax.image.resize(x, shape, "bilinear"))

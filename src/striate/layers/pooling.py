"""Pooling: the maximum, the mean or the root of the summed squares of each window."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import jax

from striate import ops
from striate.layers._base import Layer, Result, Shape, Window
from striate.layers._conv_shared import fit
from striate.layers._rule_kinds import choice, data_format, padding, sizes
from striate.layers._rules import Rule, Sizes, optional
from striate.layers._shapes import image, label
from striate.ops.geometry import resolve_padding


@dataclass(frozen=True)
class _Pooling(Layer):
    """The part of every pooling layer that depends neither on the number of axes nor on what is pooled."""

    KIND: ClassVar[str] = "pool"
    SEES: ClassVar[Literal["point", "window", "all"]] = "window"
    RULES: ClassVar[Mapping[str, Rule]] = {
        "pool_size": sizes("Give the size of the window, such as 2."),
        "strides": optional(sizes("Give the step between windows, or None for the size of the window.")),
        "padding": padding("Choose 'same' to keep the border, 'valid' to drop it.", "valid", "same"),
        "data_format": data_format(),
        "edges": choice("Choose 'keep' to count partial windows at the far edge.", "drop", "keep"),
    }

    pool_size: Sizes = 2
    strides: Sizes = None
    padding: Any = "valid"
    data_format: str | None = "channels_last"
    edges: Literal["drop", "keep"] = "drop"

    def output_shape(self, *inputs: Shape) -> Shape:
        """(..., channels) -> (windows on each axis..., channels)."""
        *sizes, channels = image(self, inputs)
        return (*fit(self, tuple(sizes), self.window(*inputs), "window"), channels)

    def window(self, *inputs: Shape) -> Window:
        """The pooled window."""
        sizes, strides = image(self, inputs)[:-1], self.strides or self.pool_size
        how = {"edges": self.edges, "where": label(self)}
        pads = resolve_padding(self.padding, sizes, self.pool_size, strides, **how)
        return Window(self.pool_size, strides, (1,) * self.AXES, pads)

    def _run(self, op: Callable[..., jax.Array], x: jax.Array) -> Result:
        return Result(op(x, self.pool_size, self.strides, self.padding, self.edges))


@dataclass(frozen=True)
class MaxPooling2D(_Pooling):
    """The largest number of each window, channel by channel; the first one in reading order gets the gradient.

    Args:
        pool_size: the window, an int or (height, width).
        strides: the step between windows; None for the size of the window.
        padding: "valid", "same", an int, or ((top, bottom), (left, right)); padding never wins a maximum.
        data_format: "channels_last" or None.
        edges: "drop" forgets a partial window at the far edge, as Keras does; "keep" lets it count (7 becomes 4).

    >>> MaxPooling2D().output_shape((7, 7, 16)), MaxPooling2D(edges="keep").output_shape((7, 7, 16))
    ((3, 3, 16), (4, 4, 16))
    """

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, H, W, C) -> (N, H', W', C)."""
        return self._run(ops.max_pool, *inputs)

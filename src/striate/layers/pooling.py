"""Pooling: the maximum, the mean or the length of each window."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import jax

from striate import ops
from striate.errors import Problem
from striate.layers._base import Layer, Result, Sees, Shape, Window
from striate.layers._conv_shared import fit
from striate.layers._rule_kinds import choice, data_format, padding, sizes
from striate.layers._rules import Rule, Sizes, optional
from striate.layers._shapes import image, label
from striate.ops.geometry import by, resolve_padding


@dataclass(frozen=True, repr=False)
class _Pooling(Layer):
    """The part of every pooling layer that depends neither on the number of axes nor on what is pooled."""

    KIND: ClassVar[str] = "pool"
    SEES: ClassVar[Sees] = "window"
    POOL: ClassVar[Callable[..., jax.Array]]
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
    edges: str = "drop"

    def conflicts(self) -> Iterable[Problem]:
        """Padding so wide that a window could miss the picture."""
        if isinstance(self.padding, str):
            return
        if any(max(pair) >= size for pair, size in zip(self.padding, self.pool_size, strict=True)):
            found = f"{self.padding} is as wide as the window {by(self.pool_size)}"
            cure = "Use less padding: a window must meet the image."
            yield Problem(f"{type(self).__name__}.padding", found, "padding smaller than the window", cure)

    def output_shape(self, *inputs: Shape) -> Shape:
        """(..., channels) -> (windows on each axis..., channels)."""
        *sizes, channels = image(self, inputs)
        return (*fit(self, tuple(sizes), self.window(*inputs), "window"), channels)

    def window(self, *inputs: Shape) -> Window:
        """The pooled window."""
        sizes, strides = image(self, inputs)[:-1], self.strides or self.pool_size
        numbers = (self.padding, sizes, self.pool_size, strides)
        pads = resolve_padding(*numbers, edges=self.edges, where=label(self))
        return Window(self.pool_size, strides, (1,) * self.AXES, pads)

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, ..., C) -> (N, ..., C) with fewer positions."""
        (x,) = inputs
        return Result(type(self).POOL(x, self.pool_size, self.strides, self.padding, self.edges))


@dataclass(frozen=True, repr=False)
class MaxPooling1D(_Pooling):
    """The largest number of each window of a row; see MaxPooling2D.

    >>> MaxPooling1D(3, strides=2).output_shape((10, 4))
    (4, 4)
    """

    AXES: ClassVar[int] = 1
    POOL: ClassVar[Callable[..., jax.Array]] = ops.max_pool


@dataclass(frozen=True, repr=False)
class MaxPooling2D(_Pooling):
    """The largest number of each window, channel by channel; the first of equals gets the gradient.

    Args:
        pool_size: the window, an int or (height, width).
        strides: the step between windows; None for the size of the window.
        padding: "valid", "same", an int, or ((top, bottom), (left, right)); padding never wins a maximum.
        data_format: "channels_last" or None.
        edges: "drop" forgets a partial window at the far edge, as Keras does; "keep" lets it count.

    >>> MaxPooling2D().output_shape((7, 7, 16)), MaxPooling2D(edges="keep").output_shape((7, 7, 16))
    ((3, 3, 16), (4, 4, 16))
    """

    POOL: ClassVar[Callable[..., jax.Array]] = ops.max_pool


@dataclass(frozen=True, repr=False)
class AveragePooling1D(_Pooling):
    """The mean of each window of a row; see AveragePooling2D.

    >>> AveragePooling1D(2).output_shape((10, 4))
    (5, 4)
    """

    AXES: ClassVar[int] = 1
    POOL: ClassVar[Callable[..., jax.Array]] = ops.average_pool


@dataclass(frozen=True, repr=False)
class AveragePooling2D(_Pooling):
    """The mean of each window, channel by channel; padding is not counted.

    Args:
        pool_size, strides, padding, data_format, edges: as for MaxPooling2D.

    >>> AveragePooling2D(3, strides=2, padding="same").output_shape((7, 7, 16))
    (4, 4, 16)
    """

    POOL: ClassVar[Callable[..., jax.Array]] = ops.average_pool


@dataclass(frozen=True, repr=False)
class L2Pooling1D(_Pooling):
    """The length of each window of a row; see L2Pooling2D.

    >>> L2Pooling1D(2).output_shape((10, 4))
    (5, 4)
    """

    AXES: ClassVar[int] = 1
    POOL: ClassVar[Callable[..., jax.Array]] = ops.l2_pool


@dataclass(frozen=True, repr=False)
class L2Pooling2D(_Pooling):
    """The length of each window, sqrt(sum x^2), channel by channel; Keras has no such layer.

    Args:
        pool_size, strides, padding, data_format, edges: as for MaxPooling2D.

    >>> L2Pooling2D().output_shape((8, 8, 16))
    (4, 4, 16)
    """

    POOL: ClassVar[Callable[..., jax.Array]] = ops.l2_pool


# Keras' second names.
MaxPool1D = MaxPooling1D
MaxPool2D = MaxPooling2D
AvgPool1D = AveragePooling1D
AvgPool2D = AveragePooling2D

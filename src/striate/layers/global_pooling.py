"""Global pooling: one number for each channel of the whole picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import jax

from striate import ops
from striate.layers._base import Layer, Result, Sees, Shape
from striate.layers._rule_kinds import data_format, flag
from striate.layers._rules import Rule
from striate.layers._shapes import image


@dataclass(frozen=True, repr=False)
class _GlobalPooling(Layer):
    """The part of every global pooling layer that depends neither on the axes nor on what is pooled."""

    KIND: ClassVar[str] = "pool"
    SEES: ClassVar[Sees] = "all"
    POOL: ClassVar[Callable[..., jax.Array]]
    RULES: ClassVar[Mapping[str, Rule]] = {
        "data_format": data_format(),
        "keepdims": flag("Write keepdims=True to keep axes of size 1 where the picture was."),
    }

    data_format: str | None = "channels_last"
    keepdims: bool = False

    def output_shape(self, *inputs: Shape) -> Shape:
        """(..., channels) -> (channels,), or with axes of size 1 before it."""
        channels = image(self, inputs)[-1]
        return (*((1,) * self.AXES if self.keepdims else ()), channels)

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, ..., C) -> (N, C), or with axes of size 1 between."""
        return Result(type(self).POOL(*inputs, keepdims=self.keepdims))


@dataclass(frozen=True, repr=False)
class GlobalMaxPooling1D(_GlobalPooling):
    """The largest number of each channel of a row.

    >>> GlobalMaxPooling1D().output_shape((10, 4))
    (4,)
    """

    AXES: ClassVar[int] = 1
    POOL: ClassVar[Callable[..., jax.Array]] = ops.global_max_pool


@dataclass(frozen=True, repr=False)
class GlobalMaxPooling2D(_GlobalPooling):
    """The largest number of each channel; the first of equals gets the gradient.

    Args:
        data_format: "channels_last" or None.
        keepdims: True gives (1, 1, channels).

    >>> GlobalMaxPooling2D(keepdims=True).output_shape((7, 7, 16))
    (1, 1, 16)
    """

    POOL: ClassVar[Callable[..., jax.Array]] = ops.global_max_pool


@dataclass(frozen=True, repr=False)
class GlobalAveragePooling1D(_GlobalPooling):
    """The mean of each channel of a row.

    >>> GlobalAveragePooling1D().output_shape((10, 4))
    (4,)
    """

    AXES: ClassVar[int] = 1
    POOL: ClassVar[Callable[..., jax.Array]] = ops.global_average_pool


@dataclass(frozen=True, repr=False)
class GlobalAveragePooling2D(_GlobalPooling):
    """The mean of each channel (Lin et al., Network in network, 2013).

    Args:
        data_format: "channels_last" or None.
        keepdims: True gives (1, 1, channels).

    >>> GlobalAveragePooling2D().output_shape((7, 7, 16))
    (16,)
    """

    POOL: ClassVar[Callable[..., jax.Array]] = ops.global_average_pool


# Keras' second names.
GlobalAvgPool1D = GlobalAveragePooling1D
GlobalAvgPool2D = GlobalAveragePooling2D
GlobalMaxPool1D = GlobalMaxPooling1D
GlobalMaxPool2D = GlobalMaxPooling2D

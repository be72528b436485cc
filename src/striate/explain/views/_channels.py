"""How channels meet filters: all with all, in groups, or each alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from striate.layers import (
    Conv1DTranspose,
    Conv2DTranspose,
    DepthwiseConv1D,
    DepthwiseConv2D,
    SeparableConv1D,
    SeparableConv2D,
)


@dataclass(frozen=True, eq=False)
class Links:
    """A link for each pair of a filter and a channel that it reads.

    Args:
        filters, channels: (L,) the pairs, those of one filter in the order of its channels.
        offsets: (L,) where the pair's weight stands among the weights of one tap. inner: how many a tap has.
    """

    filters: np.ndarray
    channels: np.ndarray
    offsets: np.ndarray
    inner: int

    @classmethod
    def everything(cls, channels: int, filters: int, *, transposed: bool = False) -> Links:
        """Every filter reads every channel; the kernel ends in (channels, filters), or the other way."""
        f, c = _pairs(filters, channels)
        return cls(f, c, f * channels + c if transposed else c * filters + f, filters * channels)

    @classmethod
    def grouped(cls, channels: int, filters: int, groups: int) -> Links:
        """The filters of a group read the channels of that group; the kernel ends in (C / groups, F)."""
        f, c = _pairs(filters, channels // groups)
        group = f // (filters // groups)
        return cls(f, group * (channels // groups) + c, c * filters + f, filters * channels // groups)

    @classmethod
    def alone(cls, channels: int, multiplier: int) -> Links:
        """Each channel has `multiplier` filters of its own; the kernel ends in (C, multiplier)."""
        f = np.arange(channels * multiplier)
        return cls(f, f // multiplier, f, len(f))

    def chosen(self, filter: int | None, channel: int | None) -> Links:
        """The links of one filter, of one channel, or of both."""
        kept = np.ones(len(self.filters), bool)
        kept &= True if filter is None else self.filters == filter
        kept &= True if channel is None else self.channels == channel
        return Links(self.filters[kept], self.channels[kept], self.offsets[kept], self.inner)

    def read_by(self, filter: int) -> np.ndarray:
        """The channels that a filter reads."""
        return self.channels[self.filters == filter]


def links_of(layer: Any, channels: int) -> Links:
    """The links of a layer on so many channels; of a separable one those of its first half."""
    alone = DepthwiseConv1D | DepthwiseConv2D | SeparableConv1D | SeparableConv2D
    if isinstance(layer, alone):
        return Links.alone(channels, layer.depth_multiplier)
    if isinstance(layer, Conv1DTranspose | Conv2DTranspose):
        return Links.everything(channels, layer.filters, transposed=True)
    return Links.grouped(channels, layer.filters, getattr(layer, "groups", 1))


def _pairs(filters: int, channels: int) -> tuple[np.ndarray, np.ndarray]:
    """Every filter with every channel, filter by filter."""
    f, c = np.divmod(np.arange(filters * channels), channels)
    return f, c

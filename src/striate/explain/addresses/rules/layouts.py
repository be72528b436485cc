"""Where the weights of each kind of convolution stand in its array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from striate.explain.addresses.rules.base import Place, everywhere, joined
from striate.explain.addresses.rules.wiring import Layout


def grouped_links(channels: int, filters: int, groups: int) -> np.ndarray:
    """(L, 2): the channels of each group with its filters, filter by filter.

    >>> grouped_links(2, 4, 2).tolist()
    [[0, 0], [0, 1], [1, 2], [1, 3]]
    """
    each, of = channels // groups, filters // groups
    filter_, channel = everywhere(filters, each).T
    return np.stack([filter_ // of * each + channel, filter_], 1)


def table_links(connections: Sequence[Sequence[int]]) -> np.ndarray:
    """(L, 2): the channels that a table names for each filter."""
    return np.array([(c, f) for f, row in enumerate(connections) for c in row], np.int64)


@dataclass(frozen=True, eq=False)
class Shared(Layout):
    """Conv: (*taps, channels / groups, filters)."""

    each: int

    def weight(self, taps: np.ndarray, link: np.ndarray, outs: np.ndarray) -> np.ndarray:
        """The channel counts within its group."""
        channel, feature = self.links[link].T
        return joined(taps, channel % self.each, feature)

    def read(self, w: Place) -> tuple[Place, int, Place | None]:
        """Links stand filter by filter."""
        return w[:-2], w[-1] * self.each + w[-2], None


@dataclass(frozen=True, eq=False)
class Depthwise(Layout):
    """Depthwise: (*taps, channels, multiplier); filter c m + q is the q-th of channel c."""

    multiplier: int

    def weight(self, taps: np.ndarray, link: np.ndarray, outs: np.ndarray) -> np.ndarray:
        """There is one link for each filter."""
        channel, feature = self.links[link].T
        return joined(taps, channel, feature % self.multiplier)

    def read(self, w: Place) -> tuple[Place, int, Place | None]:
        """The number of the filter is that of its link."""
        return w[:-2], w[-2] * self.multiplier + w[-1], None


@dataclass(frozen=True, eq=False)
class Turned(Layout):
    """Transposed: (*taps, filters, channels), the kernel being met from its far end."""

    size: tuple[int, ...]
    channels: int

    def weight(self, taps: np.ndarray, link: np.ndarray, outs: np.ndarray) -> np.ndarray:
        """The last tap is the kernel's first entry."""
        channel, feature = self.links[link].T
        return joined(np.asarray(self.size) - 1 - taps, feature, channel)

    def read(self, w: Place) -> tuple[Place, int, Place | None]:
        """Links stand filter by filter."""
        tap = tuple(size - 1 - t for size, t in zip(self.size, w[:-2], strict=True))
        return tap, w[-2] * self.channels + w[-1], None


@dataclass(frozen=True, eq=False)
class Local(Layout):
    """Locally connected: (*outs, taps * channels, filters), every output position with weights of its own."""

    size: tuple[int, ...]
    channels: int

    def weight(self, taps: np.ndarray, link: np.ndarray, outs: np.ndarray) -> np.ndarray:
        """Taps row by row, channels innermost."""
        channel, feature = self.links[link].T
        tap = np.ravel_multi_index(tuple(taps.T), self.size)
        return joined(outs, tap * self.channels + channel, feature)

    def read(self, w: Place) -> tuple[Place, int, Place | None]:
        """The first axes are the output position."""
        tap, channel = divmod(w[-2], self.channels)
        where = tuple(int(t) for t in np.unravel_index(tap, self.size))
        return where, w[-1] * self.channels + channel, w[:-2]


@dataclass(frozen=True, eq=False)
class Partial(Layout):
    """Partly connected: (*taps, links)."""

    def weight(self, taps: np.ndarray, link: np.ndarray, outs: np.ndarray) -> np.ndarray:
        """The number of the link."""
        return joined(taps, link)

    def read(self, w: Place) -> tuple[Place, int, Place | None]:
        """The number of the link."""
        return w[:-1], w[-1], None

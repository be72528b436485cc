"""Which input, which weight and which output belong together in a layer that is a sum of products."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from striate.explain.addresses.rules.base import Place, everywhere, joined, repeated, spread
from striate.explain.addresses.rules.grid import Grid


class Triples(NamedTuple):
    """(n, rank) places of inputs, weights and outputs; row by row they belong together."""

    x: np.ndarray
    w: np.ndarray
    z: np.ndarray


class Wiring(abc.ABC):
    """All triples that hold one given output, input or weight."""

    @abc.abstractmethod
    def into(self, z: Place) -> Triples:
        """Those of an output, in the order in which a window is read."""

    @abc.abstractmethod
    def of_input(self, x: Place) -> Triples:
        """Those of an input."""

    @abc.abstractmethod
    def of_weight(self, w: Place, examples: int) -> Triples:
        """Those of a weight, for all examples."""

    def notes(self, z: Place) -> tuple[str, ...]:
        """What is not there to be seen, such as taps on the padding."""
        return ()


@dataclass(frozen=True, eq=False)
class Full(Wiring):
    """Every feature of a row with every unit: x (..., i), w (i, u), z (..., u).

    Args:
        leading: sizes of the axes between batch and features. features, units: how many.
    """

    leading: tuple[int, ...]
    features: int
    units: int

    def into(self, z: Place) -> Triples:
        """All features."""
        every = np.arange(self.features)
        return Triples(joined(z[:-1], every), joined(every, z[-1]), repeated(z, self.features))

    def of_input(self, x: Place) -> Triples:
        """All units."""
        every = np.arange(self.units)
        return Triples(repeated(x, self.units), joined(x[-1], every), joined(x[:-1], every))

    def of_weight(self, w: Place, examples: int) -> Triples:
        """All rows."""
        rows = everywhere(examples, *self.leading)
        return Triples(joined(rows, w[0]), repeated(w, len(rows)), joined(rows, w[1]))


@dataclass(frozen=True, eq=False)
class Layout(abc.ABC):
    """Which channel meets which filter, and where the weight for it stands.

    Args:
        links: (L, 2) pairs (channel, filter) that are connected, filter by filter.
    """

    links: np.ndarray

    @abc.abstractmethod
    def weight(self, taps: np.ndarray, link: np.ndarray, outs: np.ndarray) -> np.ndarray:
        """(n, rank) places of the weights for (n, axes) taps, (n,) numbers of links, (n, axes) outputs."""

    @abc.abstractmethod
    def read(self, w: Place) -> tuple[Place, int, Place | None]:
        """Tap, number of the link, and the one output position it serves, None for all."""


@dataclass(frozen=True, eq=False)
class Windowed(Wiring):
    """Windows over a picture, channels meeting filters as the layout says."""

    grid: Grid
    layout: Layout

    def into(self, z: Place) -> Triples:
        """All taps that meet a number, each with all channels of the filter."""
        taps, met = self.grid.seen(z[1:-1])
        links = np.flatnonzero(self.layout.links[:, 1] == z[-1])
        return self._triples(z[0], taps, met, np.broadcast_to(z[1:-1], taps.shape), links)

    def of_input(self, x: Place) -> Triples:
        """All windows that meet it, each with all filters of the channel."""
        taps, outs = self.grid.seers(x[1:-1])
        links = np.flatnonzero(self.layout.links[:, 0] == x[-1])
        return self._triples(x[0], taps, np.broadcast_to(x[1:-1], taps.shape), outs, links)

    def of_weight(self, w: Place, examples: int) -> Triples:
        """All positions of all examples, unless the weight belongs to one position."""
        tap, link, only = self.layout.read(w)
        outs, met = self.grid.meetings(tap)
        if only is not None:
            kept = (outs == np.asarray(only)).all(1)
            outs, met = outs[kept], met[kept]
        n, where = spread(np.arange(examples), np.arange(len(outs)))
        channel, feature = self.layout.links[link]
        x, z = joined(n, met[where], channel), joined(n, outs[where], feature)
        return Triples(x, repeated(w, len(n)), z)

    def notes(self, z: Place) -> tuple[str, ...]:
        """How many taps lie on the padding."""
        outside = self.grid.outside(z[1:-1])
        if not outside or self.grid.window.spread is not None:
            return ()
        if outside == 1:
            return ("1 tap lies on the padding and adds nothing.",)
        return (f"{outside} taps lie on the padding and add nothing.",)

    def _triples(
        self, n: int, taps: np.ndarray, met: np.ndarray, outs: np.ndarray, links: np.ndarray
    ) -> Triples:
        where, link = spread(np.arange(len(taps)), links)
        channel, feature = self.layout.links[link].T
        w = self.layout.weight(taps[where], link, outs[where])
        x, z = joined(n, met[where], channel), joined(n, outs[where], feature)
        return Triples(x, w, z)

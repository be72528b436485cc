"""Rules of layers in which a row of numbers decides together: softmax, norms of windows and of channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from striate.explain.addresses.rules.base import (
    Ledger,
    Place,
    Rule,
    Site,
    joined,
    one,
    repeated,
    slopes_at,
    values_at,
)
from striate.explain.addresses.rules.grid import Grid
from striate.explain.addresses.terms import Block, Column, Made, Source, block, constant


def row_places(shape: tuple[int, ...], axis: int, place: Place) -> np.ndarray:
    """(n, rank): the row along an axis that a place lies in."""
    axis %= len(shape)
    places = np.array(repeated(place, shape[axis]))
    places[:, axis] = np.arange(shape[axis])
    return places


@dataclass(frozen=True, eq=False)
class Softmax(Rule):
    """y_i = exp(x_i) / sum exp(x_j) along an axis; the largest x is subtracted first, against overflow.

    Args:
        axis: counted with the batch axis.
    """

    EQUATION: ClassVar[str] = "y = exp(x - largest) / sum of exp(x - largest)"

    axis: int

    def made(self, ledger: Ledger, site: Site, place: Place) -> Made:
        """Its exponential over the sum of all."""
        own, every = self._exponentials(ledger, site, place)
        sum_ = Made("the sum of exponentials", (block(every),))
        form = f"1 / (sum of {len(every.values)} exponentials)"
        return Made(self.EQUATION, (block(own, Column(1 / np.array([sum_.value]), form, (), sum_)),))

    def sent(self, ledger: Ledger, site: Site, position: int, place: Place) -> tuple[Block, ...]:
        """Directly y_i times its gradient; through the sum -y_i y_j times each gradient of the row."""
        places = row_places(ledger.value(site.path).shape, self.axis, place)
        own = values_at(ledger, site.path, one(place))
        direct = block(own, slopes_at(ledger, site.path, one(place)))
        others = values_at(ledger, site.path, places)
        through = block(constant(-1, "-1"), own, others, slopes_at(ledger, site.path, places))
        return direct, through

    def _exponentials(self, ledger: Ledger, site: Site, place: Place) -> tuple[Column, Column]:
        """exp(x - largest) of one place and of its row."""
        places = row_places(ledger.value(site.path).shape, self.axis, place)
        every = _exponentials(ledger, site.reads[0], places)
        number = place[self.axis]
        own = Source(site.reads[0], False, one(place))
        return Column(every.values[number : number + 1], every.form, (own, every.sources[1])), every


@dataclass(frozen=True, eq=False)
class LogSoftmax(Softmax):
    """y_i = x_i - log sum exp(x_j) along an axis."""

    EQUATION: ClassVar[str] = "y = x - largest - log(sum of exp(x - largest))"

    def made(self, ledger: Ledger, site: Site, place: Place) -> Made:
        """The number, minus the largest, minus the logarithm."""
        _, every = self._exponentials(ledger, site, place)
        sum_ = Made("the sum of exponentials", (block(every),))
        form = f"log(sum of {len(every.values)} exponentials)"
        log = Column(np.array([np.log(sum_.value)]), form, (), sum_)
        minus, largest = constant(-1, "-1"), every.sources[1].places
        x = values_at(ledger, site.reads[0], one(place))
        blocks = (block(x), block(minus, values_at(ledger, site.reads[0], largest)), block(minus, log))
        return Made(self.EQUATION, blocks)

    def sent(self, ledger: Ledger, site: Site, position: int, place: Place) -> tuple[Block, ...]:
        """Directly its gradient; through the sum minus its softmax times each gradient of the row."""
        own, every = self._exponentials(ledger, site, place)
        share = own.values / every.values.sum()
        softmax = Column(share, "softmax({})", (Source(site.reads[0], False, one(place)),))
        places = row_places(ledger.value(site.path).shape, self.axis, place)
        through = block(constant(-1, "-1"), softmax, slopes_at(ledger, site.path, places))
        return block(slopes_at(ledger, site.path, one(place))), through


def _exponentials(ledger: Ledger, path: str, places: np.ndarray) -> Column:
    """exp(x - largest) of a row, with the places of x and of the largest."""
    x = values_at(ledger, path, places)
    largest = int(np.argmax(x.values))
    source = Source(path, False, places[largest : largest + 1])
    return Column(np.exp(rounded(x.values - x.values[largest])), "exp({} - {})", (*x.sources, source))


def rounded(values: np.ndarray) -> np.ndarray:
    """A difference as the engine has it, in float32: far from the largest, its exponential is steep."""
    return values.astype(np.float32).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Lengths(Rule):
    """L2 pooling: the root of the sum of squares of each window, with gradient 0 where it is 0."""

    EQUATION: ClassVar[str] = "the root of the sum of squares of the window"

    grid: Grid

    def made(self, ledger: Ledger, site: Site, place: Place) -> Made:
        """The root of a sum."""
        met = joined(place[0], self.grid.seen(place[1:-1])[1], place[-1])
        x = values_at(ledger, site.reads[0], met)
        squares = Made("the sum of squares", (block(x, x),))
        form = f"sqrt(sum of {len(met)} squares)"
        root = Column(np.array([np.sqrt(squares.value)]), form, (), squares)
        return Made(self.EQUATION, (block(root),))

    def sent(self, ledger: Ledger, site: Site, position: int, place: Place) -> tuple[Block, ...]:
        """x / y times the gradient, for each window whose length is not 0."""
        outs = joined(place[0], self.grid.seers(place[1:-1])[1], place[-1])
        outs = outs[ledger.value(site.path)[tuple(outs.T)] != 0]
        y = values_at(ledger, site.path, outs, "1 / {}")
        x = values_at(ledger, site.reads[0], one(place))
        inverse = Column(1 / y.values, y.form, y.sources)
        return (block(x, inverse, slopes_at(ledger, site.path, outs)),)


@dataclass(frozen=True, eq=False)
class Neighbours(Rule):
    """Local response normalization: y_c = x_c / (k + alpha sum of the neighbours' squares)^beta.

    Args:
        size, alpha, beta, k: the layer's.
    """

    EQUATION: ClassVar[str] = "y = x / (k + alpha · sum of the neighbours' squares)^beta"

    size: int
    alpha: float
    beta: float
    k: float

    def made(self, ledger: Ledger, site: Site, place: Place) -> Made:
        """The number times a power of what is near it."""
        base = self._base(ledger, site, place)
        power = Column(np.array([base.value**-self.beta]), f"(neighbours)^-{self.beta:g}", (), base)
        return Made(self.EQUATION, (block(values_at(ledger, site.reads[0], one(place)), power),))

    def sent(self, ledger: Ledger, site: Site, position: int, place: Place) -> tuple[Block, ...]:
        """Directly the power; and through the sum of every number that it is near to."""
        path, channels = site.reads[0], ledger.value(site.path).shape[-1]
        base = self._base(ledger, site, place)
        power = Column(np.array([base.value**-self.beta]), f"(neighbours)^-{self.beta:g}", (), base)
        direct = block(power, slopes_at(ledger, site.path, one(place)))
        after = self.size - 1 - self.size // 2
        near = np.arange(max(0, place[-1] - after), min(channels, place[-1] + self.size // 2 + 1))
        places = joined(place[:-1], near)
        bases = [self._base(ledger, site, tuple(map(int, row))).value for row in places]
        powers = constant(np.array(bases) ** (-self.beta - 1), f"(neighbours)^-{self.beta + 1:g}")
        factor = constant(-2 * self.alpha * self.beta, f"{-2 * self.alpha * self.beta:g}")
        x, others = values_at(ledger, path, one(place)), values_at(ledger, path, places)
        return direct, block(factor, x, others, powers, slopes_at(ledger, site.path, places))

    def _base(self, ledger: Ledger, site: Site, place: Place) -> Made:
        """k + alpha times the sum of squares around a place."""
        channels, before = ledger.value(site.path).shape[-1], self.size // 2
        near = np.arange(max(0, place[-1] - before), min(channels, place[-1] + self.size - before))
        x = values_at(ledger, site.reads[0], joined(place[:-1], near))
        squares = block(constant(self.alpha, f"{self.alpha:g}"), x, x)
        return Made("k + alpha · the neighbours' squares", (block(constant(self.k, f"{self.k:g}")), squares))

"""Rules of batch normalization: the mean of a batch, its variance, and what is made of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from striate.explain.addresses.rules.base import (
    Ledger,
    Place,
    Rule,
    Site,
    everywhere,
    joined,
    one,
    slopes_at,
    values_at,
)
from striate.explain.addresses.rules.linear import Linear, Share
from striate.explain.addresses.terms import Block, Column, Made, block, constant


def channel_places(shape: tuple[int, ...], axis: int, channel: int) -> np.ndarray:
    """(n, rank): all places of a channel, in all examples.

    >>> channel_places((2, 3), 1, 2).tolist()
    [[0, 2], [1, 2]]
    """
    rest = everywhere(*shape[:axis], *shape[axis + 1 :])
    return joined(rest[:, :axis], channel, rest[:, axis:])


@dataclass(frozen=True, eq=False)
class BatchMean(Linear):
    """The mean of a channel over all examples and positions.

    Args:
        axis: of the channels, counted with the batch axis.
    """

    EQUATION: ClassVar[str] = "the mean of the channel over the batch"

    axis: int

    def seen(self, ledger: Ledger, site: Site, z: Place) -> tuple[Share, ...]:
        """All numbers of the channel."""
        places = channel_places(ledger.value(site.reads[0]).shape, self.axis, z[0])
        return (Share(places, (constant(1 / len(places), f"1/{len(places)}"),)),)

    def seers(self, ledger: Ledger, site: Site, position: int, x: Place) -> Share:
        """The one mean of its channel."""
        count = _count(ledger, site, self.axis)
        return Share(one((x[self.axis],)), (constant(1 / count, f"1/{count}"),))


@dataclass(frozen=True, eq=False)
class BatchVariance(Rule):
    """The mean squared distance from the mean; the site reads x and the mean."""

    EQUATION: ClassVar[str] = "the mean squared distance from the mean of the batch"

    axis: int

    def made(self, ledger: Ledger, site: Site, place: Place) -> Made:
        """A square for each number of the channel."""
        apart, count = self._apart(ledger, site, place[0]), _count(ledger, site, self.axis)
        return Made(self.EQUATION, (block(constant(1 / count, f"1/{count}"), apart, apart),))

    def sent(self, ledger: Ledger, site: Site, position: int, place: Place) -> tuple[Block, ...]:
        """2 (x - mean) / n times the gradient; to the mean from all numbers, with the other sign."""
        count = _count(ledger, site, self.axis)
        channel = place[0] if position else place[self.axis]
        upstream = slopes_at(ledger, site.path, one((channel,)))
        if position:
            factor = constant(-2 / count, f"-2/{count}")
            return (block(factor, self._apart(ledger, site, channel), upstream),)
        apart = distance(ledger, site, one(place), channel)
        return (block(constant(2 / count, f"2/{count}"), apart, upstream),)

    def _apart(self, ledger: Ledger, site: Site, channel: int) -> Column:
        places = channel_places(ledger.value(site.reads[0]).shape, self.axis, channel)
        return distance(ledger, site, places, channel)


@dataclass(frozen=True, eq=False)
class BatchNorm(Rule):
    """y = (x - mean) / sqrt(variance + epsilon) gamma + beta.

    The site reads x, mean, variance, and gamma and beta if there are.

    Args:
        axis: of the channels, counted with the batch axis. epsilon: as in the equation.
        scale, center: whether there are gamma and beta.
    """

    EQUATION: ClassVar[str] = "y = (x - mean) / sqrt(variance + epsilon) · gamma + beta"

    axis: int
    epsilon: float
    scale: bool
    center: bool

    def made(self, ledger: Ledger, site: Site, place: Place) -> Made:
        """The distance from the mean, scaled; and the shift."""
        channel = place[self.axis]
        apart = distance(ledger, site, one(place), channel)
        blocks = [block(apart, self._inverse(ledger, site, channel), *self._gamma(ledger, site, channel))]
        if self.center:
            blocks.append(block(values_at(ledger, site.reads[-1], one((channel,)))))
        return Made(self.equation(), tuple(blocks))

    def equation(self) -> str:
        """Without what is left out."""
        text = self.EQUATION if self.scale else self.EQUATION.replace(" · gamma", "")
        return text if self.center else text.replace(" + beta", "")

    def sent(self, ledger: Ledger, site: Site, position: int, place: Place) -> tuple[Block, ...]:
        """To x from its own place; to what serves a channel from all its numbers."""
        channel = place[self.axis] if position == 0 else place[0]
        inverse, gamma = self._inverse(ledger, site, channel), self._gamma(ledger, site, channel)
        if position == 0:
            return (block(inverse, *gamma, slopes_at(ledger, site.path, one(place))),)
        places = channel_places(ledger.value(site.path).shape, self.axis, channel)
        upstream = slopes_at(ledger, site.path, places)
        if position == 1:
            return (block(self._inverse(ledger, site, channel, sign=-1), *gamma, upstream),)
        if position == len(site.reads) - 1 and self.center:
            return (block(upstream),)
        apart = distance(ledger, site, places, channel)
        if position == 2:
            cubed = self._inverse(ledger, site, channel, 3)
            return (block(constant(-0.5, "-1/2"), apart, cubed, *gamma, upstream),)
        return (block(apart, inverse, upstream),)

    def _inverse(self, ledger: Ledger, site: Site, channel: int, power: int = 1, sign: int = 1) -> Column:
        """1 / sqrt(variance + epsilon), or its third power, with a sign."""
        variance = values_at(ledger, site.reads[2], one((channel,)))
        value = sign * np.sqrt(variance.values + float(np.float32(self.epsilon))) ** -float(power)
        form = f"{sign} / sqrt({{}} + {self.epsilon:g})" + ("³" if power == 3 else "")
        return Column(value, form, variance.sources)

    def _gamma(self, ledger: Ledger, site: Site, channel: int) -> tuple[Column, ...]:
        return (values_at(ledger, site.reads[3], one((channel,))),) if self.scale else ()


def distance(ledger: Ledger, site: Site, places: np.ndarray, channel: int) -> Column:
    """x - mean, as one factor."""
    x, mean = values_at(ledger, site.reads[0], places), values_at(ledger, site.reads[1], one((channel,)))
    return Column(x.values - mean.values, "({} - {})", x.sources + mean.sources)


def _count(ledger: Ledger, site: Site, axis: int) -> int:
    """How many numbers a channel has."""
    shape = ledger.value(site.reads[0]).shape
    return math.prod(shape) // shape[axis]

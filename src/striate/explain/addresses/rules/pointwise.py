"""Rules of layers that look at one number at a time, or at the same place of several inputs."""

from __future__ import annotations

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
from striate.explain.addresses.rules.curves import Curve, Piece
from striate.explain.addresses.rules.linear import grown, shrunk
from striate.explain.addresses.terms import Block, Column, Made, Source, block


@dataclass(frozen=True, eq=False)
class Pointwise(Rule):
    """y = f(x) for a curve."""

    curve: Curve

    def equation(self) -> str:
        """The curve's."""
        return "y = " + self.curve.form.format(x="x")

    def made(self, ledger: Ledger, site: Site, place: Place) -> Made:
        """The curve's value, and which branch it lies on."""
        x = float(ledger.value(site.reads[0])[place])
        answer = piece((self.curve.form, self.curve.value(x)), site, place)
        return Made(self.equation(), (block(answer),), self.remarks(ledger, site, 0, place))

    def sent(self, ledger: Ledger, site: Site, position: int, place: Place) -> tuple[Block, ...]:
        """The curve's slope times the gradient; nothing where the slope is 0."""
        x, y = float(ledger.value(site.reads[0])[place]), float(ledger.value(site.path)[place])
        upstream = slopes_at(ledger, site.path, one(place))
        products = self.curve.slope(x, y)
        return tuple(block(*(piece(p, site, place) for p in pieces), upstream) for pieces in products)

    def remarks(self, ledger: Ledger, site: Site, position: int, place: Place) -> tuple[str, ...]:
        """The branch, if there are several."""
        x = float(ledger.value(site.reads[0])[place])
        sentence = self.curve.branch(x)
        return (sentence.format(x=Source(site.reads[0], False, one(place)).address(0)),) if sentence else ()


def piece(described: Piece, site: Site, place: Place) -> Column:
    """A factor whose form names the argument {x} and the answer {y} of a site."""
    form, value = described
    sources, plain = [], form
    while (at := min((plain.find(mark) for mark in ("{x}", "{y}") if mark in plain), default=-1)) >= 0:
        path = site.reads[0] if plain[at + 1] == "x" else site.path
        sources.append(Source(path, False, one(place)))
        plain = plain[:at] + "{}" + plain[at + 3 :]
    return Column(np.array([value]), plain, tuple(sources))


@dataclass(frozen=True, eq=False)
class LearnedSlope(Rule):
    """PReLU: x above 0, alpha x up to it; alpha may be shared along axes of size 1.

    Args:
        shape: of alpha. wide: of one example.
    """

    EQUATION: ClassVar[str] = "x above 0, alpha x below"

    shape: tuple[int, ...]
    wide: tuple[int, ...]

    def made(self, ledger: Ledger, site: Site, place: Place) -> Made:
        """The number itself, or times alpha."""
        x = values_at(ledger, site.reads[0], one(place))
        passes = x.values[0] > 0
        columns = (x,) if passes else (x, self._alpha(ledger, site, place))
        return Made(self.EQUATION, (block(*columns),), self.remarks(ledger, site, 0, place))

    def sent(self, ledger: Ledger, site: Site, position: int, place: Place) -> tuple[Block, ...]:
        """1 or alpha for x; for alpha all x that are not above 0."""
        if position == 0:
            upstream = slopes_at(ledger, site.path, one(place))
            passes = ledger.value(site.reads[0])[place] > 0
            return (block(upstream) if passes else block(self._alpha(ledger, site, place), upstream),)
        rows = np.arange(len(ledger.value(site.path)))
        inside = grown((0, *place), self.shape, self.wide)[:, 1:]
        picks = everywhere(len(rows), len(inside))
        places = joined(rows[picks[:, 0]], inside[picks[:, 1]])
        places = places[ledger.value(site.reads[0])[tuple(places.T)] <= 0]
        return (block(values_at(ledger, site.reads[0], places), slopes_at(ledger, site.path, places)),)

    def remarks(self, ledger: Ledger, site: Site, position: int, place: Place) -> tuple[str, ...]:
        """The branch."""
        if position:
            return ("Only numbers that are not above 0 meet alpha.",)
        above = ledger.value(site.reads[0])[place] > 0
        branch = "above 0: it passes" if above else "not above 0: it is multiplied by alpha"
        return (f"{Source(site.reads[0], False, one(place)).address(0)} is {branch}.",)

    def _alpha(self, ledger: Ledger, site: Site, place: Place) -> Column:
        return values_at(ledger, site.reads[1], one(shrunk(place, self.shape)[1:]))


@dataclass(frozen=True, eq=False)
class Product(Rule):
    """Multiply: the product of several inputs; axes of size 1 are repeated.

    Args:
        shapes: of each input, without batch. shape: of the output.
    """

    EQUATION: ClassVar[str] = "the product of the inputs"

    shapes: tuple[tuple[int, ...], ...]
    shape: tuple[int, ...]

    def made(self, ledger: Ledger, site: Site, place: Place) -> Made:
        """A single product."""
        inputs = zip(site.reads, self.shapes, strict=True)
        factors = [values_at(ledger, path, one(shrunk(place, shape))) for path, shape in inputs]
        return Made(self.EQUATION, (block(*factors),))

    def sent(self, ledger: Ledger, site: Site, position: int, place: Place) -> tuple[Block, ...]:
        """The product of the others times the gradient."""
        outs = grown(place, self.shapes[position], self.shape)
        others = []
        for number, (path, shape) in enumerate(zip(site.reads, self.shapes, strict=True)):
            if number != position:
                kept = np.array([1, *(int(size > 1) for size in shape)])
                others.append(values_at(ledger, path, outs * kept))
        return (block(*others, slopes_at(ledger, site.path, outs)),)

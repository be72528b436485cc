"""Rules of layers that are sums of products: one wiring says the number and both ways back."""

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
from striate.explain.addresses.rules.wiring import Wiring
from striate.explain.addresses.terms import Block, Column, Made, block, constant


@dataclass(frozen=True, eq=False)
class Products(Rule):
    """z = sum of x w, plus a bias; the site reads x, the kernel, and the bias if there is one.

    Args:
        wiring: which x, w and z belong together.
        own_bias: whether each position has a bias of its own, and not each filter.
    """

    EQUATION: ClassVar[str] = "the sum of inputs times weights"

    wiring: Wiring
    own_bias: bool = False

    def made(self, ledger: Ledger, site: Site, place: Place) -> Made:
        """A product for each weight, and the bias."""
        triples, (x, w, *bias) = self.wiring.into(place), site.reads
        blocks = [block(values_at(ledger, x, triples.x), values_at(ledger, w, triples.w))]
        if bias:
            blocks.append(block(values_at(ledger, bias[0], one(self._bias_place(place)))))
        rule = self.equation() + (", plus the bias" if bias else "")
        return Made(rule, tuple(blocks), self.wiring.notes(place))

    def sent(self, ledger: Ledger, site: Site, position: int, place: Place) -> tuple[Block, ...]:
        """For an input each weight it meets, for a weight each input, times the gradient where they meet."""
        x, w = site.reads[:2]
        if position == 2:
            return (block(slopes_at(ledger, site.path, self._biased(ledger, site, place))),)
        if position == 1:
            triples = self.wiring.of_weight(place, len(ledger.value(x)))
            return (block(values_at(ledger, x, triples.x), slopes_at(ledger, site.path, triples.z)),)
        triples = self.wiring.of_input(place)
        return (block(values_at(ledger, w, triples.w), slopes_at(ledger, site.path, triples.z)),)

    def _bias_place(self, z: Place) -> Place:
        return z[1:] if self.own_bias else z[-1:]

    def _biased(self, ledger: Ledger, site: Site, place: Place) -> np.ndarray:
        """The outputs that a bias is added to."""
        shape = ledger.value(site.path).shape
        return joined(everywhere(*shape[: len(shape) - len(place)]), place)


@dataclass(frozen=True, eq=False)
class Distances(Rule):
    """z = sum of (x - w)^2."""

    EQUATION: ClassVar[str] = "the sum of squared differences"

    wiring: Wiring

    def made(self, ledger: Ledger, site: Site, place: Place) -> Made:
        """A square for each feature."""
        triples = self.wiring.into(place)
        apart = _difference(ledger, site, triples.x, triples.w)
        return Made(self.equation(), (block(apart, apart),))

    def sent(self, ledger: Ledger, site: Site, position: int, place: Place) -> tuple[Block, ...]:
        """2 (x - w) times the gradient, with the other sign for w."""
        triples = (
            self.wiring.of_weight(place, len(ledger.value(site.reads[0])))
            if position
            else self.wiring.of_input(place)
        )
        apart = _difference(ledger, site, triples.x, triples.w)
        two = constant(-2.0, "-2") if position else constant(2.0, "2")
        return (block(two, apart, slopes_at(ledger, site.path, triples.z)),)


def _difference(ledger: Ledger, site: Site, x: np.ndarray, w: np.ndarray) -> Column:
    """x - w, as one factor."""
    first, second = values_at(ledger, site.reads[0], x), values_at(ledger, site.reads[1], w)
    return Column(first.values - second.values, "({} - {})", first.sources + second.sources)

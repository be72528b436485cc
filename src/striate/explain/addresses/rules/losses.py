"""The whole loss, the score that stands in for it, and what both send back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from striate.explain.addresses.rules.base import Ledger, Place, Rule, Site, everywhere, one, values_at
from striate.explain.addresses.rules.compared import ELEMENTWISE, Compared, Elementwise, signs
from striate.explain.addresses.rules.crossentropy import Crossentropy
from striate.explain.addresses.terms import Block, Column, Made, block, constant
from striate.layers.regularizers import Regularizer
from striate.training import losses


@dataclass(frozen=True, eq=False)
class Opaque(Compared):
    """A loss of your own: its numbers and its slopes are the engine's, and nothing is known inside."""

    def made(self, ledger: Ledger) -> tuple[Block, ...]:
        """The loss of each example."""
        own = self.output.removesuffix("/output") + "/loss"
        return (block(self.weight(ledger), values_at(ledger, own, everywhere(self.count(ledger)))),)

    def sent(self, ledger: Ledger, place: Place) -> tuple[Block, ...]:
        """Its slope."""
        slope = ledger.value(self.output.removesuffix("/output") + "/slope")[place]
        return (block(self.weight(ledger), constant(float(slope), "slope of the loss")),)

    def count(self, ledger: Ledger) -> int:
        """The examples."""
        return len(ledger.value(self.output))


def compared(loss: losses.Loss, factor: float, output: str, target: str) -> Compared:
    """An output and its loss, as the kind of loss wants it."""
    if isinstance(loss, losses.CategoricalCrossentropy | losses.SparseCategoricalCrossentropy):
        return Crossentropy(loss, factor, output, target)
    kind = Elementwise if type(loss) in ELEMENTWISE else Opaque
    return kind(loss, factor, output, target)


@dataclass(frozen=True, eq=False)
class WholeLoss(Rule):
    """The weighted sum of the losses of all outputs, and the price of large weights.

    Args:
        parts: the outputs with a loss. penalties: {path: regularizer} of the weights that have one.
    """

    EQUATION: ClassVar[str] = "the mean loss over the examples"

    parts: tuple[Compared, ...]
    penalties: Mapping[str, Regularizer]

    def equation(self) -> str:
        """With what is added."""
        text = self.EQUATION if len(self.parts) == 1 else "the weighted mean losses of the outputs"
        return text + (", plus the price of large weights" if self.penalties else "")

    def made(self, ledger: Ledger, site: Site, place: Place) -> Made:
        """The parts of all outputs and all weights."""
        blocks = [one for part in self.parts for one in part.made(ledger)]
        for path, regularizer in self.penalties.items():
            blocks += _price(ledger, path, regularizer)
        return Made(self.equation(), tuple(blocks))

    def sent(self, ledger: Ledger, site: Site, position: int, place: Place) -> tuple[Block, ...]:
        """To an output what its loss says, to a weight the slope of its price."""
        if position < len(self.parts):
            return self.parts[position].sent(ledger, place)
        path = site.reads[position]
        return _price_slope(ledger, path, self.penalties[path], place)

    def remarks(self, ledger: Ledger, site: Site, position: int, place: Place) -> tuple[str, ...]:
        """Over what the loss is a mean."""
        if position >= len(self.parts):
            return ("The regularizer adds its own slope.",)
        count = self.parts[position].count(ledger)
        return (f"The loss is a mean over {count} numbers.",) if count > 1 else ()


@dataclass(frozen=True, eq=False)
class Score(Rule):
    """The sum of one chosen number of each example, which gradients without targets begin at.

    Args:
        picks: (N, rank) the chosen places.
    """

    EQUATION: ClassVar[str] = "the chosen scores, one of each example"

    picks: np.ndarray

    def made(self, ledger: Ledger, site: Site, place: Place) -> Made:
        """The chosen numbers."""
        return Made(self.EQUATION, (block(values_at(ledger, site.reads[0], self.picks)),))

    def sent(self, ledger: Ledger, site: Site, position: int, place: Place) -> tuple[Block, ...]:
        """1 to a chosen number, nothing to others."""
        return (block(constant(1, "1")),) if (self.picks == place).all(1).any() else ()


def _price(ledger: Ledger, path: str, regularizer: Regularizer) -> list[Block]:
    """l1 |w| and l2 w^2 for every weight."""
    w = values_at(ledger, path, everywhere(*ledger.value(path).shape))
    blocks, (l1, l2) = [], _factors(regularizer)
    if l1:
        blocks.append(block(constant(l1, f"{l1:g}"), Column(np.abs(w.values), "|{}|", w.sources)))
    if l2:
        blocks.append(block(constant(l2, f"{l2:g}"), w, w))
    return blocks


def _price_slope(ledger: Ledger, path: str, regularizer: Regularizer, place: Place) -> tuple[Block, ...]:
    """l1 sign(w), 0 counting as above, and 2 l2 w."""
    w = values_at(ledger, path, one(place))
    blocks, (l1, l2) = [], _factors(regularizer)
    if l1:
        blocks.append(block(constant(l1, f"{l1:g}"), Column(signs(w.values), "sign({})", w.sources)))
    if l2:
        blocks.append(block(constant(2 * l2, f"{2 * l2:g}"), w))
    return tuple(blocks)


def _factors(regularizer: Regularizer) -> tuple[float, float]:
    """l1 and l2, in float32 as the engine has them."""
    pair = (getattr(regularizer, "l1", 0.0), getattr(regularizer, "l2", 0.0))
    return float(np.float32(pair[0])), float(np.float32(pair[1]))

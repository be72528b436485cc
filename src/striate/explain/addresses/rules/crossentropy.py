"""Categorical crossentropy, of probabilities and of logits, and together with the softmax before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from striate.explain.addresses.rules.base import Ledger, Place, Rule, Site, one, slopes_at, values_at
from striate.explain.addresses.rules.compared import Compared, clipped
from striate.explain.addresses.rules.rows import Softmax, row_places
from striate.explain.addresses.terms import Block, Column, Made, Source, block, constant
from striate.training import losses


@dataclass(frozen=True, eq=False)
class Crossentropy(Compared):
    """-sum of y log p over the classes, a mean over examples and positions.

    Probabilities are read as shares, the output divided by the sum of its row; logits at the output itself.
    """

    @property
    def logits(self) -> bool:
        """Whether the output holds logits."""
        return bool(getattr(self.loss, "from_logits", False))

    @property
    def read(self) -> str:
        """The shares, or the logits."""
        return self.output if self.logits else share_path(self.output)

    def count(self, ledger: Ledger) -> int:
        """Classes do not count."""
        return ledger.value(self.output).size // ledger.value(self.output).shape[-1]

    def wanted(self, ledger: Ledger) -> np.ndarray:
        """(N, ..., C) float64: the distribution that is wanted, smoothed."""
        target, shape = ledger.value(self.target), ledger.value(self.output).shape
        if isinstance(self.loss, losses.SparseCategoricalCrossentropy):
            target = np.eye(shape[-1])[target.reshape(shape[:-1]).astype(np.int64)]
        smooth = getattr(self.loss, "label_smoothing", 0.0)
        return target.astype(np.float64) * (1 - smooth) + smooth / shape[-1]

    def made(self, ledger: Ledger) -> tuple[Block, ...]:
        """-y log p for each class that is wanted."""
        wanted = self.wanted(ledger)
        places = np.argwhere(wanted)
        y, minus = self.target_column(ledger, places, wanted), self.weight(ledger, -1)
        if not self.logits:
            p = values_at(ledger, self.read, places, "log {}")
            return (block(minus, *y, Column(np.log(clipped(p.values)[0]), p.form, p.sources)),)
        rows = ledger.value(self.output)[tuple(places[:, :-1].T)].astype(np.float64)
        sums = np.exp(rows - rows.max(-1, keepdims=True)).sum(-1)
        log = Column(rows.max(-1) + np.log(sums), "log(sum of exp of its row)")
        return block(minus, *y, values_at(ledger, self.output, places)), block(self.weight(ledger), *y, log)

    def sent(self, ledger: Ledger, place: Place) -> tuple[Block, ...]:
        """-y / p where p was not clipped; p - y for logits."""
        wanted = self.wanted(ledger)
        y, minus = self.target_column(ledger, one(place), wanted), self.weight(ledger, -1)
        if self.logits:
            p = Column(_softmax(ledger, self.output, place), "softmax({})", (_at(self.output, place),))
            return self.apart(ledger, place, p)
        p = values_at(ledger, self.read, one(place), "1 / {}")
        inside = float(clipped(p.values)[1][0])
        if not wanted[place] or not inside:
            return ()
        half = () if inside == 1 else (constant(inside, f"{inside:g}"),)
        return (block(minus, *half, *y, Column(1 / p.values, p.form, p.sources)),)

    def apart(self, ledger: Ledger, place: Place, p: Column) -> tuple[Block, ...]:
        """(p - y) / n, the gradient for an argument of the softmax."""
        wanted = self.wanted(ledger)
        total = float(wanted[place[:-1]].sum())
        every = () if total == 1 else (constant(total, "sum of y"),)
        y = self.target_column(ledger, one(place), wanted)
        direct = block(self.weight(ledger), *every, p)
        return (direct, block(self.weight(ledger, -1), *y)) if wanted[place] else (direct,)

    def target_column(self, ledger: Ledger, places: np.ndarray, wanted: np.ndarray) -> tuple[Column, ...]:
        """y, with its address where it has one; nothing where it is 1."""
        values = wanted[tuple(places.T)]
        if (values == 1).all():
            return ()
        plain = isinstance(self.loss, losses.CategoricalCrossentropy) and not self.loss.label_smoothing
        return (Column(values, "{}" if plain else "y", (Source(self.target, False, places),) * plain),)

    def passes(self, ledger: Ledger, place: Place) -> bool:
        """Whether no probability that the row of a place wants was clipped."""
        row = place[:-1]
        inside = clipped(ledger.value(self.read)[row].astype(np.float64))[1]
        return bool((inside[self.wanted(ledger)[row] != 0] == 1).all())


@dataclass(frozen=True, eq=False)
class Shares(Rule):
    """The output divided by the sum of its row, as the crossentropy takes it."""

    EQUATION: ClassVar[str] = "the output divided by the sum of its row"

    def made(self, ledger: Ledger, site: Site, place: Place) -> Made:
        """The number over the sum."""
        return Made(
            self.EQUATION, (block(values_at(ledger, site.reads[0], one(place)), _over(ledger, site, place)),)
        )

    def sent(self, ledger: Ledger, site: Site, position: int, place: Place) -> tuple[Block, ...]:
        """Directly, and through the sum to every share of the row."""
        over = _over(ledger, site, place)
        places = row_places(ledger.value(site.path).shape, -1, place)
        places = places[ledger.grad(site.path)[tuple(places.T)] != 0]
        direct = block(over, slopes_at(ledger, site.path, one(place)))
        shares, slopes = values_at(ledger, site.path, places), slopes_at(ledger, site.path, places)
        return direct, block(constant(-1, "-1"), over, shares, slopes)


@dataclass(frozen=True, eq=False)
class ComparedSoftmax(Softmax):
    """A softmax that only a crossentropy looks at: both together send (p - y) / n back."""

    loss: Crossentropy

    def sent(self, ledger: Ledger, site: Site, position: int, place: Place) -> tuple[Block, ...]:
        """(p - y) / n, unless a probability was clipped."""
        if not self.loss.passes(ledger, place):
            return super().sent(ledger, site, position, place)
        return self.loss.apart(ledger, place, values_at(ledger, site.path, one(place)))

    def remarks(self, ledger: Ledger, site: Site, position: int, place: Place) -> tuple[str, ...]:
        """What was put together."""
        if not self.loss.passes(ledger, place):
            return ("A probability was so near to 0 or 1 that the loss clips it: its gradient is 0.",)
        return ("Softmax and crossentropy together: (p - y) / n.",)


def share_path(output: str) -> str:
    """The path of the shares of an output."""
    return output.removesuffix("/output") + "/share"


def _softmax(ledger: Ledger, path: str, place: Place) -> np.ndarray:
    """(1,) the softmax of a row at a place."""
    row = ledger.value(path)[place[:-1]].astype(np.float64)
    powers = np.exp(row - row.max())
    return powers[place[-1] : place[-1] + 1] / powers.sum()


def _over(ledger: Ledger, site: Site, place: Place) -> Column:
    """1 / the sum of a row, its parts beside it."""
    path = site.reads[0]
    places = row_places(ledger.value(path).shape, -1, place)
    sum_ = Made("the sum of the row", (block(values_at(ledger, path, places)),))
    return Column(1 / np.array([sum_.value]), f"1 / (sum of {len(places)} outputs)", (), sum_)


def _at(path: str, place: Place) -> Source:
    return Source(path, False, one(place))

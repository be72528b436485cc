"""Rules of layers that are linear in what they read: pairs of places with a coefficient serve both ways."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from striate.explain.addresses.rules.base import (
    Ledger,
    Place,
    Rule,
    Site,
    everywhere,
    joined,
    one,
    repeated,
    slopes_at,
    values_at,
)
from striate.explain.addresses.rules.grid import Grid
from striate.explain.addresses.terms import Block, Column, Made, block, constant


class Share(NamedTuple):
    """Numbers that belong to one number, each with its coefficient.

    Args:
        places: (n, rank) where they are. factors: the coefficient, as columns; none for 1.
        position: which of the things that are read, where that is asked.
    """

    places: np.ndarray
    factors: tuple[Column, ...] = ()
    position: int = 0


class Linear(Rule):
    """z = sum of coefficient x, plus an offset."""

    @abc.abstractmethod
    def seen(self, ledger: Ledger, site: Site, z: Place) -> tuple[Share, ...]:
        """What a number of this site is a sum of."""

    @abc.abstractmethod
    def seers(self, ledger: Ledger, site: Site, position: int, x: Place) -> Share:
        """The numbers of this site in which a number that is read has a part."""

    def offset(self, ledger: Ledger, site: Site, z: Place) -> tuple[Block, ...]:
        """What is added."""
        return ()

    def notes(self, z: Place) -> tuple[str, ...]:
        """What else is to be said about a number."""
        return ()

    def made(self, ledger: Ledger, site: Site, place: Place) -> Made:
        """A product for each number that is seen."""
        blocks = []
        for share in self.seen(ledger, site, place):
            column = values_at(ledger, site.reads[share.position], share.places)
            blocks.append(block(column, *share.factors))
        return Made(self.equation(), (*blocks, *self.offset(ledger, site, place)), self.notes(place))

    def sent(self, ledger: Ledger, site: Site, position: int, place: Place) -> tuple[Block, ...]:
        """The coefficient times the gradient, for each number that sees this one."""
        share = self.seers(ledger, site, position, place)
        return (block(*share.factors, slopes_at(ledger, site.path, share.places)),)


@dataclass(frozen=True, eq=False)
class Means(Linear):
    """The mean of each window, over the numbers that are there.

    Args:
        grid: the windows. keepdims: whether the output has spatial axes.
    """

    EQUATION: ClassVar[str] = "the mean of the window"

    grid: Grid
    keepdims: bool = True

    def seen(self, ledger: Ledger, site: Site, z: Place) -> tuple[Share, ...]:
        """Each real number of the window, by how many there are."""
        places = self.grid.seen(self._out(z))[1]
        return (Share(joined(z[0], places, z[-1]), (self._coefficient(np.array([len(places)])),)),)

    def seers(self, ledger: Ledger, site: Site, position: int, x: Place) -> Share:
        """Each window that holds it, by how many numbers it has."""
        outs = self.grid.seers(x[1:-1])[1]
        counts = np.array([len(self.grid.seen(tuple(out))[1]) for out in outs], np.int64)
        places = joined(x[0], outs, x[-1]) if self.keepdims else one((x[0], x[-1]))
        return Share(places, (self._coefficient(counts),))

    def notes(self, z: Place) -> tuple[str, ...]:
        """Windows that reach over the border."""
        outside = self.grid.outside(self._out(z))
        return (f"{outside} of the window's places lie outside and do not count.",) if outside else ()

    def _out(self, z: Place) -> Place:
        return z[1:-1] if self.keepdims else (0,) * len(self.grid.sizes)

    @staticmethod
    def _coefficient(counts: np.ndarray) -> Column:
        form = f"1/{counts[0]}" if len(set(counts.tolist())) == 1 else "1/n"
        return constant(1.0 / counts, form)


@dataclass(frozen=True, eq=False)
class Lines(Linear):
    """Bilinear upsampling: lines between the centres of the pixels, flat beyond the outermost.

    Args:
        sizes: of the input. times: how many times larger.
    """

    EQUATION: ClassVar[str] = "the nearest pixels, weighted by how near they are"

    sizes: tuple[int, ...]
    times: tuple[int, ...]

    def seen(self, ledger: Ledger, site: Site, z: Place) -> tuple[Share, ...]:
        """Two pixels on each axis, or one where it lies in line with a centre or at the border."""
        weights = [self._weights(axis)[p] for axis, p in enumerate(z[1:-1])]
        near, column = self._crossed(weights)
        return (Share(joined(z[0], near, z[-1]), (column,)),)

    def seers(self, ledger: Ledger, site: Site, position: int, x: Place) -> Share:
        """All output positions that a pixel has a part in."""
        weights = [self._weights(axis)[:, i] for axis, i in enumerate(x[1:-1])]
        outs, column = self._crossed(weights)
        return Share(joined(x[0], outs, x[-1]), (column,))

    def _weights(self, axis: int) -> np.ndarray:
        """(outputs, inputs) the weights along one axis."""
        size, times = self.sizes[axis], self.times[axis]
        centres = np.clip((np.arange(size * times) + 0.5) / times - 0.5, 0, size - 1)
        return np.maximum(0, 1 - np.abs(centres[:, None] - np.arange(size)[None, :]))

    @staticmethod
    def _crossed(weights: list[np.ndarray]) -> tuple[np.ndarray, Column]:
        """Places where no axis has weight 0, and the product of the axes' weights."""
        axes = [np.flatnonzero(w) for w in weights]
        places = everywhere(*map(len, axes))
        places = np.stack([axis[places[:, number]] for number, axis in enumerate(axes)], 1)
        product = np.prod([w[places[:, number]] for number, w in enumerate(weights)], axis=0)
        return places, constant(product, "weight")


@dataclass(frozen=True, eq=False)
class Sums(Linear):
    """The sum of several inputs, each with its coefficient; axes of size 1 are repeated.

    Args:
        coefficients, forms: of each input, as numbers and as written. shapes: of each input, without batch.
        shape: of the output.
    """

    EQUATION: ClassVar[str] = "the sum of the inputs"

    coefficients: tuple[float, ...]
    forms: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    shape: tuple[int, ...]

    def seen(self, ledger: Ledger, site: Site, z: Place) -> tuple[Share, ...]:
        """One number of each input."""
        inputs = enumerate(self.shapes)
        return tuple(Share(one(shrunk(z, shape)), self._factor(k), k) for k, shape in inputs)

    def seers(self, ledger: Ledger, site: Site, position: int, x: Place) -> Share:
        """The number at the same place, or all along repeated axes."""
        return Share(grown(x, self.shapes[position], self.shape), self._factor(position))

    def _factor(self, position: int) -> tuple[Column, ...]:
        value = self.coefficients[position]
        return () if value == 1 else (constant(value, self.forms[position]),)


@dataclass(frozen=True, eq=False)
class Lifted(Linear):
    """The input plus something read beside it: a bias for each place, or noise.

    Args:
        batched: whether what is added differs between examples.
    """

    EQUATION: ClassVar[str] = "the input plus what is added to it"

    batched: bool

    def seen(self, ledger: Ledger, site: Site, z: Place) -> tuple[Share, ...]:
        """The number and what is added."""
        return Share(one(z)), Share(one(z if self.batched else z[1:]), (), 1)

    def seers(self, ledger: Ledger, site: Site, position: int, x: Place) -> Share:
        """The same place, or that of all examples."""
        if position == 0 or self.batched:
            return Share(one(x))
        examples = len(ledger.value(site.path))
        return Share(joined(np.arange(examples), repeated(x, examples)))


def shrunk(place: Place, shape: tuple[int, ...]) -> Place:
    """The place in an input whose axes of size 1 are repeated."""
    return (place[0], *(0 if size == 1 else p for p, size in zip(place[1:], shape, strict=True)))


def grown(place: Place, shape: tuple[int, ...], wide: tuple[int, ...]) -> np.ndarray:
    """(n, rank): all places of the output that read one place of such an input."""
    axes = zip(place[1:], shape, wide, strict=True)
    counts = [np.arange(w) if size == 1 and w > 1 else np.array([p]) for p, size, w in axes]
    picks = everywhere(*map(len, counts))
    chosen = [axis[picks[:, number]] for number, axis in enumerate(counts)]
    return np.stack([np.full(len(picks), place[0]), *chosen], 1)

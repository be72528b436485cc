"""Numbers as sums of products: what a number was made of, as arrays that turn into terms when looked at."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from striate.explain.addresses.address import Address


class Source(NamedTuple):
    """Where the numbers of a column stand.

    Args:
        path: of the numbers, such as "conv1/output". grad: whether it is their gradient that is meant.
        places: (n, rank) their indices.
    """

    path: str
    grad: bool
    places: np.ndarray

    def address(self, row: int) -> Address:
        """The address of one of them."""
        return Address(self.path, self.grad, tuple(int(i) for i in self.places[row % len(self.places)]))


@dataclass(frozen=True, eq=False)
class Column:
    """One factor of every product of a block.

    Args:
        values: (n,) float64, or (1,) where it is the same in every row.
        form: how it is written, with "{}" for each number of the network in it: "{}", "log {}", "1/9".
        sources: what stands for each "{}".
        made: what a sum inside it consists of, when it is too long to be written out.
    """

    values: np.ndarray
    form: str = "{}"
    sources: tuple[Source, ...] = ()
    made: Made | None = None

    def factor(self, row: int) -> Factor:
        """The factor in one row."""
        addresses = tuple(source.address(row) for source in self.sources)
        return Factor(self.form, float(self.values[row % len(self.values)]), addresses, self.made)


@dataclass(frozen=True, eq=False)
class Factor:
    """A number of the network, a constant, or a function of numbers.

    Args:
        form: how it is written, with "{}" for each address. value: in float64.
        addresses: of the numbers in it; empty for a constant.
        made: what a sum inside it consists of, or None.
    """

    form: str
    value: float
    addresses: tuple[Address, ...] = ()
    made: Made | None = None

    @property
    def name(self) -> str:
        """How it is written, such as "log dense1/output[0,3]" or "1/9"."""
        return self.form.format(*self.addresses)


@dataclass(frozen=True, eq=False)
class Term:
    """A summand: the product of its factors."""

    factors: tuple[Factor, ...]

    @property
    def value(self) -> float:
        """The product, in float64."""
        return math.prod(factor.value for factor in self.factors)

    @property
    def name(self) -> str:
        """The factors as they are written."""
        return " × ".join(factor.name for factor in self.factors)

    @property
    def address(self) -> Address | None:
        """The first number of the network in it."""
        return next((address for factor in self.factors for address in factor.addresses), None)


@dataclass(frozen=True, eq=False)
class Block:
    """Products with the same kinds of factors, a row each.

    Args:
        columns: the factors.
    """

    columns: tuple[Column, ...]

    @cached_property
    def values(self) -> np.ndarray:
        """(n,) float64: the products."""
        product = np.ones(1)
        with np.errstate(all="ignore"):  # infinite numbers multiply as they do in the engine
            for column in self.columns:
                product = product * column.values
        return product

    def __len__(self) -> int:
        """How many products."""
        return len(self.values)

    def term(self, row: int) -> Term:
        """One of them."""
        return Term(tuple(column.factor(row) for column in self.columns))


@dataclass(frozen=True, eq=False)
class Made:
    """How a number was made.

    Args:
        rule: the equation of the place where it was made.
        blocks: the products whose sum it is. notes: sentences about branches, ties and borders.
    """

    rule: str
    blocks: tuple[Block, ...]
    notes: tuple[str, ...] = ()

    @property
    def value(self) -> float:
        """The sum, in float64."""
        with np.errstate(invalid="ignore"):
            return float(sum(block.values.sum() for block in self.blocks))

    @property
    def size(self) -> float:
        """The sum of the absolute values: what rounding in float32 is measured against."""
        return float(sum(np.abs(block.values).sum() for block in self.blocks))

    def __len__(self) -> int:
        """How many terms."""
        return sum(map(len, self.blocks))

    def __iter__(self) -> Iterator[Term]:
        """The terms in order."""
        return (block.term(row) for block in self.blocks for row in range(len(block)))

    def largest(self, count: int) -> tuple[list[Term], int, float]:
        """The terms of largest size, in order; how many others there are, and their sum."""
        values = [block.values for block in self.blocks]
        flat = np.concatenate(values) if values else np.zeros(0)
        chosen = np.sort(np.argsort(-np.abs(flat), kind="stable")[:count])
        starts = np.cumsum([0, *map(len, values)])
        terms = []
        for place in chosen:
            number = int(np.searchsorted(starts, place, side="right")) - 1
            terms.append(self.blocks[number].term(int(place - starts[number])))
        rest = np.ones(len(flat), bool)
        rest[chosen] = False
        with np.errstate(invalid="ignore"):
            return terms, int(rest.sum()), float(flat[rest].sum())


def constant(value: float | np.ndarray, form: str) -> Column:
    """A factor that is no number of the network."""
    return Column(np.atleast_1d(np.asarray(value, np.float64)), form)


def block(*columns: Column) -> Block:
    """A block of these factors."""
    return Block(tuple(columns))

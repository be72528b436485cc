"""What a rule is: how the numbers of one place are made, and what they send back to what they read."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from striate.errors import ArgumentError, Problem
from striate.explain.addresses.terms import Block, Column, Made, Source

Place = tuple[int, ...]
"""The index of one number, the batch being the first axis of activations."""


class Ledger(Protocol):
    """Where rules look numbers up; the engine's own, float32."""

    def value(self, path: str) -> np.ndarray:
        """All numbers of a path."""
        ...

    def grad(self, path: str) -> np.ndarray:
        """The gradient with respect to each of them."""
        ...


@dataclass(frozen=True, eq=False)
class Site:
    """One place of a network where numbers are made.

    Args:
        path: of the numbers, such as "conv1/preactivation".
        rule: how they are made.
        reads: the paths of what is read: first what flows in, then weights.
    """

    path: str
    rule: Rule
    reads: tuple[str, ...]


class Rule(abc.ABC):
    """How the numbers of a site are made, one at a time."""

    EQUATION: ClassVar[str] = ""

    @abc.abstractmethod
    def made(self, ledger: Ledger, site: Site, place: Place) -> Made:
        """The products whose sum is the number at this place."""

    @abc.abstractmethod
    def sent(self, ledger: Ledger, site: Site, position: int, place: Place) -> tuple[Block, ...]:
        """What the number `place` of `site.reads[position]` gets back from this site.

        Returns:
            Blocks of products: the derivative of a number of this site times the gradient of that number.
        """

    def equation(self) -> str:
        """The rule for all numbers of the site, as a person would write it."""
        return self.EQUATION

    def remarks(self, ledger: Ledger, site: Site, position: int, place: Place) -> tuple[str, ...]:
        """Sentences about the way back: which branch was taken, who won."""
        return ()


@dataclass(frozen=True, eq=False)
class Unknown(Rule):
    """A layer that is not Striate's: its numbers can be read, but nobody knows how they are made."""

    kind: str

    def made(self, ledger: Ledger, site: Site, place: Place) -> Made:
        """Refused."""
        raise self._refusal(site)

    def sent(self, ledger: Ledger, site: Site, position: int, place: Place) -> tuple[Block, ...]:
        """Refused."""
        raise self._refusal(site)

    def _refusal(self, site: Site) -> ArgumentError:
        cure = "Its values and gradients can be read, but not their terms."
        return ArgumentError(
            Problem(site.path, f"nothing is known of {self.kind}", "a layer of Striate", cure)
        )


def values_at(ledger: Ledger, path: str, places: np.ndarray, form: str = "{}") -> Column:
    """A column of numbers of the network, (n, rank) places."""
    found = ledger.value(path)[tuple(places.T)].astype(np.float64)
    return Column(np.atleast_1d(found), form, (Source(path, False, places),))


def slopes_at(ledger: Ledger, path: str, places: np.ndarray) -> Column:
    """A column of gradients with respect to numbers of the network."""
    found = ledger.grad(path)[tuple(places.T)].astype(np.float64)
    return Column(np.atleast_1d(found), "{}", (Source(path, True, places),))


def one(place: Place) -> np.ndarray:
    """(1, rank): a single place."""
    return np.array([place], np.int64).reshape(1, len(place))


def joined(*parts: np.ndarray | int | Place) -> np.ndarray:
    """(n, rank) places from their axes: (n,) or (n, k) arrays; numbers and tuples serve all rows."""
    rows = next(len(part) for part in parts if isinstance(part, np.ndarray) and part.ndim)
    return np.concatenate([_columns(part, rows) for part in parts], 1)


def _columns(part: np.ndarray | int | Place, rows: int) -> np.ndarray:
    """(n, k): one part of a place."""
    array = np.asarray(part, np.int64)
    if isinstance(part, tuple) or not array.ndim:
        return np.broadcast_to(array.ravel(), (rows, array.size))
    return array if array.ndim > 1 else array[:, None]


def repeated(place: Place, rows: int) -> np.ndarray:
    """(n, rank): the same place in every row."""
    return np.broadcast_to(np.asarray(place, np.int64), (rows, len(place)))


def everywhere(*sizes: int) -> np.ndarray:
    """(n, rank): every place of an array of these sizes, in reading order."""
    return np.indices(sizes).reshape(len(sizes), -1).T


def spread(*groups: np.ndarray) -> list[np.ndarray]:
    """Every combination of rows of several arrays, the last one changing fastest; each is repeated to fit."""
    picks = everywhere(*map(len, groups))
    return [group[picks[:, number]] for number, group in enumerate(groups)]

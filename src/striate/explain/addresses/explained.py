"""A number and how it was made, ready to be read: as text, LaTeX, JSON, a page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from striate.errors import ArgumentError, Problem
from striate.explain.addresses import _latex
from striate.explain.addresses.address import Address, Entry, Span, entries_of, index_problems
from striate.explain.addresses.terms import Factor, Made, Term
from striate.pages import Note, Panel, Part, Shown, Table, diverging

LISTED = 12
"""So many terms are listed; the rest is one sum."""

FINEST = 1.1754944e-38
"""The smallest normal number of float32: sums below it are 0."""


class Answers(Protocol):
    """What explanations come from: one run, whose numbers can be asked how they were made."""

    def at(self, address: str | Address) -> Explained:
        """The numbers of an address."""
        ...

    def made(self, address: Address) -> Made | None:
        """How a single number was made; None for one that was given."""
        ...

    def below(self, address: Address) -> Address | None:
        """The stage before a fused activation, which is shown together with it."""
        ...

    def given(self, address: Address) -> str:
        """What numbers are that were not made."""
        ...

    def words(self, address: Address) -> str:
        """What else belongs to the address, as a sentence, such as what a gradient is of; or ""."""
        ...

    def shape_of(self, address: Address) -> tuple[int, ...]:
        """Of all numbers of the path."""
        ...


@dataclass(frozen=True, eq=False)
class Explained(Shown):
    """A number of a network, or several, and how each was made.

    Args:
        address: of the numbers, settled.
        value: the engine's own: a float for one number, an array for a slice.
        source: the run whose numbers they are.

    A single number has `terms`, whose sum it is. They are recombined in float64 from the engine's own
    float32 numbers (`remade`), and `gap` says how far that is from `value`, relative to the sum of the terms'
    sizes and not to the number itself: float32 rounds each term, so where terms cancel the number keeps the
    rounding of terms that are much larger than itself.
    """

    address: Address
    value: Any
    source: Answers

    @property
    def title(self) -> str:  # type: ignore[override]
        """The equation's two sides, or the address and its shape."""
        if self.is_number:
            return f"{self.address} = {short(self.value)}"
        return f"{self.address}: {' × '.join(map(str, self.shape))} numbers"

    @property
    def is_number(self) -> bool:
        """Whether it is a single number."""
        return isinstance(self.value, float)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the numbers; () for a single one."""
        return np.shape(self.value)

    def __getitem__(self, index: Any) -> Explained:
        """Some of the numbers of a slice, counted within it."""
        wanted = Address(str(self.address), index=entries_of(index))
        if problems := index_problems(wanted, self.shape):
            raise ArgumentError(problems)
        return self.source.at(self._inside(list(wanted.index or ())))

    @cached_property
    def made(self) -> Made | None:
        """How the number was made; None for one that was given."""
        if not self.is_number:
            cure = f"Choose one of them: explained[{', '.join('0' * len(self.shape))}]."
            raise ArgumentError(
                Problem(str(self.address), f"it has {np.size(self.value)} numbers", "a single number", cure)
            )
        return self.source.made(self.address)

    @cached_property
    def terms(self) -> tuple[Term, ...]:
        """The summands; empty for a number that was given.

        Raises:
            ArgumentError: it is a slice.
        """
        return () if self.made is None else tuple(self.made)

    @cached_property
    def below(self) -> Explained | None:
        """The stage before a fused activation, explained as well."""
        before = self.source.below(self.address) if self.is_number else None
        return None if before is None else self.source.at(before)

    @property
    def remade(self) -> float:
        """The terms summed up in float64."""
        return float(self.value) if self.made is None else self.made.value

    @property
    def gap(self) -> float:
        """|value - remade| by the sum of the terms' sizes; below float32's normal numbers it counts as 0."""
        if self.made is None or self.value == self.remade:
            return 0.0
        apart = abs(self.value - self.remade)
        return 0.0 if apart < FINEST else apart / max(self.made.size, FINEST)

    def parts(self) -> Sequence[Part]:
        """The rule, the terms, what is to be said about them, and the stage below."""
        return self._number_parts() if self.is_number else self._slice_parts()

    def latex(self, most: int = LISTED) -> str:
        """The number as an equation, with at most so many terms written out."""
        written = _latex.equation(self.address, self.value, self.made, most)
        return written if self.below is None else f"{written}\n{self.below.latex(most)}"

    def to_json(self, most: int = 1000) -> dict[str, Any]:
        """Plain values; of more than `most` terms only the largest, and the sum of the others."""
        record: dict[str, Any] = {"address": str(self.address), "shape": list(self.shape)}
        if words := self.source.words(self.address):
            record["gradient_of"] = words
        if not self.is_number:
            return {**record, "value": plain(self.value)}
        record |= {"value": plain(self.value), "remade": plain(self.remade), "gap": plain(self.gap)}
        if self.made is None:
            return {**record, "given": self.source.given(self.address)}
        record |= _made_json(self.made, most)
        return record if self.below is None else {**record, "below": self.below.to_json(most)}

    def _number_parts(self) -> list[Part]:
        made, words = self.made, self.source.words(self.address)
        parts: list[Part] = [Note(words)] if words else []
        if made is None:
            return [*parts, Note(f"It was not computed: it is {self.source.given(self.address)}.")]
        parts += [Note(made.rule), *_terms_parts(made)]
        parts += [Note(note) for note in made.notes]
        parts.append(Note(_check(self.value, self.remade, self.gap)))
        if self.below is not None:
            parts += [Note(self.below.title), *self.below.parts()]
        return parts

    def _slice_parts(self) -> list[Part]:
        numbers, words = np.asarray(self.value), self.source.words(self.address)
        parts: list[Part] = [Note(words)] if words else []
        known = numbers[np.isfinite(numbers)]
        if known.size:
            parts.append(
                Note(f"from {short(known.min())} to {short(known.max())}, mean {short(known.mean())}")
            )
        if numbers.ndim == 2 and min(numbers.shape) > 1:
            parts.append(Panel(str(self.address), diverging(numbers), "blue below 0, red above"))
        rows = numbers.reshape(-1, numbers.shape[-1]) if numbers.ndim else numbers.reshape(1, 1)
        if rows.shape[0] <= LISTED and rows.shape[1] <= LISTED:
            parts.append(Table((), [[short(number) for number in row] for row in rows]))
        return parts

    def _inside(self, wanted: list[Entry]) -> Address:
        """The address of numbers that are counted within this slice."""
        sizes = self.source.shape_of(self.address)
        entries = [*(self.address.index or ()), *[Span()] * len(sizes)][: len(sizes)]
        for axis, (entry, size) in enumerate(zip(entries, sizes, strict=True)):
            if isinstance(entry, Span) and wanted:
                entries[axis] = _nested(range(size)[slice(*entry)], wanted.pop(0))
        return replace(self.address, index=tuple(entries))


def _nested(numbers: range, entry: int | Span) -> int | Span:
    """An entry counted within a slice, counted along the whole axis."""
    if isinstance(entry, int):
        return numbers[entry]
    chosen = numbers[slice(*entry)]
    stop = chosen.stop if chosen.stop >= 0 else None
    return Span(chosen.start, stop, chosen.step)


def short(number: float) -> str:
    """A float32 number with as many digits as tell it from its neighbours, but at most seven.

    >>> short(0.1), short(-15.0)
    ('0.1', '-15')
    """
    return f"{float(number):.7g}"


def plain(value: Any) -> Any:
    """Numbers as JSON has them: lists and floats; what is not finite as text."""
    if isinstance(value, np.ndarray) and value.ndim:
        return [plain(entry) for entry in value]
    number = float(value)
    return number if math.isfinite(number) else str(number)


def _terms_parts(made: Made) -> list[Part]:
    """A table of the largest terms, and one for every sum inside their factors."""
    terms, others, rest = made.largest(LISTED)
    rows = [(term.name, _product(term), short(term.value)) for term in terms]
    if others:
        rows.append((f"{others} more", "", short(rest)))
    if len(made) > 1:
        rows.append(("sum", "", short(made.value)))
    parts: list[Part] = [Table(("term", "numbers", "product"), rows)] if rows else []
    inner = {id(f.made): f.made for term in terms for f in term.factors if f.made is not None}
    for sum_ in inner.values():
        listed, others, rest = sum_.largest(LISTED)
        rows = [(term.name, _product(term), short(term.value)) for term in listed]
        rows += [(f"{others} more", "", short(rest))] if others else []
        parts.append(
            Table(("term", "numbers", "product"), [*rows, ("sum", "", short(sum_.value))], sum_.rule)
        )
    return parts


def _product(term: Term) -> str:
    return " × ".join(_written(factor) for factor in term.factors)


def _written(factor: Factor) -> str:
    return f"({short(factor.value)})" if factor.value < 0 else short(factor.value)


def _check(value: float, remade: float, gap: float) -> str:
    if not math.isfinite(gap):
        return f"Recombined in float64: {short(remade)}; this cannot be compared."
    return f"Recombined in float64: {remade:.10g}, off by {gap:.1g} of the terms' size."


def _made_json(made: Made, most: int) -> dict[str, Any]:
    """The rule and the terms as plain values."""
    terms, others, rest = made.largest(most)
    record: dict[str, Any] = {"rule": made.rule, "terms": [_term_json(term, most) for term in terms]}
    if others:
        record["others"] = {"count": others, "sum": plain(rest)}
    return {**record, "notes": list(made.notes)}


def _term_json(term: Term, most: int) -> dict[str, Any]:
    factors = []
    for factor in term.factors:
        one: dict[str, Any] = {"name": factor.name, "value": plain(factor.value)}
        if factor.addresses:
            one["addresses"] = [str(address) for address in factor.addresses]
        if factor.made is not None:
            one["made"] = _made_json(factor.made, most)
        factors.append(one)
    return {"name": term.name, "factors": factors, "value": plain(term.value)}

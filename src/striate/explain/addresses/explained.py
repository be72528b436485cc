"""A number and how it was made, ready to be read: as text, LaTeX, JSON, a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from striate.errors import ArgumentError, Problem
from striate.explain.addresses import _latex
from striate.explain.addresses._looks import LISTED, check, made_parts, short, slice_parts
from striate.explain.addresses._plain import made_json, plain
from striate.explain.addresses.address import Address, Entry, Span, entries_of, index_problems
from striate.explain.addresses.terms import Made, Term
from striate.pages import Note, Part, Shown

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
        words = self.source.words(self.address)
        parts: list[Part] = [Note(words)] if words else []
        if not self.is_number:
            return [*parts, *slice_parts(str(self.address), np.asarray(self.value))]
        if self.made is None:
            return [*parts, Note(f"It was not computed: it is {self.source.given(self.address)}.")]
        parts += [*made_parts(self.made), Note(check(self.value, self.remade, self.gap))]
        return parts if self.below is None else [*parts, Note(self.below.title), *self.below.parts()]

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
        record |= made_json(self.made, most)
        return record if self.below is None else {**record, "below": self.below.to_json(most)}

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

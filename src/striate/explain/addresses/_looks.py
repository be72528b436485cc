"""How explanations are shown: tables of terms, bars, maps of slices."""

from __future__ import annotations

import math

import numpy as np

from striate.explain.addresses.terms import Factor, Made, Term
from striate.pages import Note, Panel, Part, Table, diverging

LISTED = 12
"""So many terms are listed; the rest is one sum."""

_HEAD = ("term", "numbers", "product")
_BAR, _WIDTH = 8, 161


def short(number: float) -> str:
    """A float32 number in at most seven digits.

    >>> short(0.1), short(-15.0)
    ('0.1', '-15')
    """
    return f"{float(number):.7g}"


def made_parts(made: Made) -> list[Part]:
    """The rule, the largest terms, every sum inside their factors, and what is to be said about them."""
    terms = made.largest(LISTED)[0]
    parts: list[Part] = [Note(made.rule)]
    if terms:
        parts += [_table(made), Panel("the terms", _bars(terms), "blue below 0, red above")]
    inner = {id(f.made): f.made for term in terms for f in term.factors if f.made is not None}
    parts += [_table(some, some.rule) for some in inner.values()]
    return [*parts, *(Note(note) for note in made.notes)]


def slice_parts(name: str, numbers: np.ndarray) -> list[Part]:
    """The range of several numbers, a map where they lie on a plane, and all of them where they are few."""
    parts: list[Part] = []
    known = numbers[np.isfinite(numbers)]
    if known.size:
        parts.append(Note(f"from {short(known.min())} to {short(known.max())}, mean {short(known.mean())}"))
    if numbers.ndim == 2 and min(numbers.shape) > 1:
        parts.append(Panel(name, diverging(numbers), "blue below 0, red above"))
    rows = numbers.reshape(-1, numbers.shape[-1])
    if max(rows.shape) <= LISTED:
        parts.append(Table((), [[short(number) for number in row] for row in rows]))
    return parts


def check(value: float, remade: float, gap: float) -> str:
    """How near the terms come to the engine's number."""
    if not math.isfinite(gap) or not math.isfinite(value):
        return f"Recombined in float64: {short(remade)}; this cannot be compared."
    return f"Recombined in float64: {remade:.10g}, off by {gap:.1g} of the terms' size."


def _table(made: Made, title: str = "") -> Table:
    """The largest terms in order, the others as one, and the sum."""
    terms, others, rest = made.largest(LISTED)
    rows = [(term.name, " × ".join(map(_written, term.factors)), short(term.value)) for term in terms]
    rows += [(f"{others} more", "", short(rest))] if others else []
    rows += [("sum", "", short(made.value))] if len(made) > 1 else []
    return Table(_HEAD, rows, title)


def _written(factor: Factor) -> str:
    return f"({short(factor.value)})" if factor.value < 0 else short(factor.value)


def _bars(terms: list[Term]) -> np.ndarray:
    """(H, W, 3) uint8: a bar for each term, to the left below 0 and to the right above."""
    values = np.array([term.value for term in terms])
    top = np.abs(values[np.isfinite(values)]).max(initial=0) or 1.0
    shares = np.clip(np.nan_to_num(values / top), -1, 1)
    reach, ends = np.linspace(-1, 1, _WIDTH)[None], shares[:, None]
    inside = (reach * np.sign(ends) >= 0) & (np.abs(reach) <= np.abs(ends))
    colours = np.where(inside, np.sign(ends) * 0.7, 0.0).repeat(_BAR, 0)
    colours[_BAR - 1 :: _BAR] = 0
    pixels = diverging(colours, 1.0)
    pixels[:, _WIDTH // 2] = 128
    return pixels

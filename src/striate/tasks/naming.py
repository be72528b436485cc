"""Whose class is which: the names that a model knows beside those of other pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from striate.errors import DataError, Problem

NAMED = 10


@dataclass(frozen=True)
class Matched:
    """Targets in the order of the model's names.

    Args:
        targets: of the pictures that count. rows: which those are, or None for all.
        warnings: classes that the model cannot know, and classes that no picture asks for.
    """

    targets: np.ndarray
    rows: np.ndarray | None = None
    warnings: tuple[Problem, ...] = ()


def matched(where: str, own: Sequence[str], names: Sequence[str], targets: np.ndarray) -> Matched:
    """Bring targets of pictures with these names to the model's own.

    Classes are told by their names; where none is the same but there are as many, by their numbers.

    Args:
        where: what the pictures are called. own: the model's names. names: the pictures' names.
        targets: (N,) class numbers; for several labels and for numbers (N, K), or (N,) of a single one.

    Raises:
        DataError: the model knows none of them.

    >>> found = matched("pets", ["cat", "dog"], ["cat", "fox"], np.array([0, 1, 0]))
    >>> found.targets.tolist(), found.rows.tolist()
    ([0, 0], [0, 2])
    """
    if tuple(own) == tuple(names):
        return Matched(targets)
    shared = set(own) & set(names)
    if not shared and len(own) == len(names):
        return Matched(targets)
    if not shared:
        happened = f"its names are {some(names)}, and the model knows {some(own)}"
        cure = "Give pictures of what the model was trained for."
        raise DataError(Problem(where, happened, "a name that the model knows", cure))
    if targets.ndim == 1 and np.issubdtype(targets.dtype, np.integer):
        return _classes(where, own, names, targets)
    return _columns(where, own, names, targets)


def _classes(where: str, own: Sequence[str], names: Sequence[str], targets: np.ndarray) -> Matched:
    """One class a picture."""
    places = {name: number for number, name in enumerate(own)}
    table = np.array([places.get(name, -1) for name in names])
    numbers = table[targets]
    rows = np.flatnonzero(numbers >= 0)
    if not len(rows):
        happened, cure = "all its pictures are of classes that the model doesn't know", "Choose others."
        raise DataError(Problem(where, happened, "pictures of classes it knows", cure))
    unknown = {
        name: int((targets == number).sum()) for number, name in enumerate(names) if name not in places
    }
    absent = [name for name, number in places.items() if not (numbers == number).any()]
    return Matched(numbers[rows], rows, (*_unknown(where, unknown, "pictures"), *_absent(where, absent)))


def _columns(where: str, own: Sequence[str], names: Sequence[str], targets: np.ndarray) -> Matched:
    """Several labels or numbers a picture, a column each; every one of the model's must be there."""
    table = targets.reshape(len(targets), len(names))
    places = {name: number for number, name in enumerate(names)}
    lacking = [name for name in own if name not in places]
    if lacking:
        happened = f"it says nothing of {some(lacking)}, which the model answers"
        raise DataError(Problem(where, happened, "all that the model answers", "Add them to the table."))
    unknown = {name: int(np.count_nonzero(table[:, places[name]])) for name in names if name not in own}
    chosen = table[:, [places[name] for name in own]]
    return Matched(chosen if targets.ndim > 1 else chosen[:, 0], None, _unknown(where, unknown, "targets"))


def _unknown(where: str, unknown: dict[str, int], things: str) -> tuple[Problem, ...]:
    """What the model cannot know."""
    if not unknown:
        return ()
    listed = some([f"{name} ({count:,})" for name, count in unknown.items()])
    happened = f"the model cannot know {listed}: it was trained without them"
    cure = f"These {things} are left out; train with them to have them known."
    return (Problem(where, happened, "names that the model knows", cure, "warning"),)


def _absent(where: str, absent: Sequence[str]) -> tuple[Problem, ...]:
    """What nothing is learned about."""
    if not absent:
        return ()
    cure = "The result says nothing about them."
    return (
        Problem(where, f"it has no picture of {some(absent)}", "all classes of the model", cure, "warning"),
    )


def some(names: Sequence[str]) -> str:
    """The first few names."""
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more

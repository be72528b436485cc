"""Which kind of answer a set of targets asks for."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from striate.errors import ArgumentError, DataError, FormatError, Problem
from striate.tasks.answers.answer import Answer
from striate.tasks.answers.classes import Binary, Multinomial
from striate.tasks.answers.multilabel import MultiLabel
from striate.tasks.answers.numbers import Continuous, Count

KINDS: Mapping[str, type[Answer]] = {
    kind.KIND: kind for kind in (Binary, Multinomial, MultiLabel, Continuous, Count)
}
"""Every kind by its name."""


def choose(kind: str, names: Sequence[str], targets: np.ndarray, error: str = "mse") -> Answer:
    """The answer of a kind for these training targets.

    Args:
        kind: "binary", "multinomial", "multilabel", "continuous" or "count".
        names: of the classes, the labels, or the number.
        targets: (N, ...) of the training pictures. error: of continuous answers: "mse", "mae" or "huber".

    Raises:
        ArgumentError: there is no such kind. DataError: the targets cannot be of this kind.

    >>> choose("continuous", ["angle"], np.array([0.0, 10.0])).middle
    5.0
    """
    if kind not in KINDS:
        near = difflib.get_close_matches(kind, KINDS, 1)
        cure = f"Did you mean {near[0]}?" if near else "Choose one of them."
        raise ArgumentError(
            Problem("target", f"there is no kind {kind!r}", f"one of {', '.join(KINDS)}", cure)
        )
    if problem := _problem(kind, names, np.asarray(targets)):
        raise DataError(problem)
    if kind == "continuous":
        values = np.asarray(targets, np.float64)
        return Continuous(tuple(names), float(values.mean()), float(values.std()), error)
    return KINDS[kind](tuple(names))


def from_json(values: Any, where: str = "answer") -> Answer:
    """The answer that `to_json` wrote.

    Raises:
        FormatError: the values are not what was written.
    """
    found = dict(values) if isinstance(values, Mapping) else {}
    kind, names = found.pop("kind", None), found.pop("names", None)
    listed = isinstance(names, list) and bool(names) and all(isinstance(name, str) for name in names)
    extras = {"middle", "spread", "error"} if kind == "continuous" else set()
    numbers = all(type(found.get(name)) in (int, float) for name in extras - {"error"})
    if kind not in KINDS or not listed or set(found) != extras or not numbers:
        cure = "Train the model again."
        raise FormatError(Problem(where, f"got {str(values)[:80]}", "a kind of answer and its names", cure))
    try:
        return KINDS[kind](tuple(names), **found)
    except ArgumentError as error:
        raise FormatError(error.problems) from None


def _problem(kind: str, names: Sequence[str], targets: np.ndarray) -> Problem | None:
    """What keeps targets from being of a kind."""
    if kind in ("continuous", "count") and not np.isfinite(targets.astype(np.float64)).all():
        return Problem("targets", "some are not finite", "finite numbers", "Mend the table.")
    if kind == "count" and ((targets < 0) | (targets != np.round(targets))).any():
        row = int(np.flatnonzero((targets < 0) | (targets != np.round(targets)))[0])
        happened = f"row {row} holds {targets.reshape(-1)[row]:g}"
        return Problem("targets", happened, "whole numbers from 0 for a count", "Use --target continuous.")
    if kind == "continuous" and float(targets.astype(np.float64).std()) == 0:
        return Problem("targets", "all are equal", "numbers that differ", "There is nothing to learn.")
    if kind == "binary" and len(names) != 2:
        cure = "Use --target multinomial."
        return Problem("targets", f"there are {len(names)} classes", "two classes for a binary answer", cure)
    return None

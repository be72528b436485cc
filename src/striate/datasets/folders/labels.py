"""What is asked for: classes, several labels, numbers or counts, read off the answers and said in words."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from striate.datasets.folders._cells import as_labels, as_number, as_text, is_list
from striate.datasets.folders.layout import some
from striate.datasets.folders.walking import shown
from striate.errors import ArgumentError, DataError, Problem

TargetKind = Literal["binary", "multinomial", "multilabel", "continuous", "count"]
COUNT_WORDS = frozenset(("count", "counts", "number", "n", "how_many", "quantity"))
CLASS_WORDS = frozenset(("label", "class", "category", "kind", "species", "digit"))
MAX_CLASSES = 65_536


@dataclass(frozen=True)
class Targets:
    """What a network is to learn.

    Args:
        kind: of answer. reason: why this kind, as a clause.
        values: (N,) int32 classes, (N, K) uint8 labels, (N,) or (N, M) float32 numbers.
        class_names: in label order; () for numbers. names: of the numbers; () for classes.
    """

    kind: TargetKind
    reason: str
    values: np.ndarray
    class_names: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


def make_targets(
    files: Sequence[str],
    answers: Sequence[Any],
    columns: Sequence[str],
    asked: TargetKind | None = None,
    testing: bool = False,
) -> Targets:
    """Targets from what folders or a table say about each picture.

    Args:
        files: the pictures. answers: for each a cell, or a tuple of cells when there are several columns.
        columns: the names of the columns; () when the answers are names of class folders.
        asked: the kind of answer; by default it is guessed from the answers.
        testing: whether a model that is trained already will be tested; then one class is enough.

    Raises:
        ArgumentError: there is no such kind. DataError: the answers cannot be of this kind; files are named.

    >>> made = make_targets(["a", "b", "c"], ["cat", "dog", "cat"], ())
    >>> made.kind, made.values.tolist(), made.class_names
    ('binary', [0, 1, 0], ('cat', 'dog'))
    """
    if asked is not None and asked not in get_args(TargetKind):
        kinds = ", ".join(get_args(TargetKind))
        raise ArgumentError(Problem("target", f"found {asked!r}", f"one of {kinds}", "Choose one of them."))
    if len(columns) > 1:
        return _several(files, answers, columns, asked)
    kind, reason = _guess(answers, columns) if asked is None else (asked, "it was asked for")
    where = f"column {shown(columns[0])}" if columns else "class folders"
    if kind == "multilabel":
        return _multilabel(files, answers, where, reason)
    if kind in ("continuous", "count"):
        values = _numbers(files, answers, where, kind)
        return Targets(kind, reason, values.astype(np.float32), names=tuple(columns) or ("number",))
    made = _classes(files, answers, where, kind, reason)
    if not testing:
        _check_classes(made.class_names, len(files), where, kind)
    return made


def _guess(answers: Sequence[Any], columns: Sequence[str]) -> tuple[TargetKind, str]:
    """The kind of one column of answers, and why."""
    column = columns[0].casefold() if columns else ""
    if any(is_list(answer) for answer in answers):
        return "multilabel", "pictures have several labels each"
    numbers = [as_number(answer) for answer in answers]
    if not columns or any(number is None for number in numbers):
        return _guess_classes({as_text(answer) for answer in answers})
    distinct = {number for number in numbers if number is not None}
    if distinct <= {0.0, 1.0}:
        return "binary", "its numbers are 0 and 1 only"
    whole = all(number.is_integer() for number in distinct)
    if whole and column in CLASS_WORDS:
        return _guess_classes({as_text(answer) for answer in answers})
    counts = column in COUNT_WORDS or column.startswith(("n_", "num_", "count_")) or column.endswith("_count")
    if whole and counts and min(distinct) >= 0:
        return "count", f"the column {shown(columns[0])} holds whole numbers from 0 up"
    return "continuous", f"the column {shown(columns[0])} holds {len(distinct):,} different numbers"


def _guess_classes(names: set[str]) -> tuple[TargetKind, str]:
    """Two classes, or many."""
    if len(names) == 2:
        no, yes = sorted(names)
        return "binary", f"there are two classes, {shown(no)} and {shown(yes)}; {shown(yes)} counts as yes"
    return "multinomial", f"there are {len(names):,} classes, one for each picture"


def _classes(
    files: Sequence[str], answers: Sequence[Any], where: str, kind: TargetKind, reason: str
) -> Targets:
    """One class for each picture."""
    labels = [unicodedata.normalize("NFC", as_text(answer)) for answer in answers]
    _refuse_some(files, [not label for label in labels], where, "no label", "a label for each picture")
    names = tuple(sorted(set(labels)))
    if len(names) > MAX_CLASSES:
        _refuse(where, f"there are {len(names):,} classes", f"at most {MAX_CLASSES:,}")
    index = {name: number for number, name in enumerate(names)}
    return Targets(kind, reason, np.array([index[label] for label in labels], np.int32), names)


def _check_classes(names: Sequence[str], pictures: int, where: str, kind: TargetKind) -> None:
    """Refuse classes that nothing can be learned from."""
    if kind == "binary" and len(names) != 2:
        _refuse(where, f"there are {len(names):,} classes ({some(names)})", "two classes for a binary answer")
    if len(names) < 2:
        _refuse(where, f"all pictures are of one class, {some(names)}", "at least two classes")
    if len(names) == pictures > 10:
        _refuse(where, "each picture has a class of its own", "several pictures of each class")


def _multilabel(files: Sequence[str], answers: Sequence[Any], where: str, reason: str) -> Targets:
    """Any number of labels for each picture, none included."""
    labels = [[unicodedata.normalize("NFC", each) for each in as_labels(answer)] for answer in answers]
    twice = [len(set(each)) != len(each) for each in labels]
    _refuse_some(files, twice, where, "a label twice", "each label once")
    names = tuple(sorted({label for each in labels for label in each}))
    if not 1 <= len(names) <= MAX_CLASSES:
        _refuse(where, f"there are {len(names):,} labels", f"1 to {MAX_CLASSES:,} labels")
    index = {name: number for number, name in enumerate(names)}
    values = np.zeros((len(files), len(names)), np.uint8)
    for row, each in enumerate(labels):
        values[row, [index[label] for label in each]] = 1
    return Targets("multilabel", reason, values, names)


def _several(
    files: Sequence[str], answers: Sequence[Any], columns: Sequence[str], asked: TargetKind | None
) -> Targets:
    """Several columns: labels when all cells are 0 or 1, else numbers."""
    by_column = list(zip(*answers, strict=True))
    kind: TargetKind = asked or "continuous"
    values = np.stack(
        [
            _numbers(files, cells, f"column {shown(name)}", kind)
            for name, cells in zip(columns, by_column, strict=True)
        ],
        axis=1,
    )
    ones = bool(np.isin(values, (0, 1)).all())
    if asked == "multilabel" or (asked is None and ones):
        if not ones:
            _refuse("labels", "some cells are other numbers", "0 or 1 in each column of a label")
        return Targets("multilabel", "its columns hold 0 and 1 only", values.astype(np.uint8), tuple(columns))
    if kind in ("binary", "multinomial"):
        _refuse("labels", f"there are {len(columns)} columns", f"one column for a {kind} answer")
    return Targets(kind, f"there are {len(columns)} columns of numbers", values.astype(np.float32),
                   names=tuple(columns))  # fmt: skip


def _numbers(files: Sequence[str], answers: Sequence[Any], where: str, kind: TargetKind) -> np.ndarray:
    """(N,) finite float64; for counts whole and not negative."""
    found = [as_number(answer) for answer in answers]
    _refuse_some(files, [each is None for each in found], where, "no number", "a number for each picture")
    values = np.array(found, np.float64)
    finite = np.abs(np.nan_to_num(values, nan=np.inf)) <= np.finfo(np.float32).max
    _refuse_some(files, list(~finite), where, "a number that is not finite", "finite numbers")
    if kind == "count":
        wrong = list((values < 0) | (values != np.round(values)))
        _refuse_some(files, wrong, where, "no whole number from 0 up", "counts: 0, 1, 2, …")
    return values


def _refuse_some(
    files: Sequence[str], wrong: Sequence[Any], where: str, happened: str, expected: str
) -> None:
    """Refuse answers, naming the files they belong to."""
    named = [file for file, is_wrong in zip(files, wrong, strict=True) if is_wrong]
    if named:
        _refuse(where, f"{happened} for {some(named)}", expected)


def _refuse(where: str, happened: str, expected: str) -> None:
    """Say that the answers do not do."""
    cure = "Mend the labels, or ask for another kind of answer with target='…'."
    raise DataError(Problem(where, happened, expected, cure))


def class_counts(targets: Targets, rows: np.ndarray) -> dict[str, int]:
    """How many of these rows each class has, in label order."""
    if targets.kind == "multilabel":
        counts = targets.values[rows].sum(axis=0, dtype=np.int64)
    else:
        counts = np.bincount(targets.values[rows], minlength=len(targets.class_names))
    return {name: int(count) for name, count in zip(targets.class_names, counts, strict=True)}


def strata(targets: Targets) -> np.ndarray:
    """(N,) int64: pictures with the same number ought to be spread alike over the parts.

    Classes are their own strata; of several labels the rarest counts; numbers are cut into tenths.
    """
    values = targets.values
    if targets.kind == "multilabel":
        rarity = np.argsort(np.argsort(values.sum(axis=0), kind="stable"), kind="stable")
        ranks = np.where(values > 0, rarity, len(rarity))
        return ranks.min(axis=1).astype(np.int64)
    if targets.class_names:
        return values.astype(np.int64)
    first = values if values.ndim == 1 else values[:, 0]
    bins = max(1, min(10, len(first) // 20))
    edges = np.quantile(first, np.linspace(0, 1, bins + 1)[1:-1])
    return np.searchsorted(edges, first, side="right").astype(np.int64)

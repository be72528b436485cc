"""A CSV or JSON-lines table that says for each picture file its label, its labels or its number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from striate.datasets.folders._table_text import Row, read_rows, refused
from striate.datasets.folders.layout import PART_NAMES, UNKNOWN, Listing, some
from striate.datasets.folders.walking import READABLE, Broken, Walk, ending, shown
from striate.errors import ArgumentError, DataError, Problem

FILE_COLUMNS = ("file", "filename", "file_name", "path", "image", "picture")
"""Columns that are taken for file names when nothing is said."""
PART_COLUMN = "split"


def list_table(
    root: Path,
    walk: Walk,
    table: Path,
    file_column: str | None = None,
    label_column: str | Sequence[str] | None = None,
) -> Listing:
    """The pictures that a table names.

    Names in the table are only ever looked up among the files that were found below `root`; a name such as
    `../secret.png` is simply not there. A column `split` may say train, validation or test.

    Args:
        root: the folder. walk: what lies in it. table: the CSV or JSON-lines file.
        file_column: the column of file names, below `root` with "/"; by default one of FILE_COLUMNS.
        label_column: the column or columns of answers; by default the only one that is left.

    Raises:
        DataError: rows are broken, files are missing or named twice; all are told at once.
        ArgumentError: the columns are unclear.
    """
    columns, rows = read_rows(table)
    file_name = _file_column(table, columns, file_column)
    wanted = _label_columns(table, columns, file_name, label_column)
    by_file, refusals = _by_file(walk, table, file_name, rows)
    answers = [tuple(row[name] for name in wanted) for row in by_file.values()]
    return Listing(
        files=tuple(by_file),
        answers=tuple(answer[0] if len(wanted) == 1 else answer for answer in answers),
        given=_given(table, by_file),
        columns=wanted,
        refused=refusals,
        notes=_notes(root, walk, by_file),
    )


def _file_column(table: Path, columns: Sequence[str], asked: str | None) -> str:
    """The column of file names."""
    if asked is not None:
        return _known(table, columns, asked, "file_column")
    found = [name for name in columns if name.casefold() in FILE_COLUMNS]
    if len(found) == 1:
        return found[0]
    happened = f"it has the columns {_listed(columns)}"
    cure = "Say which column names the files: file_column='…'."
    raise ArgumentError(Problem(shown(table.name), happened, "one column called file", cure))


def _label_columns(
    table: Path, columns: Sequence[str], file_name: str, asked: str | Sequence[str] | None
) -> tuple[str, ...]:
    """The columns of the answers."""
    if asked is not None:
        names = (asked,) if isinstance(asked, str) else tuple(asked)
        return tuple(_known(table, columns, name, "label_column") for name in names)
    left = [name for name in columns if name != file_name and name.casefold() != PART_COLUMN]
    if len(left) == 1:
        return (left[0],)
    happened = f"beside {shown(file_name)} it has {f'the columns {_listed(left)}' if left else 'no column'}"
    cure = "Say which column holds the answers: label_column='…'." if left else "Add a column of labels."
    raise ArgumentError(Problem(shown(table.name), happened, "one column of labels or numbers", cure))


def _known(table: Path, columns: Sequence[str], name: str, argument: str) -> str:
    """A column that exists."""
    if name in columns:
        return name
    happened = f"there is no column {name!r} in {shown(table.name)}"
    raise ArgumentError(Problem(argument, happened, f"one of {_listed(columns)}", "Choose one of them."))


def _by_file(
    walk: Walk, table: Path, column: str, rows: Sequence[Row]
) -> tuple[dict[str, Row], tuple[Broken, ...]]:
    """Each picture's row, in the order of the walk; and the pictures that the walk refused."""
    wanted = {str(row[column]).removeprefix("./"): row for row in rows}
    here, odd = set(walk.files), {each.file: each for each in walk.refused}
    missing = [name for name in wanted if name not in here and name not in odd]
    counts = Counter(str(row[column]).removeprefix("./") for row in rows)
    twice = [name for name, count in counts.items() if count > 1]
    problems = []
    if missing:
        problems.append(_missing(table, missing, walk))
    if twice:
        cure = "Keep one row for each picture; several labels are separated by |."
        happened = f"it names files more than once ({len(twice):,}): {some(twice)}"
        problems.append(Problem(shown(table.name), happened, "each file once", cure))
    if problems:
        raise DataError(problems)
    by_file = {name: wanted[name] for name in walk.files if name in wanted}
    return by_file, tuple(odd[name] for name in sorted(wanted) if name in odd)


def _missing(table: Path, missing: Sequence[str], walk: Walk) -> Problem:
    """Names without a file, and what may be the matter with them."""
    stems = {name.rsplit(".", 1)[0]: name for name in walk.files}
    tails = {name.rsplit("/", 1)[-1]: name for name in walk.files}
    first = missing[0]
    near = stems.get(first) or tails.get(first)
    cure = "Give names below the folder, with / between the parts."
    if near is not None:
        cure = f"The file is called {shown(near)}: give its whole name below the folder."
    happened = f"it names files that are not there ({len(missing):,}): {some(missing)}"
    return Problem(shown(table.name), happened, "names of files in the folder", cure)


def _given(table: Path, by_file: Mapping[str, Row]) -> tuple[int, ...]:
    """The part that each row asks for, when there is a column of parts."""
    some_row = next(iter(by_file.values()), {})
    column = next((name for name in some_row if name.casefold() == PART_COLUMN), None)
    if column is None:
        return (UNKNOWN,) * len(by_file)
    said = {name: str(row[column]).casefold() for name, row in by_file.items()}
    wrong = [f"{shown(word)} ({shown(name)})" for name, word in said.items() if word not in PART_NAMES]
    if wrong:
        happened = f"the column {shown(column)} says {', '.join(wrong[:5])}"
        raise refused(table, happened, "train, validation or test in each row")
    return tuple(PART_NAMES[word] for word in said.values())


def _notes(root: Path, walk: Walk, by_file: Mapping[str, Row]) -> tuple[Problem, ...]:
    """Pictures that no row names."""
    others = [name for name in walk.files if ending(name) in READABLE and name not in by_file]
    if not others:
        return ()
    happened = f"pictures are not in the table ({len(others):,}): {some(others)}"
    cure = "Nothing needs to be done, unless rows are missing."
    return (Problem(shown(root), happened, "a row for each picture", cure, "warning"),)


def _listed(columns: Sequence[str]) -> str:
    """Names of columns."""
    return ", ".join(shown(name) for name in columns)

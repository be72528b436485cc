"""The text of a table, read strictly: UTF-8, one name a column, as many cells in each row, no value twice."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from striate.datasets.folders.walking import shown
from striate.errors import DataError, Problem

Row = dict[str, Any]
MAX_BYTES = 256 * 2**20
MAX_ROWS = 2_000_000
CURE = "Mend the table in a spreadsheet or an editor and save it as UTF-8."


def read_rows(path: Path) -> tuple[tuple[str, ...], list[Row]]:
    """The columns and the rows of a CSV file, or of JSON lines when its first character is a brace.

    Args:
        path: the file. The cells of a CSV file may be separated by commas, semicolons or tabs.

    Returns:
        The names of the columns, and for each row its values by name: text from CSV; text, truth values,
        finite numbers, or lists of text from JSON lines.

    Raises:
        DataError: the file cannot be read, or a row is not like the others; the line is named.
    """
    text = _text(path)
    rows = _json_rows(path, text) if text.lstrip().startswith("{") else _csv_rows(path, text)
    columns = tuple(next(rows))
    found: list[Row] = []
    for row in rows:
        found.append(row)
        if len(found) > MAX_ROWS:
            raise refused(path, f"it has more than {MAX_ROWS:,} rows", "a smaller table")
    if not found:
        raise refused(path, "it has no rows", "a row for each picture")
    return columns, found


def refused(path: Path, happened: str, expected: str, cure: str = CURE) -> DataError:
    """The error for a table."""
    return DataError(Problem(shown(path.name), happened, expected, cure))


def _text(path: Path) -> str:
    """The whole text."""
    try:
        if path.exists() and not path.is_file():
            raise refused(path, "it is a folder or a device", "a CSV or JSON-lines file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise refused(path, f"it has more than {MAX_BYTES:,} bytes", "a smaller table")
        return data.decode("utf-8-sig")
    except OSError as error:
        cure = "Check the name, the folder, and your right to read it."
        raise refused(path, f"it cannot be read ({error.strerror})", "a table", cure) from None
    except UnicodeDecodeError as error:
        raise refused(path, f"byte {error.start:,} is not UTF-8", "UTF-8 text") from None


def _csv_rows(path: Path, text: str) -> Iterator[Any]:
    """The names of the columns, then the rows."""
    head = text.split("\n", 1)[0]
    separator = next((mark for mark in ",;\t" if mark in head), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    columns: list[str] = []
    try:
        for cells in reader:
            if not cells:
                continue
            if not columns:
                columns = [cell.strip() for cell in cells]
                _check_columns(path, columns)
                yield columns
            elif len(cells) == len(columns):
                yield dict(zip(columns, (cell.strip() for cell in cells), strict=True))
            else:
                happened = f"line {reader.line_num:,} has {len(cells)} cells"
                raise refused(path, happened, f"{len(columns)} cells: {', '.join(map(shown, columns))}")
    except csv.Error as error:
        raise refused(path, f"line {reader.line_num:,} is no CSV ({error})", "CSV") from None
    if not columns:
        raise refused(path, "it is empty", "a line with the names of the columns")


def _check_columns(path: Path, columns: Sequence[str]) -> None:
    """Refuse columns without a name or with the same one."""
    twice = [name for name, count in Counter(columns).items() if count > 1]
    if "" in columns or twice:
        happened = f"the column {shown(twice[0])!s} is there twice" if twice else "a column has no name"
        raise refused(path, happened, "a first line with a name for each column")


def _json_rows(path: Path, text: str) -> Iterator[Any]:
    """The names of the columns, then the rows."""
    columns: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        row = _json_row(path, line, number)
        if not columns:
            columns = list(row)
            yield columns
        if set(row) != set(columns):
            happened = f"line {number:,} has the names {', '.join(map(shown, row))}"
            raise refused(path, happened, f"the names {', '.join(map(shown, columns))} in every line")
        yield row


def _json_row(path: Path, line: str, number: int) -> Row:
    """One object with plain values, each name once."""
    try:
        row = json.loads(line, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        said = str(error).split(":")[0][:80]
        raise refused(path, f"line {number:,} is no JSON ({shown(said)})", "a JSON object a line") from None
    if not isinstance(row, dict) or not row:
        raise refused(path, f"line {number:,} is no JSON object", "a JSON object a line")
    for name, value in row.items():
        if not _is_plain(value):
            happened = f"line {number:,}: {shown(name)} is {type(value).__name__}"
            raise refused(path, happened, "text, a finite number, true, false, or a list of text")
    return row


def _is_plain(value: Any) -> bool:
    """Whether a JSON value may be a cell; whole numbers that no float holds are no numbers here."""
    if isinstance(value, list):
        return all(isinstance(each, str) for each in value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return abs(value) <= 3.4e38
    return isinstance(value, str | bool)


def _once(pairs: list[tuple[str, Any]]) -> Row:
    """An object that has each name once."""
    row = dict(pairs)
    if len(row) != len(pairs):
        raise ValueError("a name is there twice")
    return row


def _no_constant(text: str) -> float:
    """Refuse NaN and the infinities, which are no JSON."""
    raise ValueError(f"{text} is no number")

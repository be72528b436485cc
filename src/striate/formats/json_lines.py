"""A log of one JSON object a line, which survives being cut off while it is written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from striate.errors import FormatError, Problem, StriateError
from striate.formats._places import read_problem, refuse_nul, shown, write_problem
from striate.formats._plain import plain_json
from striate.network._strict_json import canonical_json, parse_json

_LOOK_BACK = 2**20


def append_json_line(path: str | os.PathLike[str], record: Mapping[str, Any]) -> None:
    """Add one record to the end of a log.

    The line is handed to the system in one piece. If the file ends in the middle of a line, because its last
    writer was killed, that rest is cut off first. The line is not forced to the disk: a power cut may cost
    the newest lines. A log has one writer at a time.

    Args:
        path: the file; it is made if it is missing.
        record: names and JSON values; NaN and infinities, which JSON does not have, become null.

    Raises:
        ArgumentError: a value that JSON cannot hold. StriateError: the file cannot be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     append_json_line(f"{folder}/metrics.jsonl", {"epoch": 1, "loss": 0.25})
    ...     read_json_lines(f"{folder}/metrics.jsonl")
    [{'epoch': 1, 'loss': 0.25}]
    """
    line = canonical_json(plain_json(record, "record", null_for_nonfinite=True)).encode("utf-8") + b"\n"
    try:
        refuse_nul(path)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        descriptor = os.open(path, flags, 0o666)
        try:
            _cut_torn_line(descriptor)
            rest = memoryview(line)
            while len(rest):
                rest = rest[os.write(descriptor, rest) :]
        finally:
            os.close(descriptor)
    except OSError as error:
        raise StriateError(write_problem(path, error)) from error


def read_json_lines(path: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """All whole records of a log; a last line without its end is left out.

    Raises:
        FormatError: the file cannot be read, or a whole line is no JSON object; its number is told.
    """
    try:
        refuse_nul(path)
        *lines, _torn = Path(path).read_bytes().split(b"\n")
    except OSError as error:
        raise FormatError(read_problem(path, error)) from error
    records = []
    for number, line in enumerate(lines, 1):
        where = f"{shown(path)}, line {number}"
        record = parse_json(line, where)
        if not isinstance(record, dict):
            cure = "Remove that line."
            raise FormatError(Problem(where, f"found {type(record).__name__}", "a JSON object", cure))
        records.append(record)
    return records


def _cut_torn_line(descriptor: int) -> None:
    """Cut the file back to the end of its last whole line."""
    size = os.lseek(descriptor, 0, os.SEEK_END)
    start = max(0, size - _LOOK_BACK)
    os.lseek(descriptor, start, os.SEEK_SET)
    tail = os.read(descriptor, size - start)
    if tail and not tail.endswith(b"\n"):
        os.ftruncate(descriptor, start + tail.rfind(b"\n") + 1)

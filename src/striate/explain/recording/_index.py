"""The index of a recording, believed only after every line has been checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from striate.errors import FormatError, Problem
from striate.explain.recording._layout import DTYPES, Entry, Layout
from striate.formats import read_json_lines
from striate.formats._entry_rules import MAX_RANK, name_fault, printable, value_text
from striate.formats._places import shown

INDEX, VALUES, MODEL, PROBE = "index.jsonl", "values.raw", "model.striate", "probe.safetensors"
FILES = (INDEX, VALUES, MODEL, PROBE)
KEY, VERSION = "striate_recording", 1
MAX_ENTRIES = 10_000
SOURCES = ("", "probe", "batch")
_HEAD = {KEY, "dtype", "entries"}
_LINE = {"step", "epoch", "crc"}
_CURE = "Record again, or use another copy of the folder."


def head_of(layout: Layout) -> dict[str, Any]:
    """The first line of an index."""
    entries = [[entry.name, entry.on, list(entry.shape)] for entry in layout.entries]
    return {KEY: VERSION, "dtype": layout.dtype, "entries": entries}


def read_index(folder: Path) -> tuple[Layout, list[dict[str, Any]]]:
    """The layout of a recording, and the lines of the steps whose numbers are in the file.

    A last line that is torn, and lines whose numbers have not reached the disk, are left out.

    Raises:
        FormatError: it is no recording, or not as it was written.
    """
    where = str(folder)
    if not (folder / INDEX).is_file():
        happened = "the folder holds no index.jsonl" if folder.is_dir() else "there is no such folder"
        cure = "Give the folder that a Recorder was given."
        raise FormatError(Problem(where, happened, "a recording", cure))
    head, *lines = read_json_lines(folder / INDEX) or [{}]
    layout = layout_of(head, where)
    values = folder / VALUES
    size = values.stat().st_size if values.is_file() else 0
    lines = lines[: size // layout.block if layout.block else len(lines)]
    before = -1
    for number, line in enumerate(lines, 2):
        before = _check_line(line, before, len(layout.entries), f"{shown(folder / INDEX)}, line {number}")
    return layout, lines


def layout_of(head: Mapping[str, Any], where: str) -> Layout:
    """The layout that the first line of an index tells of.

    Raises:
        FormatError: all that is wrong with it.
    """
    where = f"{where}, {INDEX}"
    if set(head) != _HEAD or type(head.get(KEY)) is not int:
        _refuse(where, f"its first line has the fields {value_text(sorted(head))}", f"{sorted(_HEAD)}")
    if head[KEY] != VERSION:
        happened = f"the format version is {value_text(head[KEY])}"
        raise FormatError(Problem(where, happened, str(VERSION), "Install the Striate that wrote it."))
    problems = [
        Problem(where, f"{name} is {value_text(head[name])}", expected, _CURE)
        for name, expected, good in (
            ("dtype", f"one of {', '.join(DTYPES)}", head["dtype"] in list(DTYPES)),
            ("entries", f"a list of 1 to {MAX_ENTRIES}", _some(head["entries"])),
        )
        if not good
    ]  # fmt: skip
    if not problems:
        problems = _entry_problems(head["entries"], where)
    if problems:
        raise FormatError(problems[:50])
    entries = tuple(Entry(name, on, tuple(shape)) for name, on, shape in head["entries"])
    return Layout(head["dtype"], entries)


def _entry_problems(entries: list[Any], where: str) -> list[Problem]:
    """What is wrong with the arrays that are listed."""
    problems, seen = [], set()
    for number, value in enumerate(entries):
        place = f"{where}, entry {number}"
        if not (
            isinstance(value, list) and len(value) == 3 and all(isinstance(part, str) for part in value[:2])
        ):
            problems.append(Problem(place, f"it is {value_text(value)}", "[name, on, shape]", _CURE))
            continue
        name, on, shape = value
        if fault := name_fault(name):
            problems.append(Problem(f"{place}, {printable(name)}", *fault, _CURE))
        if on not in SOURCES:
            problems.append(
                Problem(place, f"it was recorded on {value_text(on)}", f"one of {SOURCES}", _CURE)
            )
        if not (isinstance(shape, list) and len(shape) <= MAX_RANK and all(map(_whole, shape))):
            expected = f"at most {MAX_RANK} whole numbers"
            problems.append(Problem(place, f"its shape is {value_text(shape)}", expected, _CURE))
        if (name, on) in seen:
            problems.append(Problem(place, f"{printable(name)} is there twice", "each array once", _CURE))
        seen.add((name, on))
    return problems


def _check_line(line: Mapping[str, Any], before: int, count: int, where: str) -> int:
    """The step of a line, which must come after the one before."""
    sums = line.get("crc")
    good = (
        isinstance(sums, list) and len(sums) == count and all(_whole(each) and each < 2**32 for each in sums)
    )
    if set(line) != _LINE or not _whole(line["step"]) or not _whole(line["epoch"]) or not good:
        _refuse(where, "it is not the line of a step", f"step, epoch and {count} checksums")
    if line["step"] <= before:
        _refuse(where, f"its step is {line['step']}", f"one after {before}")
    return line["step"]


def _whole(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**53


def _some(value: Any) -> bool:
    return isinstance(value, list) and 0 < len(value) <= MAX_ENTRIES


def _refuse(where: str, happened: str, expected: str) -> NoReturn:
    raise FormatError(Problem(where, happened, expected, _CURE))

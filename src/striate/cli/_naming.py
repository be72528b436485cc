"""Which pictures a person means: files, folders, patterns, or what standard input brings."""

from __future__ import annotations

import glob
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from striate.errors import DataError, Problem

MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF", b"II*\x00", b"MM\x00*")
"""How picture files begin; anything else on standard input is a list of names."""
MOST = 1 << 28


def pictures(words: Sequence[str]) -> list[str | bytes]:
    """Files in the order of the words; those of a folder or a pattern in the order of their names.

    Raises:
        DataError: all words that mean no picture, at once.
    """
    found: list[str | bytes] = []
    problems: list[Problem] = []
    for word in words:
        try:
            found += list(_standard_input()) if word == "-" else _meant(word)
        except DataError as error:
            problems += error.problems
    if problems:
        raise DataError(problems)
    return found


def _meant(word: str) -> list[str]:
    """The files of one word; one that is no file and no pattern is left to whoever reads it."""
    path = Path(word)
    if path.is_dir():
        from striate.datasets.folders.layout import READABLE
        from striate.datasets.folders.walking import ending, walk

        names = [name for name in walk(path).files if ending(name) in READABLE]
        files = [str(path.joinpath(*name.split("/"))) for name in names]
        if not files:
            _refuse(word, "the folder holds no pictures", "a folder with pictures")
        return files
    if not path.exists() and glob.has_magic(word):
        files = sorted(each for each in glob.glob(word, recursive=True) if Path(each).is_file())
        if not files:
            _refuse(word, "no file matches the pattern", "a pattern of picture files")
        return files
    return [word]


def _standard_input() -> Iterator[str | bytes]:
    """One picture, or names of pictures, a line each."""
    data = sys.stdin.buffer.read(MOST + 1)
    if len(data) > MOST:
        _refuse("-", f"standard input has more than {MOST:,} bytes", "a picture, or names of files")
    if data.startswith(MAGIC):
        yield data
        return
    try:
        lines = [line for line in data.decode("utf-8").splitlines() if line.strip()]
    except UnicodeDecodeError:
        _refuse("-", "standard input is neither a picture nor text", "a picture, or names of files")
    if not lines:
        _refuse("-", "standard input is empty", "a picture, or names of files, a line each")
    yield from lines


def _refuse(where: str, happened: str, expected: str) -> NoReturn:
    """Say that a word means nothing."""
    raise DataError(Problem(where, happened, expected, "Correct it, or name the files themselves."))

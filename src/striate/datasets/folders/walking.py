"""Which files lie below a folder: regular ones that can be named, in the order of their names, no others."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from striate.errors import DataError, Problem

READABLE = frozenset(
    (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".dib", ".tif", ".tiff")
)
"""Endings of the formats that are read; what a file really is, its bytes decide."""
_OTHERS = "heic heif avif jxl jp2 j2k svg psd dng cr2 nef arw tga ico ppm pgm pbm exr"
FOREIGN = frozenset(f".{name}" for name in _OTHERS.split())
"""Endings of pictures in other formats: passing over them in silence would lose a person's photographs."""
LEAVES, DANGLES = "it is a link that leaves the folder", "it is a link to nothing"
DEVICE = "it is a device or a pipe"
MAX_FILES = 2_000_000
MAX_DEPTH = 40


@dataclass(frozen=True)
class Broken:
    """A picture that cannot be used.

    Args:
        file: its name below the folder, with "/" between the parts.
        reason: what is wrong with it, as a clause.
    """

    file: str
    reason: str


@dataclass(frozen=True)
class Walk:
    """What lies below a folder.

    Args:
        files: names of regular files below it, with "/", in the order of their letters' code points.
        folders: names of the folders below it, likewise.
        refused: links that leave it, devices, and names that are not text.
    """

    files: tuple[str, ...]
    folders: tuple[str, ...]
    refused: tuple[Broken, ...]


def walk(root: Path) -> Walk:
    """Look at everything below a folder; hidden files and folders are passed over.

    Args:
        root: the folder. It may itself be reached through a link: the person named it.

    Raises:
        DataError: there is no such folder, it cannot be opened, or it holds millions of files.
    """
    _check_root(root)
    inside = os.path.realpath(root)
    files: list[str] = []
    folders: list[str] = []
    refused: list[Broken] = []
    waiting = [""]
    while waiting:
        prefix = waiting.pop()
        for name, verdict in _verdicts(root, prefix, inside, refused):
            if verdict == "folder":
                folders.append(name)
                waiting.append(f"{name}/")
            elif verdict == "file":
                files.append(name)
            else:
                refused.append(Broken(name, verdict))
        if len(files) > MAX_FILES:
            raise DataError(_too_many(root))
    return Walk(_ordered(files), _ordered(folders), tuple(sorted(refused, key=lambda each: each.file)))


def ending(name: str) -> str:
    """The ending of a file's name in small letters, with its dot.

    >>> ending("cats/My.Cat.JPG")
    '.jpg'
    """
    return os.path.splitext(name)[1].lower()


def shown(name: str | os.PathLike[str]) -> str:
    """A name as it may stand in a message: control and direction characters are made visible.

    >>> shown("a\\x1b[2J")
    "'a\\\\x1b[2J'"
    """
    text = os.fspath(name)
    return text if text.isprintable() else ascii(text)


def _verdicts(root: Path, prefix: str, inside: str, refused: list[Broken]) -> Iterable[tuple[str, str]]:
    """Each entry of one folder with "file", "folder", or why it is refused."""
    if prefix.count("/") > MAX_DEPTH:
        refused.append(Broken(prefix[:-1], f"it lies more than {MAX_DEPTH} folders deep"))
        return []
    try:
        with os.scandir(os.path.join(root, prefix)) as entries:
            listed = [entry for entry in entries if not entry.name.startswith(".")]
    except OSError as error:
        refused.append(Broken(prefix[:-1], f"the folder cannot be opened ({error.strerror})"))
        return []
    return [(prefix + entry.name, _verdict(entry, inside)) for entry in listed]


def _verdict(entry: os.DirEntry[str], inside: str) -> str:
    """What an entry is; a link counts as what it leads to only when that is a file in the folder."""
    try:
        entry.name.encode("utf-8")
    except UnicodeEncodeError:
        return "its name is not UTF-8 text"
    if entry.is_symlink():
        return _linked(os.path.realpath(entry.path), inside)
    if entry.is_dir(follow_symlinks=False):
        return "folder"
    return "file" if entry.is_file(follow_symlinks=False) else DEVICE


def _linked(target: str, inside: str) -> str:
    """The verdict on a link with this target."""
    if os.path.isdir(target):
        return "it is a link to a folder"
    if not target.startswith(inside.rstrip(os.sep) + os.sep):
        return LEAVES
    return "file" if os.path.isfile(target) else DANGLES


def _ordered(names: Iterable[str]) -> tuple[str, ...]:
    """Sorted by code points; accents written in one way or in two come to the same place."""
    return tuple(sorted(names, key=lambda name: (unicodedata.normalize("NFC", name), name)))


def _check_root(root: Path) -> None:
    """Refuse what is no folder."""
    if root.is_dir():
        return
    happened = "it is a file" if root.exists() else "there is no such folder"
    cure = "Name the folder that holds a folder of pictures for each class."
    raise DataError(Problem(shown(root), happened, "a folder of pictures", cure))


def _too_many(root: Path) -> Problem:
    """The problem of a folder such as the root of a disk."""
    cure = "Name the folder of the pictures themselves."
    return Problem(shown(root), f"it holds more than {MAX_FILES:,} files", "a folder of pictures", cure)

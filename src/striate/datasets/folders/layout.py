"""Classes and parts read from the names of folders: cats/1.jpg, or train/cats/1.jpg and test/cats/2.jpg."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from striate.datasets.folders.walking import (
    DANGLES,
    DEVICE,
    FOREIGN,
    LEAVES,
    READABLE,
    Broken,
    Walk,
    ending,
    shown,
)
from striate.errors import DataError, Problem

PARTS = ("train", "validation", "test")
TRAIN, VALIDATION, TEST = range(3)
UNKNOWN = -1
PART_NAMES = {
    **dict.fromkeys(("train", "training"), TRAIN),
    **dict.fromkeys(("val", "valid", "validation", "dev"), VALIDATION),
    **dict.fromkeys(("test", "testing"), TEST),
}
"""What the parts are called in folders and in tables, in any case."""
SHOWN = 5


@dataclass(frozen=True)
class Listing:
    """Pictures with what is known about them from names or from a table.

    Args:
        files: names below the folder. answers: for each, what its folder or its row says.
        given: for each, its part, or UNKNOWN. columns: the names of the answers; () for class folders.
        refused: pictures that cannot be used. notes: warnings.
    """

    files: tuple[str, ...]
    answers: tuple[Any, ...]
    given: tuple[int, ...]
    columns: tuple[str, ...] = ()
    refused: tuple[Broken, ...] = ()
    notes: tuple[Problem, ...] = ()


def list_classes(root: Path, walk: Walk) -> Listing:
    """The pictures of class folders, with or without train/, val/ and test/ above them.

    Deeper folders belong to their class. Files that are no pictures are passed over and counted.

    Raises:
        DataError: there are no pictures, some lie outside of class folders, or the parts are unclear.
    """
    pictures = [name for name in walk.files if ending(name) in READABLE]
    if not pictures:
        raise DataError(_nothing(root, walk))
    depth = 2 if _has_parts(root, pictures) else 1
    strays = [name for name in pictures if name.count("/") < depth]
    if strays:
        raise DataError(_strays(root, strays, depth))
    classes: dict[str, str] = {}  # one text for each class, however many pictures it has
    names = (unicodedata.normalize("NFC", name.split("/", depth)[depth - 1]) for name in pictures)
    tops = (name.split("/", 1)[0].casefold() for name in pictures)
    return Listing(
        files=tuple(pictures),
        answers=tuple(classes.setdefault(name, name) for name in names),
        given=tuple(PART_NAMES[top] if depth == 2 else UNKNOWN for top in tops),
        refused=_refused(walk),
        notes=_notes(root, walk, depth),
    )


def _has_parts(root: Path, pictures: Sequence[str]) -> bool:
    """Whether the top folders are parts: all of them are called like one, and there is a train/."""
    tops = sorted({name.split("/", 1)[0] for name in pictures if "/" in name})
    parts = [top for top in tops if top.casefold() in PART_NAMES]
    train = [top for top in parts if PART_NAMES[top.casefold()] == TRAIN]
    if not train:
        return False
    if len(parts) == len(tops):
        return True
    classes = any(name.count("/") > 1 for name in pictures if name.startswith(f"{train[0]}/"))
    if not classes:
        return False  # a class that happens to be called train, as among vehicles
    others = ", ".join(f"{shown(top)}/" for top in tops if top not in parts)
    happened = f"beside {train[0]}/, which holds class folders, there are pictures in {others}"
    cure = "Move the others out of this folder, or name one of them."
    raise DataError(Problem(shown(root), happened, "train/, val/ and test/ alone", cure))


def _refused(walk: Walk) -> tuple[Broken, ...]:
    """Pictures that cannot be used for what they are, and links that would have led to more of them."""
    foreign = [
        Broken(name, f"{ending(name)[1:].upper()} pictures are not read; save it as PNG or JPEG")
        for name in walk.files
        if ending(name) in FOREIGN
    ]
    single = (LEAVES, DANGLES, DEVICE)  # of one file, which matters only when it would have been a picture
    odd = [
        each for each in walk.refused if each.reason not in single or ending(each.file) in READABLE | FOREIGN
    ]
    return tuple(sorted([*foreign, *odd], key=lambda each: each.file))


def _notes(root: Path, walk: Walk, depth: int) -> tuple[Problem, ...]:
    """What was passed over: class folders without pictures."""
    full = {"/".join(name.split("/")[:depth]) for name in walk.files if ending(name) in READABLE}
    empty = [name for name in walk.folders if name.count("/") == depth - 1 and name not in full]
    if not empty:
        return ()
    happened = f"no pictures are in {some(empty)}"
    cure = "Nothing needs to be done, unless pictures are missing."
    return (Problem(shown(root), happened, "pictures in each class folder", cure, "warning"),)


def some(names: Sequence[str]) -> str:
    """The first few names, and how many there are more.

    >>> some(["a", "b"]), some(list("abcdefg"))
    ('a, b', 'a, b, c, d, e and 2 more')
    """
    said = ", ".join(shown(name) for name in names[:SHOWN])
    return said if len(names) <= SHOWN else f"{said} and {len(names) - SHOWN:,} more"


def _strays(root: Path, strays: Sequence[str], depth: int) -> Problem:
    """Pictures of no class."""
    where = "train/CLASS/" if depth == 2 else "CLASS/"
    happened = f"pictures lie outside of class folders ({len(strays):,}): {some(strays)}"
    cure = "Move them into the folder of their class, or give a table of labels: table='labels.csv'."
    return Problem(shown(root), happened, f"each picture in a folder {where}", cure)


def _nothing(root: Path, walk: Walk) -> Problem:
    """A folder without pictures, and what it holds instead."""
    endings = Counter(ending(name) or "no ending" for name in walk.files).most_common(SHOWN)
    held = ", ".join(f"{count:,} x {shown(kind)}" for kind, count in endings) or "no files"
    cure = "Name the folder that holds a folder of pictures for each class."
    expected = "JPEG, PNG, WebP, GIF, BMP or TIFF files in class folders"
    return Problem(shown(root), f"it holds no pictures ({held})", expected, cure)

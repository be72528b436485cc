"""Pictures that look alike to a network: an index of a folder, and what in it is nearest to a picture."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from striate.datasets.folders.walking import READABLE, ending, walk
from striate.errors import ArgumentError, DataError, Problem, StriateError
from striate.images import Preprocessing
from striate.images.reading import read_prepared
from striate.models import Model
from striate.tasks.features import SHARD, digest, features
from striate.tasks.index_file import Index
from striate.tasks.nearest import nearest, unit
from striate.tasks.run_folder import existing_folder
from striate.tasks.similar import Similar
from striate.tasks.source import find_source

Progress = Callable[[str, int, int], Any]


@dataclass(frozen=True, eq=False)
class Embedder:
    """Gives vectors for pictures.

    Args:
        model: whose output they are. preprocessing: of its pictures. source: what the person called it.
        layer: whose output is taken, None for what the last layer with weights reads.
    """

    model: Model
    preprocessing: Preprocessing
    source: str
    layer: str | None = None

    @classmethod
    def find(cls, source: str, layer: str | None = None) -> Embedder:
        """The one of a name of weights, a run, or a model file.

        Raises:
            StriateError: there is no such network, or no such layer.
        """
        found = find_source(source)
        ends_in_map = len(found.model.network.output_shapes[0]) == 3
        body = found.model if layer is None and ends_in_map else found.model.features(at=layer)
        return cls(body, found.preprocessing, found.source, layer)

    def vectors(self, pictures: np.ndarray) -> np.ndarray:
        """(N, D) float32 of length 1; a map is averaged over its places."""
        values = features(self.model, pictures)
        return unit(values.mean(axis=(1, 2)) if values.ndim == 4 else values.reshape(len(values), -1))


def index_pictures(
    folder: str | Path,
    embedder: Embedder,
    *,
    skip_broken: bool = False,
    progress: Progress | None = None,
) -> Index:
    """An index of all pictures below a folder.

    Args:
        folder: the folder. embedder: gives the vectors. skip_broken: leave out what cannot be read.
        progress: called with a stage, how many pictures are done, and of how many.

    Raises:
        DataError: there are no pictures, or some cannot be read; all of these at once.
    """
    root = Path(folder).absolute()
    names = [name for name in walk(root).files if ending(name) in READABLE]
    kept: list[str] = []
    problems: list[Problem] = []
    parts = []
    for start in range(0, len(names), SHARD):
        some = names[start : start + SHARD]
        read = _read([root.joinpath(*name.split("/")) for name in some], embedder.preprocessing)
        good = [(name, each) for name, each in zip(some, read, strict=True) if isinstance(each, np.ndarray)]
        problems += [each for found in read if not isinstance(found, np.ndarray) for each in found]
        if good:
            kept += [name for name, _ in good]
            parts.append(embedder.vectors(np.stack([pixels for _, pixels in good])))
        if progress is not None:
            progress("pictures", start + len(some), len(names))
    if problems and not skip_broken:
        raise DataError(problems)
    if not parts:
        cure = "Name a folder with JPEG, PNG, WebP, GIF, BMP or TIFF files."
        raise DataError(Problem(str(folder), "the folder holds no pictures", "a folder with pictures", cure))
    vectors = np.concatenate(parts)
    return Index(str(root), tuple(kept), vectors, embedder.source, digest(embedder.model), embedder.layer)


def open_index(place: str | Path, progress: Progress | None = None) -> tuple[Index, Embedder]:
    """The index of a file, or of the pictures that a run was trained on, with what gives vectors for it.

    Raises:
        StriateError: there is none, or its network is no longer the one that made it.
    """
    path = Path(place)
    if path.is_dir():
        data = existing_folder(path).read_config().get("data")
        if not isinstance(data, str) or not os.path.isdir(data):
            happened, cure = "the run was not trained on a folder", "Index a folder: striate index FOLDER"
            raise ArgumentError(Problem(str(place), happened, "a run on a folder of pictures", cure))
        embedder = Embedder.find(str(place))
        return index_pictures(data, embedder, skip_broken=True, progress=progress), embedder
    index = Index.load(path)
    embedder = Embedder.find(index.source, index.layer)
    if digest(embedder.model) != index.digest:
        happened, cure = f"{index.source} is no longer what made it", "Index the folder again."
        raise DataError(Problem(str(place), happened, "the same network", cure))
    return index, embedder


def similar(index: Index, embedder: Embedder, image: str | Path | bytes, k: int = 12) -> Similar:
    """The pictures of an index that are nearest to a picture.

    Args:
        index, embedder: from `open_index`. image: a picture file. k: how many.

    Raises:
        ArgumentError: k is below 1. DataError: the picture cannot be read.
    """
    if k < 1:
        raise ArgumentError(Problem("-k", f"got {k}", "a whole number from 1", "Give for instance -k 12."))
    vector = embedder.vectors(read_prepared(image, embedder.preprocessing)[None])
    rows, cosines = nearest(index.vectors, vector, k)
    found = tuple((index.files[row], float(cosine)) for row, cosine in zip(rows[0], cosines[0], strict=True))
    return Similar(image, index.folder, found, len(index.files))


def _read(paths: Sequence[Path], recipe: Preprocessing) -> list[np.ndarray | tuple[Problem, ...]]:
    """The pixels of each file, or why there are none; decoding leaves Python's lock alone."""

    def one(path: Path) -> np.ndarray | tuple[Problem, ...]:
        try:
            return read_prepared(path, recipe)
        except StriateError as error:
            return error.problems

    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        return list(pool.map(one, paths))

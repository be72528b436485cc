"""What a trained network sees in pictures, computed once and kept, picture by picture."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from striate.datasets._home import home
from striate.errors import StriateError
from striate.formats.safetensors_file import read_safetensors, write_safetensors
from striate.models import Model
from striate.network import to_json

BATCH, SHARD = 32, 512
"""Pictures that are computed together, and pictures in a file of the cache: a killed run loses one file."""
Progress = Callable[[str, int, int], Any]


def features(model: Model, pictures: Any, progress: Progress | None = None) -> np.ndarray:
    """What a model says about pictures, from the cache where it has said it before.

    Args:
        model: gives the features; see `Model.features`. pictures: (N, H, W, C) uint8, an array or rows that
            are read when they are indexed. progress: called with a stage, how many are done, and of how many.

    Returns:
        (N, ...) float32. A picture is known by its pixels and a model by its weights, so neither names nor
        places matter.
    """
    folder = home() / "features" / digest(model)[:32]
    known = _read(folder)
    keys = [hashlib.sha256(picture.tobytes()).digest() for part in _parts(pictures) for picture in part]
    missing = [row for row, key in enumerate(keys) if key not in known]
    fresh = {keys[row]: row for row in missing}  # each picture once
    rows = np.array(sorted(fresh.values()), np.int64)
    for start in range(0, len(rows), SHARD):
        chunk = rows[start : start + SHARD]
        known |= _computed(model, pictures, chunk, keys, folder, progress, (start, len(rows)))
    return np.stack([known[key] for key in keys])


def digest(model: Model) -> str:
    """One SHA-256 of everything that decides a model's answers: architecture, weights, preprocessing."""
    found = hashlib.sha256(to_json(model.network).encode())
    recipe = model.preprocessing
    found.update(repr(None if recipe is None else sorted(recipe.to_json().items())).encode())
    for group in ("params", "state"):
        for path, weights in sorted(model.variables.get(group, {}).items()):
            for name, array in sorted(weights.items()):
                found.update(f"{path}/{name}".encode())
                found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()


def _parts(pictures: Any) -> Iterator[np.ndarray]:
    """A few hundred pictures at a time."""
    for start in range(0, len(pictures), SHARD):
        yield np.asarray(pictures[start : start + SHARD])


def _computed(
    model: Model,
    pictures: Any,
    rows: np.ndarray,
    keys: list[bytes],
    folder: Path,
    progress: Progress | None,
    place: tuple[int, int],
) -> dict[bytes, np.ndarray]:
    """The features of some pictures, which become a file of the cache."""
    done, values = place[0], []
    for start in range(0, len(rows), BATCH):
        part = rows[start : start + BATCH]
        values.append(np.asarray(model.predict(pictures[part], batch_size=BATCH, verbose=0), np.float32))
        done += len(part)
        if progress is not None:
            progress("features", done, place[1])
    found = {keys[row]: value for row, value in zip(rows, np.concatenate(values), strict=True)}
    name = hashlib.sha256(b"".join(found)).hexdigest()[:32]
    known = np.frombuffer(b"".join(found), np.uint8).reshape(-1, 32)
    write_safetensors(
        folder / f"{name}.safetensors", {"keys": known, "features": np.stack([*found.values()])}, {}
    )
    return found


def _read(folder: Path) -> dict[bytes, np.ndarray]:
    """All that the cache holds for a model; a damaged file is as good as none."""
    known: dict[bytes, np.ndarray] = {}
    for path in sorted(folder.glob("*.safetensors")):
        try:
            arrays, _ = read_safetensors(path)
            rows = [row.tobytes() for row in arrays["keys"]]
            known |= dict(zip(rows, arrays["features"], strict=True))
        except (StriateError, KeyError, ValueError):
            continue
    return known

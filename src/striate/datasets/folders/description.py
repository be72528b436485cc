"""A folder of pictures as one frozen value: files, targets, parts, sizes, and the door to the pixels."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from striate.datasets.folders.batches import Batches
from striate.datasets.folders.labels import TargetKind
from striate.datasets.folders.layout import PARTS
from striate.datasets.folders.rows import Rows
from striate.datasets.folders.walking import Broken
from striate.errors import ArgumentError, Problem
from striate.images.preprocessing import Preprocessing

Part = Literal["train", "validation", "test", "all"]


@dataclass(frozen=True)
class ArraySplit:
    """The pictures of one part.

    Args:
        x: (n, H, W, C) uint8; a NumPy array, or `Rows` that read what is indexed when it is too large.
        y: their targets. files: their names. indices: their places in the folder.
    """

    x: np.ndarray | Rows
    y: np.ndarray
    files: tuple[str, ...]
    indices: np.ndarray

    def batches(self, size: int, *, seed: int = 0, shuffle: bool = True, prefetch: int = 4) -> Batches:
        """(x, y) of `size` pictures at a time, in an order that only the seed and the epoch decide.

        Args:
            size: pictures in a batch; the last one may be shorter.
            seed: decides the order. shuffle: False keeps the order of the files.
            prefetch: batches that are read ahead while the device works.
        """
        return Batches(self.x, self.y, size, seed=seed, shuffle=shuffle, prefetch=prefetch)

    def __len__(self) -> int:
        """The number of pictures."""
        return len(self.files)


@dataclass(frozen=True, eq=False)
class PictureFolder:
    """What `image_folder` found, decoded and decided; N pictures in the order of their names.

    Args:
        path: the folder. files: names below it, with "/". sha256: (N, 32) uint8, of the files.
        sizes: (N, 2) int32, height and width, upright.
        targets: (N,) int32 classes, (N, K) uint8 labels, (N,) or (N, M) float32 numbers.
        target_kind: of answer. target_reason: why, as a clause.
        class_names: in label order; () for numbers. target_names: of the numbers; () for classes.
        parts: (N,) uint8, an index of PARTS each. split_reason: how they came about, as a sentence.
        preprocessing: brings any picture to the form that these have. size_reason: why this size and fit.
        groups: indices of near-duplicates, copies included, each group sorted.
        broken: pictures that were skipped. notes: warnings. seed: of the split.
        pixels: all N pictures. memory: bytes up to which a part is given as an array.
    """

    path: Path
    files: tuple[str, ...]
    sha256: np.ndarray
    sizes: np.ndarray
    targets: np.ndarray
    target_kind: TargetKind
    target_reason: str
    class_names: tuple[str, ...]
    target_names: tuple[str, ...]
    parts: np.ndarray
    split_reason: str
    preprocessing: Preprocessing
    size_reason: str
    groups: tuple[tuple[int, ...], ...]
    broken: tuple[Broken, ...]
    notes: tuple[Problem, ...]
    seed: int
    memory: int
    pixels: Rows = field(repr=False)

    def rows(self, part: Part) -> np.ndarray:
        """The indices of the pictures of a part; "all" has them all.

        Raises:
            ArgumentError: there is no such part.
        """
        if part not in get_args(Part):
            expected = "'train', 'validation', 'test' or 'all'"
            raise ArgumentError(Problem("part", f"found {part!r}", expected, "Choose one of them."))
        return np.arange(len(self)) if part == "all" else np.flatnonzero(self.parts == PARTS.index(part))

    def split(self, part: Part) -> ArraySplit:
        """The pictures and targets of a part: an array when it takes at most `memory` bytes, else `Rows`."""
        indices = self.rows(part)
        pixels = self.pixels.take(indices)
        x = pixels.array() if pixels.nbytes <= self.memory else pixels
        return ArraySplit(x, self.targets[indices], tuple(self.files[index] for index in indices), indices)

    def read(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        """(n, H, W, C) uint8: pictures as the network gets them, by their places in the folder."""
        return self.pixels.take(np.asarray(indices, np.int64)).array()

    def place(self, index: int) -> Path:
        """The file of a picture."""
        return self.path.joinpath(*self.files[index].split("/"))

    def statistics(self, part: Part = "train") -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of each channel over a part, (C,) float64 each, on the scale 0 to 1."""
        pixels = self.pixels.take(self.rows(part))
        total = np.zeros((2, pixels.shape[-1]))
        for start in range(0, len(pixels), 256):
            values = pixels[start : start + 256].reshape(-1, pixels.shape[-1]).astype(np.float64) / 255
            total += np.stack([values.sum(axis=0), np.square(values).sum(axis=0)])
        mean, square = total / max(1, len(pixels) * pixels.shape[1] * pixels.shape[2])
        return mean, np.sqrt(np.maximum(square - np.square(mean), 0))

    @property
    def digest(self) -> str:
        """One SHA-256 of all that decides a training: files, contents, targets, parts, preprocessing."""
        facts = [
            self.files,
            self.class_names,
            self.target_names,
            self.target_kind,
            self.preprocessing.to_json(),
        ]
        digest = hashlib.sha256(json.dumps(facts).encode())
        for array in (self.sha256, self.targets, self.parts):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def text(self) -> str:
        """What was found and decided, in sentences, a line each; names are as they are in the folder."""
        asked = ", ".join(self.class_names or self.target_names)
        lines = [
            f"{len(self):,} pictures. Answers: {self.target_kind}, because {self.target_reason}.",
            f"They are: {asked}.",
            self.size_reason,
            self.split_reason[0].upper() + self.split_reason[1:],
        ]
        if self.groups:
            count = sum(map(len, self.groups))
            lines.append(f"{count:,} pictures look like others (groups: {len(self.groups):,}).")
        if self.broken:
            lines.append(f"Left out, for they cannot be used: {len(self.broken):,}.")
        return "\n".join([*lines, *map(str, self.notes)])

    def to_json(self) -> dict[str, Any]:
        """The facts as plain JSON values; names of files only where something is the matter with them."""
        return {
            "path": str(self.path),
            "pictures": len(self),
            "parts": {name: len(self.rows(name)) for name in ("train", "validation", "test")},
            "target": self.target_kind,
            "class_names": list(self.class_names),
            "target_names": list(self.target_names),
            "preprocessing": self.preprocessing.to_json(),
            "reasons": {"target": self.target_reason, "split": self.split_reason, "size": self.size_reason},
            "near_duplicates": [[self.files[index] for index in group] for group in self.groups],
            "broken": [[each.file, each.reason] for each in self.broken],
            "notes": [str(note) for note in self.notes],
            "seed": self.seed,
            "digest": self.digest,
        }

    def __len__(self) -> int:
        """The number of pictures."""
        return len(self.files)

"""The cache of decoded pictures: found by what a file holds, whatever it is called; whole shards or none."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import math
import os
import secrets
import shutil
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from striate.datasets._home import home, write_whole
from striate.datasets.folders.rows import Rows, Shard
from striate.datasets.folders.walking import shown
from striate.errors import DataError, Problem

VERSION = 1
"""Raised whenever the same file would give other pixels or another look."""
SHARD_BYTES = 64 * 2**20
LEFTOVER_AGE = 3600.0
GROUPS = "groups-"
"""How names of files begin that keep which pictures look alike."""
FACTS = np.dtype(
    [
        ("sha256", "u1", (32,)),
        ("row", "<u4"),
        ("crc", "<u4"),
        ("height", "<i4"),
        ("width", "<i4"),
        ("look", "<u8"),
    ]
)
"""What is kept of a picture beside its pixels."""


@dataclass(frozen=True)
class Recipe:
    """What decides the pixels of a file: (H, W), 1 or 3 channels, and the fit."""

    size: tuple[int, int]
    channels: int
    fit: str

    @property
    def example(self) -> tuple[int, int, int]:
        """(H, W, C)."""
        return (*self.size, self.channels)

    @property
    def folder(self) -> Path:
        """Where pictures decoded in this way are kept."""
        facts = json.dumps([VERSION, self.size, self.channels, self.fit])
        short = hashlib.sha256(facts.encode()).hexdigest()[:8]
        return home() / "decoded" / f"{self.size[0]}x{self.size[1]}x{self.channels}-{self.fit}-{short}"


class Store:
    """The pictures of one recipe.

    Args:
        recipe: what decides the pixels.
    """

    def __init__(self, recipe: Recipe) -> None:
        """Read the facts of every whole shard; leftovers of killed runs are removed."""
        self.recipe = recipe
        self._shards: list[Shard] = []
        self._facts: list[np.ndarray] = []
        self._places: dict[bytes, tuple[int, int]] = {}
        if recipe.folder.is_dir():
            _remove_leftovers(recipe.folder)
            for path in sorted(recipe.folder.glob("*.facts.npy")):
                self._open(path)

    def has(self, sha256: bytes) -> bool:
        """Whether the file with this SHA-256 has been decoded."""
        return sha256 in self._places

    def facts(self, sha256: np.ndarray) -> np.ndarray:
        """(n,) of FACTS, for files that have been decoded; (n, 32) uint8."""
        out = np.empty(len(sha256), FACTS)
        for index, row in enumerate(sha256):
            shard, place = self._places[row.tobytes()]
            out[index] = self._facts[shard][place]
        return out

    def rows(self, sha256: np.ndarray) -> Rows:
        """The pixels of files that have been decoded; (n, 32) uint8."""
        shard = np.array([self._places[row.tobytes()][0] for row in sha256], np.int32)
        facts = self.facts(sha256)
        return Rows(
            self.recipe.example, tuple(self._shards), shard, facts["row"].astype(np.int64), facts["crc"]
        )

    def per_shard(self) -> int:
        """How many pictures a shard holds."""
        return max(1, SHARD_BYTES // math.prod(self.recipe.example))

    def check_room(self, count: int) -> None:
        """Refuse to begin when the disk has no room for `count` more pictures.

        Raises:
            DataError: it has not.
        """
        self.recipe.folder.mkdir(parents=True, exist_ok=True)
        needed, free = count * math.prod(self.recipe.example), shutil.disk_usage(self.recipe.folder).free
        if needed > 0.95 * free:
            happened = (
                f"{count:,} decoded pictures need {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free"
            )
            cure = "Make room, choose a smaller size, or let STRIATE_HOME name a folder on another disk."
            raise DataError(Problem(shown(self.recipe.folder), happened, "room for the cache", cure))

    def begin(self, count: int) -> OpenShard:
        """A new shard with room for `count` pictures."""
        return OpenShard(self.recipe, count)

    def add(self, shard: OpenShard, facts: np.ndarray) -> None:
        """Close a shard and keep it, with the facts of the pictures that are in it."""
        path = shard.close(facts)
        if path is not None:
            self._open(path)

    def _open(self, path: Path) -> None:
        """Take in a shard, unless it is not what we wrote."""
        pixels = path.with_name(path.name.replace(".facts.npy", ".npy"))
        with contextlib.suppress(OSError, ValueError, EOFError):
            facts = np.load(path, allow_pickle=False)
            offset = _offset(pixels, self.recipe.example)
            rows = (pixels.stat().st_size - offset) // math.prod(self.recipe.example)
            if facts.dtype != FACTS or facts.ndim != 1 or (facts["row"] >= rows).any():
                return
            number = len(self._shards)
            self._shards.append(Shard(pixels, offset))
            self._facts.append(facts)
            for place, digest in enumerate(facts["sha256"]):
                self._places.setdefault(digest.tobytes(), (number, place))


class OpenShard:
    """A shard that is being filled under a temporary name; workers write into it by themselves.

    Args:
        recipe: what decides the pixels. count: how many pictures it has room for.
    """

    def __init__(self, recipe: Recipe, count: int) -> None:
        """Make the file at its full length."""
        self._name = secrets.token_hex(8)
        self._folder = recipe.folder
        self.path = self._folder / f".{self._name}.{os.getpid()}.tmp"
        header = io.BytesIO()
        shape = {"descr": "|u1", "fortran_order": False, "shape": (count, *recipe.example)}
        np.lib.format.write_array_header_1_0(header, shape)
        self._offset, self._size = header.tell(), math.prod(recipe.example)
        self._folder.mkdir(parents=True, exist_ok=True)
        with self.path.open("xb") as file:
            file.write(header.getvalue())
            file.truncate(self._offset + count * self._size)

    def place(self, row: int) -> int:
        """Where the pixels of a row begin, in bytes."""
        return self._offset + row * self._size

    def close(self, facts: np.ndarray) -> Path | None:
        """Force it to the disk, give it its name, then write its facts, which make it count; their path."""
        if not len(facts):
            self.discard()
            return None
        with self.path.open("r+b") as file:
            os.fsync(file.fileno())
        self.path.replace(self._folder / f"{self._name}.npy")
        path = self._folder / f"{self._name}.facts.npy"
        write_whole(path, partial(np.save, arr=facts, allow_pickle=False))
        return path

    def discard(self) -> None:
        """Remove it."""
        self.path.unlink(missing_ok=True)


def _offset(path: Path, example: tuple[int, ...]) -> int:
    """Where the pixels begin in a shard; ValueError when it is not one of this recipe."""
    with path.open("rb") as file:
        np.lib.format.read_magic(file)
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
        if shape[1:] != example or fortran or dtype != np.uint8:
            raise ValueError(path)
        return file.tell()


def _remove_leftovers(folder: Path) -> None:
    """Remove what killed runs left: files under temporary names, and pixels without facts."""
    oldest = time.time() - LEFTOVER_AGE
    for path in folder.iterdir():
        is_temporary = path.name.startswith(".")
        is_pixels = path.suffix == ".npy" and not path.name.startswith(GROUPS)
        is_lonely = is_pixels and not path.name.endswith(".facts.npy")
        if is_temporary or (is_lonely and not path.with_suffix(".facts.npy").exists()):
            with contextlib.suppress(OSError):
                if path.lstat().st_mtime < oldest:
                    path.unlink()

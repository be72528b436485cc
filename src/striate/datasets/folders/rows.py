"""Pixels that stay on the disk: whoever indexes them gets an array, and only that much is ever in memory."""

from __future__ import annotations

import math
import os
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from striate.datasets.folders.walking import shown
from striate.errors import DataError, Problem

Index = int | np.integer | slice | Sequence[int] | np.ndarray


@dataclass(frozen=True)
class Shard:
    """A file of pixels.

    Args:
        path: a .npy file of uint8. offset: of its first pixel, in bytes.
    """

    path: Path
    offset: int


@dataclass(frozen=True, eq=False)
class Rows:
    """Pictures in the shards of the cache, used like an array of uint8.

    Args:
        example: (H, W, C). shards: the files. shard: (n,) which file each picture is in.
        row: (n,) its place there. crc: (n,) the checksum of its pixels.
    """

    example: tuple[int, int, int]
    shards: tuple[Shard, ...]
    shard: np.ndarray
    row: np.ndarray
    crc: np.ndarray

    dtype = np.dtype(np.uint8)
    ndim = 4

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(n, H, W, C)."""
        return (len(self.row), *self.example)

    @property
    def nbytes(self) -> int:
        """What they take in memory, were they all read."""
        return math.prod(self.shape)

    def __len__(self) -> int:
        """The number of pictures."""
        return len(self.row)

    def take(self, indices: slice | Sequence[int] | np.ndarray) -> Rows:
        """Some of the pictures, not read yet."""
        return Rows(self.example, self.shards, self.shard[indices], self.row[indices], self.crc[indices])

    def array(self) -> np.ndarray:
        """(n, H, W, C) uint8: all of them, read into memory.

        Raises:
            DataError: the cache is damaged.
        """
        out = np.empty(self.shape, np.uint8)
        for number, places in self._by_shard():
            self._read(self.shards[number], places, out)
        return out

    def __getitem__(self, index: Index) -> np.ndarray:
        """One picture (H, W, C) for a number; (n, H, W, C) for a slice or several numbers."""
        if isinstance(index, int | np.integer):
            return self.take([range(len(self))[int(index)]]).array()[0]
        if isinstance(index, slice):
            return self.take(index).array()
        chosen = np.asarray(index)
        return self.take(chosen if chosen.size else chosen.astype(np.int64)).array()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """All of them, for NumPy."""
        if copy is False:
            raise ValueError("pictures on the disk cannot become an array without a copy")
        return self.array() if dtype is None else self.array().astype(dtype)

    def __iter__(self) -> Iterator[np.ndarray]:
        """One picture after the other."""
        return (self[index] for index in range(len(self)))

    def _by_shard(self) -> Iterator[tuple[int, np.ndarray]]:
        """Each shard that is needed, with the places of its pictures in the result, in the file's order."""
        order = np.lexsort((self.row, self.shard))
        edges = np.flatnonzero(np.diff(self.shard[order])) + 1
        for places in np.split(order, edges):
            if len(places):
                yield int(self.shard[places[0]]), places

    def _read(self, shard: Shard, places: np.ndarray, out: np.ndarray) -> None:
        """Fill some rows of `out` from one file, and check each."""
        size = math.prod(self.example)
        try:
            with shard.path.open("rb", buffering=0) as file:
                for place in places.tolist():
                    file.seek(shard.offset + int(self.row[place]) * size)
                    if _fill(file, out[place]) != size or zlib.crc32(out[place].data) != self.crc[place]:
                        raise _damaged(shard.path, "its pixels are not what was written")
        except OSError as error:
            raise _damaged(shard.path, f"it cannot be read ({error.strerror})") from None


def _fill(file: Any, row: np.ndarray) -> int:
    """Read until the row is full or the file is at its end; how many bytes came."""
    rest = row.data.cast("B")
    done = 0
    while done < len(rest) and (got := file.readinto(rest[done:])):
        done += got
    return done


def _damaged(path: Path, happened: str) -> DataError:
    """The error for a cache that others have touched."""
    cure = f"Remove the folder {shown(path.parent)}{os.sep}: its pictures are decoded again."
    return DataError(Problem(shown(path), happened, "a shard of the cache of decoded pictures", cure))

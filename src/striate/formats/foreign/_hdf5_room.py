"""Bytes of an HDF5 file: taken from any place, never beyond its end, and never endlessly.

HDF5's own library is a large C program that was never meant for files from strangers, so the few structures
that Keras writes are read here. Format: The HDF Group, "HDF5 File Format Specification", version 3.0.
"""

from __future__ import annotations

from typing import BinaryIO

import numpy as np

from striate.formats.foreign._memory_file import MemoryFile
from striate.formats.foreign._refusal import Misfit

MAX_STRUCTURE = 32 * 2**20
"""The most bytes of structure (everything but numbers) that are looked at: repeated looks count again."""

_COST = 64
"""What a look costs beside its bytes, so that many small ones come to an end as well."""

NOWHERE = 2**64 - 1
"""The address of what does not exist."""

_SOUND = "a sound HDF5 file"


class Room:
    """A file, or a part of one, as numbered bytes."""

    def __init__(self, file: BinaryIO | MemoryFile, start: int, size: int) -> None:
        """Args: file: open. start: where its first byte lies in that file. size: how many bytes it has."""
        self._file, self._start, self.size = file, start, size
        self._seen = 0

    def take(self, place: int, count: int) -> bytes:
        """That many bytes from there."""
        self._seen += count + _COST
        if place + count > self.size:
            raise Misfit(f"it points to byte {place + count} of {self.size}", _SOUND)
        if self._seen > MAX_STRUCTURE:
            raise Misfit(f"more than {MAX_STRUCTURE} bytes of structure are to be read", "fewer")
        self._file.seek(self._start + place)
        data = self._file.read(count)
        if len(data) != count:
            raise Misfit("the file became shorter while it was read", "a file nobody writes to")
        return data

    def cursor(self, place: int, count: int) -> Cursor:
        """Those bytes, to be read forward."""
        return Cursor(self.take(place, count))

    def marked(self, place: int, mark: bytes, count: int) -> Cursor:
        """The same behind a mark, which must be there."""
        cursor = self.cursor(place, len(mark) + count)
        if cursor.raw(len(mark)) != mark:
            raise Misfit(f"there is no {mark.decode()} at byte {place}", _SOUND)
        return cursor

    def packed(self, place: int, count: int) -> bytes:
        """Compressed numbers, which are no structure."""
        out = np.empty(count, np.uint8)
        self.fill(place, out)
        return out.tobytes()

    def fill(self, place: int, out: np.ndarray) -> None:
        """Fill an array with the numbers that lie there."""
        raw = out.reshape(-1).view(np.uint8).data
        if place + len(raw) > self.size:
            raise Misfit(f"its numbers reach to byte {place + len(raw)} of {self.size}", "a whole file")
        self._file.seek(self._start + place)
        if self._file.readinto(raw) != len(raw):  # type: ignore[attr-defined]
            raise Misfit("the file became shorter while it was read", "a file nobody writes to")


class Cursor:
    """Bytes read forward; the end comes as a Misfit."""

    def __init__(self, data: bytes) -> None:
        """Args: data: all of them."""
        self.data, self.place = data, 0

    @property
    def left(self) -> int:
        """How many are still there."""
        return len(self.data) - self.place

    def raw(self, count: int) -> bytes:
        """The next bytes as they are."""
        if count > self.left:
            raise Misfit(f"a structure of {len(self.data)} bytes ends too early", _SOUND)
        self.place += count
        return self.data[self.place - count : self.place]

    def number(self, count: int) -> int:
        """The next bytes as a whole number."""
        return int.from_bytes(self.raw(count), "little")

    def numbers(self, count: int, *, each: int = 8) -> tuple[int, ...]:
        """The next whole numbers of some bytes each."""
        return tuple(self.number(each) for _ in range(count))

    def padded(self, count: int) -> bytes:
        """Bytes that are filled up to a multiple of 8."""
        data = self.raw(count)
        self.raw(-count % 8)
        return data


def plain_text(raw: bytes) -> str:
    """UTF-8 up to the first NUL."""
    try:
        return raw.split(b"\0", 1)[0].decode("utf-8")
    except UnicodeDecodeError:
        raise Misfit("a text is not UTF-8", "UTF-8") from None

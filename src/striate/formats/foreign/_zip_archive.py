"""The files in a zip archive as bytes: nothing lands on disk, and a suspicious archive is refused whole."""

from __future__ import annotations

import dataclasses
import struct
import zlib
from typing import BinaryIO

import numpy as np

from striate.errors import FormatError
from striate.formats._entry_rules import printable
from striate.formats.foreign._memory_file import MemoryFile
from striate.formats.foreign._refusal import refusal, refuse
from striate.formats.foreign._zip_directory import STORED, ZipEntry, read_table

MAX_RATIO = 200
FREE_BYTES = 2**20
"""What may be inflated whatever the ratio is: short files deflate well."""

_CHUNK = 2**18
_LATER = 8
"""The flag that says that sizes stand behind the bytes, not in front of them."""


class ZipArchive:
    """An open archive whose entries have been checked against each other.

    Args:
        entries: by name, in the order of their bytes, without folders.
        where: what an error message calls the file.
    """

    def __init__(self, file: BinaryIO, size: int, where: str) -> None:
        """Read the table of contents.

        Args:
            file: the open file. size: of it. where: what an error message calls it.

        Raises:
            FormatError: broken, overlapping, lying about names or sizes, or far larger when inflated.
        """
        self._file, self.where = file, where
        table, end = read_table(file, size, where)
        promised = sum(entry.size for entry in table)
        if promised > MAX_RATIO * size + FREE_BYTES:
            expected = f"at most {MAX_RATIO} times as many"
            refuse(where, f"its entries promise {promised} bytes out of {size}", expected)
        placed = self._placed(sorted(table, key=lambda entry: entry.header), end)
        self._summed = any(entry.crc for entry in placed)  # PyTorch can be told to write no checksums
        self.entries = {entry.name: entry for entry in placed if not entry.name.endswith("/")}

    def place(self, name: str) -> str:
        """What an error message calls an entry."""
        return f"{self.where}, entry {printable(name)}"

    def size(self, name: str) -> int:
        """The bytes of an entry when inflated.

        Raises:
            FormatError: there is no such entry.
        """
        if name not in self.entries:
            refuse(self.where, f"the archive has no entry {printable(name)}", "all entries of such a file")
        return self.entries[name].size

    def read(self, name: str, most: int) -> bytes:
        """The bytes of a small entry, at most that many."""
        if self.size(name) > most:
            refuse(self.place(name), f"it has {self.size(name)} bytes", f"at most {most}")
        return self.read_array(name).tobytes()

    def read_array(self, name: str) -> np.ndarray:
        """The bytes of an entry as uint8, inflated and checked by their sum; memory for them alone."""
        data = np.empty(self.size(name), np.uint8)
        entry = self.entries[name]
        self._file.seek(entry.start)
        crc = self._stored(entry, data.data) if entry.method == STORED else self._inflated(entry, data.data)
        self._compare(crc, entry)
        return data

    def first(self, name: str, count: int) -> bytes:
        """The first bytes of an entry; their sum is not checked yet."""
        entry = self.entries[name]
        self._file.seek(entry.start)
        packed = self._file.read(min(entry.packed, count + _CHUNK if entry.method != STORED else count))
        if entry.method == STORED:
            return packed
        try:
            return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, count)
        except zlib.error:
            raise self._broken(name) from None

    def open(self, name: str) -> tuple[BinaryIO | MemoryFile, int]:
        """A file that holds the bytes of an entry, and where they begin in it; their sum has been checked."""
        entry = self.entries[name]
        if entry.method != STORED:
            return MemoryFile(self.read_array(name)), 0
        self._file.seek(entry.start)
        crc, left = 0, entry.size
        while left and (part := self._file.read(min(left, _CHUNK))):
            crc, left = zlib.crc32(part, crc), left - len(part)
        self._compare(crc, entry)
        return self._file, entry.start

    def _broken(self, name: str) -> FormatError:
        """The error for an entry that cannot be inflated."""
        return refusal(self.place(name), "its compressed bytes are broken", "deflated bytes")

    def _compare(self, crc: int, entry: ZipEntry) -> None:
        """Refuse bytes that are not those that were written."""
        if self._summed and crc != entry.crc:
            happened = "its bytes do not have their checksum"
            refuse(self.place(entry.name), happened, "the bytes that were written")

    def _stored(self, entry: ZipEntry, out: memoryview) -> int:
        """Fill `out` with bytes as they lie there; the checksum is the result."""
        if self._file.readinto(out) != len(out):  # type: ignore[attr-defined]
            refuse(
                self.place(entry.name), "the file became shorter while it was read", "a file nobody writes to"
            )
        return zlib.crc32(out)

    def _inflated(self, entry: ZipEntry, out: memoryview) -> int:
        """Fill `out` with inflated bytes, exactly as many as were promised; the checksum is the result."""
        inflater, filled, left = zlib.decompressobj(-zlib.MAX_WBITS), 0, entry.packed
        try:
            while not inflater.eof:
                packed = inflater.unconsumed_tail
                if not packed:
                    packed = self._file.read(min(left, _CHUNK))
                    left -= len(packed)
                part = inflater.decompress(packed, min(_CHUNK, len(out) - filled + 1))
                if filled + len(part) > len(out) or not (part or packed):
                    break
                out[filled : filled + len(part)] = part
                filled += len(part)
        except zlib.error:
            raise self._broken(entry.name) from None
        if filled != len(out) or not inflater.eof or inflater.unused_data or left:
            happened = f"it does not inflate to the {len(out)} bytes that are promised"
            refuse(self.place(entry.name), happened, "exactly as many")
        return zlib.crc32(out)

    def _placed(self, entries: list[ZipEntry], end: int) -> list[ZipEntry]:
        """The entries with the place of their bytes, once it is known that none lies on another."""
        placed, free = [], 0
        for entry in entries:
            place = self.place(entry.name)
            if entry.header < free or (not placed and entry.header):
                happened = f"it begins at byte {entry.header}"
                refuse(place, happened, "byte 0" if not placed else f"byte {free} or later")
            start = self._start(entry, place)
            free = start + entry.packed
            if free > end:
                refuse(place, "it reaches into the table of contents", "a whole zip archive")
            placed.append(dataclasses.replace(entry, start=start))
        return placed

    def _start(self, entry: ZipEntry, place: str) -> int:
        """Where the bytes of an entry begin, once its local header says the same as the table of contents."""
        self._file.seek(entry.header)
        head = self._file.read(30)
        if len(head) < 30 or not head.startswith(b"PK\3\4"):
            refuse(place, "it has no local header", "a whole zip archive")
        flags, method = struct.unpack("<2H", head[6:10])
        crc, packed, size, name, extra = struct.unpack("<3L2H", head[14:30])
        told = [(crc, entry.crc), (packed, entry.packed), (size, entry.size)]
        later = (0, 0xFFFFFFFF) if flags & _LATER else (0xFFFFFFFF,)
        same = all(here == there or here in later for here, there in told)
        if self._file.read(name) != entry.name.encode() or method != entry.method or not same:
            happened = "its local header says something else than the table of contents"
            refuse(place, happened, "the same twice")
        return entry.header + 30 + name + extra

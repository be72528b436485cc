"""Bytes of a stream, read forward: never more than are there, and always knowing where one is."""

from __future__ import annotations

from typing import BinaryIO, NoReturn

import numpy as np

from striate.errors import FormatError, Problem
from striate.formats.foreign._refusal import CURE

MAX_LINE = 256


class Source:
    """A file from where it stands to its end."""

    def __init__(self, file: BinaryIO, size: int, where: str) -> None:
        """Args: file: open, at the first byte. size: of what may be read. where: what an error calls it."""
        self.file, self.size, self.where = file, size, where
        self.place = 0

    @property
    def left(self) -> int:
        """How many bytes are still there."""
        return self.size - self.place

    def take(self, count: int) -> bytes:
        """Exactly that many bytes; nothing is allocated for bytes that are not there."""
        self._refuse_short(count)
        data = self.file.read(count)
        if len(data) != count:
            self.refuse("the file became shorter while it was read", "a file nobody writes to")
        self.place += count
        return data

    def byte(self) -> int:
        """The next byte as a number."""
        data = self.file.read(1) if self.place < self.size else b""
        if not data:
            return self.take(1)[0]
        self.place += 1
        return data[0]

    def take_array(self, count: int) -> np.ndarray:
        """Exactly that many bytes as uint8; memory for them alone."""
        self._refuse_short(count)
        data = np.empty(count, np.uint8)
        if self.file.readinto(data.data) != count:  # type: ignore[attr-defined]
            self.refuse("the file became shorter while it was read", "a file nobody writes to")
        self.place += count
        return data

    def skip(self, count: int) -> None:
        """Leave out that many bytes, which must be there."""
        self._refuse_short(count)
        self.go_to(self.place + count)

    def go_to(self, place: int) -> None:
        """Read on from another place."""
        self.file.seek(place)
        self.place = place

    def number(self, count: int, *, signed: bool = False) -> int:
        """A little-endian whole number of that many bytes."""
        return int.from_bytes(self.take(count), "little", signed=signed)

    def line(self) -> str:
        """The printable text up to the next line end, which is swallowed."""
        data = self.file.readline(min(MAX_LINE, self.left))
        self.place += len(data)
        text = data[:-1].decode("ascii", "replace")
        if not data.endswith(b"\n") or not text.isascii() or not text.isprintable():
            self.refuse("a name is not closed or not printable", f"a name of at most {MAX_LINE - 1} letters")
        return text

    def _refuse_short(self, count: int) -> None:
        """Refuse to take bytes that are not there."""
        if count > self.left:
            self.refuse(f"the file ends too early: {self.left} of {count} bytes are there", "a whole file")

    def refusal(self, happened: str, expected: str, cure: str = CURE) -> FormatError:
        """The error that says what is wrong here."""
        return FormatError(Problem(f"{self.where}, byte {self.place}", happened, expected, cure))

    def refuse(self, happened: str, expected: str, cure: str = CURE) -> NoReturn:
        """Raise it."""
        raise self.refusal(happened, expected, cure)

"""Attributes of an HDF5 file: the texts that Keras hangs on groups and data sets."""

from __future__ import annotations

import math

from striate.formats._entry_rules import printable
from striate.formats.foreign._hdf5_messages import ATTRIBUTE, ATTRIBUTE_INFO, Header
from striate.formats.foreign._hdf5_room import NOWHERE, Cursor, Room, plain_text
from striate.formats.foreign._hdf5_types import DataType, read_shape, read_type
from striate.formats.foreign._refusal import Misfit

MAX_TEXTS = 100_000


class Attributes:
    """The attributes of one object, by name; each is read only when it is asked for."""

    def __init__(self, room: Room, header: Header) -> None:
        """Find the names.

        Args:
            room: the file. header: of the object.
        """
        self._room = room
        self._parts: dict[str, tuple[bytes, bytes, bytes]] = {}
        for message in header.all(ATTRIBUTE_INFO):
            _refuse_dense(message.cursor())
        for message in header.all(ATTRIBUTE):
            name, *parts = _parts(message.cursor())
            if name in self._parts:
                raise Misfit(f"it has the attribute {printable(name)} twice", "every name once")
            self._parts[name] = (parts[0], parts[1], parts[2])

    def __contains__(self, name: str) -> bool:
        """Whether there is an attribute of that name."""
        return name in self._parts

    def text(self, name: str) -> str | None:
        """A single text, or None when there is no such attribute."""
        texts = self.texts(name)
        if texts is not None and len(texts) != 1:
            raise Misfit(f"its attribute {name} holds {len(texts)} texts", "one text")
        return texts[0] if texts else None

    def texts(self, name: str) -> list[str] | None:
        """The texts of an attribute, or None when there is none.

        Long lists stand in several attributes, NAME0, NAME1 and so on.
        """
        if name in self._parts:
            return self._texts(name)
        found, number = None, 0
        while f"{name}{number}" in self._parts:
            found = (found or []) + self._texts(f"{name}{number}")
            number += 1
        return found

    def _texts(self, name: str) -> list[str]:
        """The texts of one attribute."""
        raw_type, raw_shape, raw = self._parts[name]
        kind, count = read_type(Cursor(raw_type)), math.prod(read_shape(Cursor(raw_shape)))
        if count and not kind.text:
            raise Misfit(f"its attribute {name} holds {kind.name}", "texts")
        if count > MAX_TEXTS or (kind.text and count * kind.size > len(raw)):
            raise Misfit(f"its attribute {name} claims {count} texts", "a shape that fits its bytes")
        if not kind.text:
            return []
        cursor = Cursor(raw)
        return [self._text(cursor, kind) for _ in range(count)]

    def _text(self, cursor: Cursor, kind: DataType) -> str:
        """One text, here or in a heap of the file."""
        if not kind.variable:
            return plain_text(cursor.raw(kind.size))
        length, place, number = cursor.number(4), cursor.number(8), cursor.number(4)
        return plain_text(_of_heap(self._room, place, number, length)) if length else ""


def _parts(cursor: Cursor) -> tuple[str, bytes, bytes, bytes]:
    """Name, type, shape and value of an attribute; only the oldest version fills up to eight bytes."""
    version, flags = cursor.number(1), cursor.number(1)
    if not 1 <= version <= 3 or (version > 1 and flags):
        raise Misfit(f"an attribute is of version {version} or described elsewhere", "1 to 3")
    sizes = cursor.numbers(3, each=2)
    if version == 3:
        cursor.raw(1)
    name, kind, shape = (cursor.padded(size) if version == 1 else cursor.raw(size) for size in sizes)
    return plain_text(name), kind, shape, cursor.raw(cursor.left)


def _of_heap(room: Room, place: int, number: int, length: int) -> bytes:
    """A value of a heap that all attributes share."""
    head = room.marked(place, b"GCOL", 12)
    head.raw(4)
    end = place + head.number(8)
    place += 16
    while place + 16 <= end:
        entry = room.cursor(place, 16)
        found, _, _, size = entry.number(2), entry.number(2), entry.number(4), entry.number(8)
        if found == number:
            if length > size:
                raise Misfit("a text is longer than its place in a heap", "a sound HDF5 file")
            return room.take(place + 16, length)
        if not found:
            break
        place += 16 + size + -size % 8
    raise Misfit("a text is not in the heap that should hold it", "a sound HDF5 file")


def _refuse_dense(info: Cursor) -> None:
    """Many attributes in a new file lie in a heap of another kind, which Keras never writes."""
    _, flags = info.number(1), info.number(1)
    if flags & 1:
        info.raw(2)
    if info.number(8) != NOWHERE:
        raise Misfit("its attributes lie in a heap of the newest kind", "an older kind of HDF5 file")

"""Object headers of an HDF5 file: what is said of each group and data set, message by message."""

from __future__ import annotations

from dataclasses import dataclass

from striate.formats.foreign._hdf5_room import Cursor, Room
from striate.formats.foreign._refusal import Misfit

DATASPACE, LINK_INFO, DATATYPE, LINK, EXTERNAL = 0x01, 0x02, 0x03, 0x06, 0x07
LAYOUT, FILTERS, ATTRIBUTE, CONTINUED, SYMBOLS, ATTRIBUTE_INFO = 0x08, 0x0B, 0x0C, 0x10, 0x11, 0x15
MAX_MESSAGES = 4096
_SHARED = 2
_SOUND = "a sound HDF5 file"


@dataclass(frozen=True)
class Message:
    """One message.

    Args:
        kind: its number. shared: whether its body only says where the true one lies. body: what it says.
    """

    kind: int
    shared: bool
    body: bytes

    def cursor(self) -> Cursor:
        """The body, to be read forward; it must be here."""
        if self.shared:
            raise Misfit("a part of its description lies elsewhere in the file", "all of it in one place")
        return Cursor(self.body)


class Header:
    """All messages of one object."""

    def __init__(self, room: Room, place: int) -> None:
        """Read the header that lies there, of either version."""
        start = room.take(place, 4)
        self.messages: list[Message] = []
        blocks = _first_block_2(room, place) if start == b"OHDR" else _first_block_1(room, place)
        self._read(room, *blocks)

    def all(self, kind: int) -> list[Message]:
        """The messages of a kind, in the order of the file."""
        return [message for message in self.messages if message.kind == kind]

    def one(self, kind: int, what: str) -> Cursor:
        """The body of the only message of a kind."""
        found = self.all(kind)
        if len(found) != 1:
            raise Misfit(f"it has {len(found)} descriptions of its {what}", "one")
        return found[0].cursor()

    def _read(self, room: Room, version: int, order: int, block: tuple[int, int]) -> None:
        """Read a block of messages and all that continue it."""
        blocks, seen = [block], set()
        while blocks:
            place, size = blocks.pop(0)
            if place in seen:
                raise Misfit("a description continues in itself", _SOUND)
            seen.add(place)
            cursor = room.cursor(place, size)
            if version == 2 and len(seen) > 1 and cursor.raw(4) != b"OCHK":
                raise Misfit("the continuation of a description is not there", _SOUND)
            blocks += self._messages(cursor, version, order)
            if len(self.messages) > MAX_MESSAGES:
                raise Misfit(f"it is described by more than {MAX_MESSAGES} messages", "fewer")

    def _messages(self, cursor: Cursor, version: int, order: int) -> list[tuple[int, int]]:
        """Keep the messages of a block; return the places where it goes on."""
        more = []
        smallest = 8 if version == 1 else 4 + order + 4  # the last four bytes of a new block are a checksum
        while cursor.left >= smallest:
            kind = cursor.number(2 if version == 1 else 1)
            size, flags = cursor.number(2), cursor.number(1)
            cursor.raw(3 if version == 1 else order)
            message = Message(kind, bool(flags & _SHARED), cursor.raw(size))
            if kind == CONTINUED:
                place, length = message.cursor().numbers(2)
                more.append((place, length))
            elif kind:
                self.messages.append(message)
        return more


def _first_block_1(room: Room, place: int) -> tuple[int, int, tuple[int, int]]:
    """Version, size of the order of creation, and the first block of an old header."""
    cursor = room.cursor(place, 16)
    version, _, _, _, size = (cursor.number(count) for count in (1, 1, 2, 4, 4))
    if version != 1:
        raise Misfit(f"there is no description of an object at byte {place}", _SOUND)
    return 1, 0, (place + 16, size)


def _first_block_2(room: Room, place: int) -> tuple[int, int, tuple[int, int]]:
    """The same of a new header."""
    version, flags = room.take(place + 4, 2)
    if version != 2:
        raise Misfit(f"an object is described in version {version}", "1 or 2")
    behind = place + 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
    width = 1 << (flags & 3)
    size = int.from_bytes(room.take(behind, width), "little")
    return 2, 2 if flags & 4 else 0, (behind + width, size + 4)

"""An HDF5 file as a tree: its groups, its data sets, and their attributes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from striate.formats._entry_rules import printable
from striate.formats.foreign._hdf5_attributes import Attributes
from striate.formats.foreign._hdf5_data import DataSet, find_data, read_data
from striate.formats.foreign._hdf5_links import children, is_group
from striate.formats.foreign._hdf5_messages import LAYOUT, Header
from striate.formats.foreign._hdf5_room import Room
from striate.formats.foreign._refusal import Misfit

MAGIC = b"\x89HDF\r\n\x1a\n"
MAX_OBJECTS = 20_000
MAX_DEPTH = 32
MAX_RATIO = 200
FREE_BYTES = 2**20
_SOUND = "a sound HDF5 file"


@dataclass(frozen=True)
class Tree:
    """What an HDF5 file holds, without its numbers.

    Args:
        attributes: of all groups and data sets, by path; "" for the whole file.
        data: the data sets by path.
    """

    attributes: Mapping[str, Attributes]
    data: Mapping[str, DataSet]


@dataclass
class _Walk:
    """The objects found so far, and those that were seen, by their places in the file."""

    room: Room
    attributes: dict[str, Attributes] = field(default_factory=dict)
    data: dict[str, DataSet] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)


def read_tree(room: Room, where: str) -> Tree:
    """All groups and data sets, looked at without reading a number.

    Raises:
        FormatError: not a sound file, or one with links, outside or virtual data, or anything but numbers.
    """
    walk, path = _Walk(room), ""
    try:
        waiting = [("", _root(room))]
        while waiting:
            path, place = waiting.pop()
            waiting += reversed(_look(walk, path, place))
        path = ""
        _refuse_bombs(room, walk.data)
    except Misfit as misfit:
        raise misfit.at(_place(where, path)) from None
    return Tree(walk.attributes, walk.data)


def read_numbers(room: Room, tree: Tree, where: str) -> Iterator[tuple[str, np.ndarray]]:
    """Path and numbers of every data set."""
    for path, data in tree.data.items():
        try:
            yield path, read_data(room, data)
        except Misfit as misfit:
            raise misfit.at(_place(where, path)) from None


def _place(where: str, path: str) -> str:
    """What an error message calls an object."""
    return f"{where}, {printable(path)}" if path else where


def _root(room: Room) -> int:
    """Where the description of the outermost group lies."""
    if room.size < 96 or room.take(0, 8) != MAGIC:
        raise Misfit("it does not begin as an HDF5 file", _SOUND)
    cursor = room.cursor(8, 88)
    version = cursor.number(1)
    if version > 3:
        raise Misfit(f"it is an HDF5 file of version {version}", "0 to 3")
    old = version < 2
    cursor.raw(4 if old else 0)
    sizes = cursor.numbers(2, each=1)
    if sizes != (8, 8):
        raise Misfit(f"its addresses have {sizes[0]} and {sizes[1]} bytes", "8 and 8")
    cursor.raw((9, 13, 1, 1)[version])
    base, _, end, place = cursor.numbers(4)
    if old:
        place = cursor.numbers(2)[1]
    if base:
        raise Misfit(f"its bytes are counted from byte {base}", "from its first byte")
    if end > room.size:
        raise Misfit(f"it says that it ends at byte {end} of {room.size}", "a whole file")
    return place


def _look(walk: _Walk, path: str, place: int) -> list[tuple[str, int]]:
    """Enter an object; return the objects in it, if it is a group."""
    if place in walk.seen:
        raise Misfit("two names lead to it", "every object once")
    walk.seen.add(place)
    if len(walk.seen) > MAX_OBJECTS or path.count("/") > MAX_DEPTH:
        raise Misfit(f"there are more than {MAX_OBJECTS} objects or {MAX_DEPTH} levels", "fewer")
    header = Header(walk.room, place)
    walk.attributes[path] = Attributes(walk.room, header)
    if header.all(LAYOUT):
        walk.data[path] = find_data(walk.room, header)
        return []
    if not is_group(header):
        raise Misfit("it is neither a group nor a data set", "groups of numbers")
    start = f"{path}/" if path else ""
    return [(start + name, child) for name, child in children(walk.room, header).items()]


def _refuse_bombs(room: Room, found: Mapping[str, DataSet]) -> None:
    """Refuse data sets that lie on each other, or would become far larger than the file."""
    pieces, free = sorted(piece for data in found.values() for piece in data.pieces()), 0
    for place, size in pieces:
        if place < free:
            raise Misfit(f"two data sets share the bytes from {place}", "numbers of their own")
        free = place + size
    if free > room.size:
        raise Misfit(f"its numbers reach to byte {free} of {room.size}", "a whole file")
    promised = sum(data.nbytes for data in found.values())
    if promised > MAX_RATIO * room.size + FREE_BYTES:
        raise Misfit(f"it promises {promised} bytes of numbers", f"at most {MAX_RATIO} times its own")

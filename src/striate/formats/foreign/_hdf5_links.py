"""Groups of an HDF5 file: the names in them and where their objects lie."""

from __future__ import annotations

from striate.formats._entry_rules import name_fault, printable
from striate.formats.foreign._hdf5_messages import LINK, LINK_INFO, SYMBOLS, Header
from striate.formats.foreign._hdf5_room import NOWHERE, Cursor, Room, plain_text
from striate.formats.foreign._refusal import Misfit

MAX_LEVELS = 16
MAX_NODES = 20_000
_SOUND = "a sound HDF5 file"
_HARD = "objects of this very file"
_CURE = "Open it with h5py and save it again with libver='earliest' and without links."


def children(room: Room, header: Header) -> dict[str, int]:
    """Where the objects in a group lie, by name."""
    pairs = []
    for message in header.all(SYMBOLS):
        tree, heap = message.cursor().numbers(2)
        pairs += _of_table(room, tree, heap)
    for message in header.all(LINK_INFO):
        _refuse_dense(message.cursor())
    pairs += [_of_link(message.cursor()) for message in header.all(LINK)]
    found: dict[str, int] = {}
    for name, place in pairs:
        slash = ("its name holds a /", "a plain name") if "/" in name else None
        fault = slash or name_fault(f"_/{name}")  # a part of a path: "w:0" is no drive here
        if fault or name in found:
            happened, expected = fault or ("the name stands twice in one group", "every name once")
            raise Misfit(f"{printable(name)}: {happened}", expected)
        found[name] = place
    return found


def is_group(header: Header) -> bool:
    """Whether a header is that of a group."""
    return bool(header.all(SYMBOLS) or header.all(LINK_INFO) or header.all(LINK))


def _of_table(room: Room, tree: int, heap: int) -> list[tuple[str, int]]:
    """The entries of an old group: a tree of tables, and a heap of names."""
    head = room.marked(heap, b"HEAP", 28)
    head.raw(4)
    size, _, place = head.numbers(3)
    names = room.take(place, size)
    pairs = []
    for leaf in tree_leaves(room, tree, 0, 8):
        table = room.marked(leaf, b"SNOD", 4)
        _, count = table.number(2), table.number(2)
        entries = room.cursor(leaf + 8, 40 * count)
        pairs += [_of_symbol(entries, names) for _ in range(count)]
    return pairs


def tree_leaves(room: Room, tree: int, kind: int, key: int) -> list[int]:
    """The places that the lowest nodes of a tree point to."""
    return [child for child, _ in tree_entries(room, tree, kind, key)]


def tree_entries(room: Room, tree: int, kind: int, key: int) -> list[tuple[int, bytes]]:
    """The places that the lowest nodes of a tree point to, each with the key in front of it.

    Args:
        room: the file. tree: where its topmost node lies.
        kind: 0 for groups, 1 for chunks. key: bytes of a key.
    """
    found, waiting, seen = [], [(tree, MAX_LEVELS)], set()
    while waiting:
        place, above = waiting.pop(0)
        if place in seen or len(seen) > MAX_NODES:
            raise Misfit("a tree of its structure grows into itself", _SOUND)
        seen.add(place)
        node = room.marked(place, b"TREE", 20)
        found_kind, level, count = node.number(1), node.number(1), node.number(2)
        if found_kind != kind or level >= above:
            raise Misfit("a tree of its structure has nodes of another kind", _SOUND)
        body = room.cursor(place + 24, count * (key + 8))
        pairs = [(body.raw(key), body.number(8)) for _ in range(count)]
        if level:
            waiting += [(child, level) for _, child in pairs]
        else:
            found += [(child, first) for first, child in pairs]
    return found


def _of_symbol(entries: Cursor, names: bytes) -> tuple[str, int]:
    """An entry of a table; one that is a soft link has no object."""
    offset, place, kind, _ = entries.number(8), entries.number(8), entries.number(4), entries.raw(20)
    end = names.find(b"\0", offset)
    if offset >= len(names) or end < 0:
        raise Misfit("a name lies outside of its heap", _SOUND)
    name = plain_text(names[offset:end])
    if kind == 2 or place == NOWHERE:
        raise Misfit(f"{printable(name)} is a soft link", _HARD, _CURE)
    return name, place


def _of_link(link: Cursor) -> tuple[str, int]:
    """A link of a new group."""
    version, flags = link.number(1), link.number(1)
    if version != 1:
        raise Misfit(f"a link is of version {version}", "1")
    kind = link.number(1) if flags & 8 else 0
    link.raw((8 if flags & 4 else 0) + (1 if flags & 16 else 0))
    name = plain_text(link.raw(link.number(1 << (flags & 3))))
    if kind:
        word = {1: "soft", 64: "external"}.get(kind, "user-defined")
        raise Misfit(f"{printable(name)} is {'an' if word == 'external' else 'a'} {word} link", _HARD, _CURE)
    return name, link.number(8)


def _refuse_dense(info: Cursor) -> None:
    """Large new groups keep their links in a heap of another kind, which Keras never writes."""
    _, flags = info.number(1), info.number(1)
    if flags & 1:
        info.raw(8)
    if info.number(8) != NOWHERE:
        raise Misfit("it is a group of the newest kind, with its links in a heap", "an older group", _CURE)

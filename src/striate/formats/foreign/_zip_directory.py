"""The table of contents of a zip archive, believed only after it agrees with itself and with the file.

Python's own reader is forgiving: it keeps the last of two equal names, takes any prefix for granted and lets
entries overlap, which is how two readers come to see two different archives. This one refuses all of that.
The layout is described in PKWARE's APPNOTE.TXT.
"""

from __future__ import annotations

import stat
import struct
from dataclasses import dataclass
from typing import BinaryIO

from striate.formats._entry_rules import name_fault, printable
from striate.formats.foreign._refusal import refuse

MAX_ENTRIES = 20_000

_END, _END64, _LOCATOR, _CENTRAL = b"PK\5\6", b"PK\6\6", b"PK\6\7", b"PK\1\2"
STORED, DEFLATED = 0, 8
_WHOLE = "a whole zip archive"


@dataclass(frozen=True)
class ZipEntry:
    """One file in an archive.

    Args:
        name: its name. method: 0 for stored, 8 for deflated. flags: as in the archive. crc: its checksum.
        packed: its bytes in the archive. size: its bytes when inflated.
        header: where its local header begins. start: where its bytes begin, once that is known.
    """

    name: str
    method: int
    flags: int
    crc: int
    packed: int
    size: int
    header: int
    start: int = 0


@dataclass(frozen=True)
class _End:
    """Where the central directory lies: its first byte, its bytes, its entries."""

    start: int
    size: int
    count: int


def read_table(file: BinaryIO, size: int, where: str) -> tuple[list[ZipEntry], int]:
    """The entries as the table of contents lists them, and where it begins.

    Args:
        file: the open file. size: of it. where: what an error message calls it.

    Raises:
        FormatError: broken, encrypted, or with names that stand twice or are none.
    """
    end = _find_end(file, size, where)
    if end.count > MAX_ENTRIES:
        refuse(where, f"the archive lists {end.count} entries", f"at most {MAX_ENTRIES}")
    file.seek(end.start)
    return _parsed(file.read(end.size), end.count, where), end.start


def _find_end(file: BinaryIO, size: int, where: str) -> _End:
    """The end record, which must be the last thing in the file."""
    tail_size = min(size, 22 + 65_535)
    file.seek(size - tail_size)
    tail = file.read(tail_size)
    place = tail.rfind(_END)
    if place < 0 or len(tail) - place < 22:
        refuse(where, "the archive has no end record: it is cut off, or no zip archive", _WHOLE)
    disk, first, here, count, length, start, comment = struct.unpack("<4H2LH", tail[place + 4 : place + 22])
    if place + 22 + comment != len(tail):
        refuse(where, "there are bytes behind the end of the archive", _WHOLE)
    if disk or first or here != count:
        refuse(where, "the archive is spread over several files", "a zip archive in one file")
    before = size - len(tail) + place
    if tail[max(0, place - 20) : place].startswith(_LOCATOR):
        return _find_end64(file, before - 20, where)
    if start + length != before:
        refuse(where, "the table of contents is not where the end record says", _WHOLE)
    return _End(start, length, count)


def _find_end64(file: BinaryIO, locator: int, where: str) -> _End:
    """The end record of large archives, in front of its locator."""
    file.seek(locator + 4)
    disk, place, disks = struct.unpack("<LQL", file.read(16))
    if disk or disks > 1 or place + 56 != locator:
        refuse(where, "the large end record is not where its locator says", _WHOLE)
    file.seek(place)
    record = file.read(56)
    magic, length, _, _, disk, first, here, count, size, start = struct.unpack("<4sQ2H2L4Q", record)
    if magic != _END64 or length != 44 or disk or first or here != count or start + size != place:
        refuse(where, "the table of contents is not where the large end record says", _WHOLE)
    return _End(start, size, count)


def _parsed(table: bytes, count: int, where: str) -> list[ZipEntry]:
    """The central directory, entry by entry."""
    entries, names, place = [], set(), 0
    for _ in range(count):
        head = table[place : place + 46]
        if len(head) < 46 or head[:4] != _CENTRAL:
            refuse(where, "the table of contents ends too early", _WHOLE)
        name, extra, comment = struct.unpack("<3H", head[28:34])
        behind = place + 46 + name
        if behind + extra + comment > len(table):
            refuse(where, "the table of contents ends too early", _WHOLE)
        entry = _entry(head, table[place + 46 : behind], table[behind : behind + extra], where)
        if entry.name in names:
            refuse(where, f"the archive lists {printable(entry.name)} twice", "every name once")
        names.add(entry.name)
        entries.append(entry)
        place = behind + extra + comment
    if place != len(table):
        refuse(where, "the table of contents is longer than its entries", _WHOLE)
    return entries


def _entry(head: bytes, raw_name: bytes, extra: bytes, where: str) -> ZipEntry:
    """One entry of the central directory."""
    flags, method = struct.unpack("<2H", head[8:12])
    crc, packed, size = struct.unpack("<3L", head[16:28])
    disk, _, attributes, header = struct.unpack("<2H2L", head[34:46])
    name = _name(raw_name, where)
    place = f"{where}, entry {printable(name)}"
    size, packed, header = _large(extra, [size, packed, header], place)
    if flags & 0x2041 or disk:
        refuse(place, "it is encrypted or lies in another file", "a plain entry")
    if method not in (STORED, DEFLATED):
        refuse(place, f"it is compressed by method {method}", "stored or deflated")
    if stat.S_IFMT(attributes >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        refuse(place, "it is a link or a device", "a plain file")
    if method == STORED and size != packed:
        refuse(place, f"it is stored and has {packed} bytes, but {size} when inflated", "equal sizes")
    return ZipEntry(name, method, flags, crc, packed, size, header)


def _name(raw: bytes, where: str) -> str:
    """A name as text; one that could leave its folder is refused though nothing is written."""
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        refuse(where, f"the archive has an entry whose name is {raw[:40]!a}", "names in UTF-8")
    if fault := name_fault(name.removesuffix("/")):
        refuse(f"{where}, entry {printable(name)}", *fault)
    return name


def _large(extra: bytes, sizes: list[int], where: str) -> list[int]:
    """Sizes of 32 bits, replaced by those of 64 bits where they did not suffice."""
    wanted = [number for number, value in enumerate(sizes) if value == 0xFFFFFFFF]
    place = 0
    while wanted and place + 4 <= len(extra):
        kind, length = struct.unpack("<2H", extra[place : place + 4])
        body = extra[place + 4 : place + 4 + length]
        if kind == 1 and len(body) >= 8 * len(wanted):
            values = struct.unpack_from(f"<{len(wanted)}Q", body)
            for number, value in zip(wanted, values, strict=True):
                sizes[number] = value
            return sizes
        place += 4 + length
    if wanted:
        refuse(where, "its large sizes are missing", "sizes of 64 bits")
    return sizes

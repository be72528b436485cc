"""The opcodes of Python's object streams: how each is written, and which are never obeyed.

A stream of this kind is a program for a small stack machine. Python's own reader lets it name and call
anything; here it may make plain values and containers, and use names from a short list (`_machine.py`).
The opcodes are described in PEP 307, PEP 3154 and PEP 574.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from striate.formats.foreign._source import Source

MAX_INT_BYTES = 16
PROTOCOLS = range(2, 6)


@dataclass(frozen=True)
class Opcode:
    """One opcode.

    Args:
        name: as Python's documentation calls it. read: its argument, which follows it in the stream.
    """

    name: str
    read: Callable[[Source], Any]


def _nothing(source: Source) -> None:
    """No argument follows."""


def _unsigned(count: int) -> Callable[[Source], int]:
    """A whole number from 0."""
    return lambda source: source.number(count)


def _signed(source: Source) -> int:
    """A whole number of 32 bits."""
    return source.number(4, signed=True)


def _float(source: Source) -> float:
    """A double; the only big-endian thing here."""
    return struct.unpack(">d", source.take(8))[0]


def _long(source: Source) -> int:
    """A whole number of a few bytes."""
    count = source.number(1)
    if count > MAX_INT_BYTES:
        source.refuse(f"a whole number has {count} bytes", f"at most {MAX_INT_BYTES}")
    return source.number(count, signed=True)


def _data(count: int) -> Callable[[Source], bytes]:
    """Bytes behind their number."""
    return lambda source: source.take(source.number(count))


def _text(count: int) -> Callable[[Source], str]:
    """Characters behind the number of their bytes."""

    def read(source: Source) -> str:
        data = source.take(source.number(count))
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            source.refuse(f"byte {error.start} of a text is not UTF-8", "UTF-8")

    return read


def _old_text(count: int) -> Callable[[Source], str | bytes]:
    """A text of Python 2, which had one type for characters and bytes."""

    def read(source: Source) -> str | bytes:
        data = source.take(source.number(count))
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            return data

    return read


def _two_lines(source: Source) -> tuple[str, str]:
    """A module and a name in it."""
    return source.line(), source.line()


def _protocol(source: Source) -> int:
    """The version of the stream."""
    version = source.number(1)
    if version not in PROTOCOLS:
        source.refuse(f"the stream has protocol {version}", f"{PROTOCOLS[0]} to {PROTOCOLS[-1]}")
    return version


def _frame(source: Source) -> None:
    """The length of what follows; believed only as far as bytes are there."""
    length = source.number(8)
    if length > source.left:
        source.refuse(f"a frame of {length} bytes is announced and {source.left} are left", "a whole file")


OPCODES: Mapping[int, Opcode] = {
    ord(code): Opcode(name, read)
    for code, name, read in (
        ("\x80", "PROTO", _protocol),
        ("\x95", "FRAME", _frame),
        (".", "STOP", _nothing),
        ("N", "NONE", _nothing),
        ("\x88", "NEWTRUE", _nothing),
        ("\x89", "NEWFALSE", _nothing),
        ("K", "BININT1", _unsigned(1)),
        ("M", "BININT2", _unsigned(2)),
        ("J", "BININT", _signed),
        ("\x8a", "LONG1", _long),
        ("G", "BINFLOAT", _float),
        ("\x8c", "SHORT_BINUNICODE", _text(1)),
        ("X", "BINUNICODE", _text(4)),
        ("\x8d", "BINUNICODE8", _text(8)),
        ("U", "SHORT_BINSTRING", _old_text(1)),
        ("T", "BINSTRING", _old_text(4)),
        ("C", "SHORT_BINBYTES", _data(1)),
        ("B", "BINBYTES", _data(4)),
        ("\x8e", "BINBYTES8", _data(8)),
        ("\x96", "BYTEARRAY8", _data(8)),
        ("(", "MARK", _nothing),
        (")", "EMPTY_TUPLE", _nothing),
        ("\x85", "TUPLE1", _nothing),
        ("\x86", "TUPLE2", _nothing),
        ("\x87", "TUPLE3", _nothing),
        ("t", "TUPLE", _nothing),
        ("]", "EMPTY_LIST", _nothing),
        ("a", "APPEND", _nothing),
        ("e", "APPENDS", _nothing),
        ("}", "EMPTY_DICT", _nothing),
        ("s", "SETITEM", _nothing),
        ("u", "SETITEMS", _nothing),
        ("\x8f", "EMPTY_SET", _nothing),
        ("\x90", "ADDITEMS", _nothing),
        ("\x91", "FROZENSET", _nothing),
        ("0", "POP", _nothing),
        ("1", "POP_MARK", _nothing),
        ("2", "DUP", _nothing),
        ("q", "BINPUT", _unsigned(1)),
        ("r", "LONG_BINPUT", _unsigned(4)),
        ("\x94", "MEMOIZE", _nothing),
        ("h", "BINGET", _unsigned(1)),
        ("j", "LONG_BINGET", _unsigned(4)),
        ("c", "GLOBAL", _two_lines),
        ("\x93", "STACK_GLOBAL", _nothing),
        ("R", "REDUCE", _nothing),
        ("b", "BUILD", _nothing),
        ("Q", "BINPERSID", _nothing),
    )
}
"""What may stand in a stream. The last five say names or use them; the machine has its list for those."""

REFUSED: Mapping[int, str] = {
    ord(code): words
    for code, words in (
        ("i", "INST makes an object of code"),
        ("o", "OBJ makes an object of code"),
        ("\x81", "NEWOBJ makes an object of code"),
        ("\x92", "NEWOBJ_EX makes an object of code"),
        ("\x82", "EXT1 names code by a number"),
        ("\x83", "EXT2 names code by a number"),
        ("\x84", "EXT4 names code by a number"),
        ("P", "PERSID points out of the stream"),
        ("\x97", "NEXT_BUFFER points out of the stream"),
        ("\x98", "READONLY_BUFFER points out of the stream"),
    )
}
"""Opcodes that make objects of a class, or fetch things from outside of the file, and how that is told."""

TEXTUAL: Mapping[int, str] = {
    ord(code): name
    for code, name in (
        ("I", "INT"),
        ("L", "LONG"),
        ("\x8b", "LONG4"),
        ("F", "FLOAT"),
        ("S", "STRING"),
        ("V", "UNICODE"),
        ("d", "DICT"),
        ("l", "LIST"),
        ("p", "PUT"),
        ("g", "GET"),
    )
}
"""Opcodes of protocols 0 and 1, and whole numbers of any length: weights are not written with them."""

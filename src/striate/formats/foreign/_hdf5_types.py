"""Shapes and number types of an HDF5 file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np

from striate.formats.foreign._hdf5_room import Cursor
from striate.formats.foreign._refusal import Misfit

MAX_RANK = 32
MAX_SIZE = 2**48
_INTEGER, _FLOAT, _TEXT, _OPAQUE, _ENUM, _VARIABLE = 0, 1, 3, 5, 8, 9
_NAMES = ("integers", "floats", "times", "texts", "bit fields", "opaque values", "records", "references")
_NAMES += ("enumerations", "values of variable length", "arrays")
_FLOATS: Mapping[tuple[int, ...], np.dtype] = {
    (2, 0, 16, 10, 5, 0, 10, 15): np.dtype("<f2"),
    (4, 0, 32, 23, 8, 0, 23, 127): np.dtype("<f4"),
    (8, 0, 64, 52, 11, 0, 52, 1023): np.dtype("<f8"),
    (2, 0, 16, 7, 8, 0, 7, 127): np.dtype(jnp.bfloat16),
}
"""Floats by bytes, first bit, bits, places and sizes of exponent and mantissa, and bias."""


@dataclass(frozen=True)
class DataType:
    """What one value is.

    Args:
        dtype: of a number, or None. size: bytes of a value. text: whether it is a text.
        variable: whether the value lies in a heap and only its place is here.
    """

    dtype: np.dtype | None
    size: int
    text: bool = False
    variable: bool = False
    name: str = ""


def read_shape(cursor: Cursor) -> tuple[int, ...]:
    """A data space: () for a single value."""
    version, rank, _ = cursor.numbers(3, each=1)
    if version not in (1, 2) or rank > MAX_RANK:
        raise Misfit(f"its shape is of version {version} and {rank} axes", f"at most {MAX_RANK} axes")
    kind = cursor.number(1)
    if version == 1:
        cursor.raw(4)
    elif kind == 2:
        raise Misfit("it has no shape", "numbers")
    shape = cursor.numbers(rank)
    if math.prod(max(side, 1) for side in shape) > MAX_SIZE:
        raise Misfit("it claims more numbers than any memory holds", "a shape that fits its bytes")
    return shape


def read_type(cursor: Cursor) -> DataType:
    """A data type; what cannot be a weight or a plain text has no dtype and is no text."""
    first = cursor.number(1)
    kind, version = first & 15, first >> 4
    bits, size = cursor.number(3), cursor.number(4)
    name = _NAMES[kind] if kind < len(_NAMES) else "unknown values"
    if not 1 <= version <= 3:
        raise Misfit(f"a data type is of version {version}", "1 to 3")
    if kind in (_INTEGER, _FLOAT):
        return DataType(_number(cursor, kind, bits, size), size, name=name)
    if kind == _OPAQUE and size == 2:
        return DataType(np.dtype("V2"), size, name=name)
    if kind == _ENUM:
        return DataType(_truth(cursor, bits & 0xFFFF, size, version), size, name=name)
    text = kind == _TEXT or (kind == _VARIABLE and bits & 15 == 1)
    return DataType(None, size, text, kind == _VARIABLE, name)


def _number(cursor: Cursor, kind: int, bits: int, size: int) -> np.dtype | None:
    """An integer or float in whole bytes, or None for one that NumPy lacks."""
    order = ">" if bits & 1 else "<"
    first, precision = cursor.numbers(2, each=2)
    if kind == _INTEGER:
        whole = first == 0 and precision == 8 * size and size in (1, 2, 4, 8)
        return np.dtype(f"{order}{'i' if bits & 8 else 'u'}{size}") if whole else None
    parts = size, first, precision, *cursor.numbers(4, each=1), cursor.number(4)
    dtype = _FLOATS.get(parts) if not bits & 0x40 and bits & 0x30 == 0x20 else None
    return dtype if dtype is None or order == "<" else dtype.newbyteorder(">")


def _truth(cursor: Cursor, count: int, size: int, version: int) -> np.dtype | None:
    """The truth values of h5py: an enumeration of FALSE and TRUE on bytes."""
    base = read_type(cursor)
    if base.dtype is None or base.dtype.itemsize != 1 or count != 2 or size != 1:
        return None
    names = cursor.raw(16) if version < 3 else cursor.raw(11)
    wanted = b"FALSE\0\0\0TRUE\0\0\0\0" if version < 3 else b"FALSE\0TRUE\0"
    return np.dtype("?") if names == wanted and cursor.raw(2) == b"\0\1" else None

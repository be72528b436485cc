"""What the header of a safetensors file may say about one tensor."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np

MAX_RANK = 8
MAX_NAME = 2048
_DRIVE = re.compile(r"[A-Za-z]:")

DTYPES: Mapping[str, np.dtype] = {
    **{name: np.dtype(f"<{code}") for name, code in (("F64", "f8"), ("F32", "f4"), ("F16", "f2"))},
    **{f"I{8 * size}": np.dtype(f"<i{size}") for size in (8, 4, 2, 1)},
    **{f"U{8 * size}": np.dtype(f"<u{size}") for size in (8, 4, 2, 1)},
    "BF16": np.dtype(jnp.bfloat16),
    "BOOL": np.dtype(np.bool_),
}
"""The number types that are read and written, by their names in the file; nothing else is."""

Fault = tuple[str, str] | None
"""What happened and what was expected, or nothing."""


def name_fault(name: str) -> Fault:
    """What is wrong with a name. Names are never used as paths here; another program might."""
    good = "a name of printable characters"
    if not name or len(name) > MAX_NAME:
        return f"the name has {len(name)} characters", f"1 to {MAX_NAME}"
    if not name.isprintable():
        return "the name holds control characters", good
    if "\\" in name or _DRIVE.match(name):
        return "the name holds a backslash or a drive letter", "parts joined by /"
    if any(part in ("", ".", "..") for part in name.split("/")):
        return "the name has an empty part, '.' or '..' between its /", "parts joined by single /"
    return None


def entry_fault(value: Any, aligned: bool = True) -> Fault:
    """What is wrong with the entry of a tensor.

    Args:
        value: the entry. aligned: whether numbers must begin at a multiple of their size.
    """
    if not isinstance(value, dict) or set(value) != {"dtype", "shape", "data_offsets"}:
        return "its entry is not an object of dtype, shape and data_offsets", "exactly these three"
    alone = (
        _dtype_fault(value["dtype"]) or _shape_fault(value["shape"]) or _offsets_fault(value["data_offsets"])
    )
    return alone or _size_fault(value, aligned)


def _dtype_fault(dtype: Any) -> Fault:
    """Only types on the list."""
    if isinstance(dtype, str) and dtype in DTYPES:
        return None
    return f"the dtype is {value_text(dtype)}", f"one of {', '.join(DTYPES)}"


def _shape_fault(shape: Any) -> Fault:
    """A list of a few whole numbers."""
    if not isinstance(shape, list) or not all(type(side) is int and side >= 0 for side in shape):
        return f"the shape is {value_text(shape)}", "a list of whole numbers from 0"
    if len(shape) > MAX_RANK:
        return f"the shape has {len(shape)} axes", f"at most {MAX_RANK}"
    return None


def _offsets_fault(offsets: Any) -> Fault:
    """Two whole numbers in order."""
    good = isinstance(offsets, list) and len(offsets) == 2 and all(type(offset) is int for offset in offsets)
    if good and 0 <= offsets[0] <= offsets[1]:
        return None
    return f"the data_offsets are {value_text(offsets)}", "[begin, end] with 0 <= begin <= end"


def _size_fault(value: dict[str, Any], aligned: bool) -> Fault:
    """As many bytes as the shape needs, and if wanted at a multiple of the number's size."""
    itemsize = DTYPES[value["dtype"]].itemsize
    needed = math.prod(value["shape"]) * itemsize
    start, stop = value["data_offsets"]
    if needed != stop - start:
        return (
            f"{stop - start} bytes are set aside for it",
            f"{needed} bytes for {value['dtype']} {value['shape']}",
        )
    if aligned and start % itemsize:
        return f"it begins at byte {start}", f"a multiple of {itemsize}"
    return None


def dtype_name(dtype: np.dtype) -> str | None:
    """The name of a number type in the file, or None if it has none."""
    little = dtype.newbyteorder("<")
    return next((name for name, known in DTYPES.items() if known == little), None)


def printable(text: str) -> str:
    """A name from a file, shortened and with control characters made visible."""
    text = text if len(text) <= 80 else text[:77] + "..."
    return text if text.isprintable() else ascii(text)


def value_text(value: Any) -> str:
    """A value from a file as Python writes it, shortened and with control characters made visible."""
    return printable(repr(value))

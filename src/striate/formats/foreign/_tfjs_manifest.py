"""The list of weights of a TensorFlow.js model: names, shapes, number types, and the files they lie in."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from striate.formats._entry_rules import printable, value_text
from striate.formats._header import MAX_TENSORS
from striate.formats.foreign._limits import place, refuse_bad_name
from striate.formats.foreign._refusal import Misfit, refuse

MAX_RANK = 32
MAX_SIZE = 2**48
DTYPES: Mapping[str, np.dtype] = {
    "float32": np.dtype("<f4"),
    "int32": np.dtype("<i4"),
    "bool": np.dtype("?"),
    "complex64": np.dtype("<c8"),
}
PACKED: Mapping[str, np.dtype] = {
    "uint8": np.dtype("u1"),
    "uint16": np.dtype("<u2"),
    "float16": np.dtype("<f2"),
}
"""How numbers may be stored to save room."""

LARGEST: Mapping[str, float] = {"float32": float(np.finfo(np.float32).max), "int32": 2**31 - 1}


_DEVICES = {
    "con",
    "prn",
    "aux",
    "nul",
    *(f"{port}{number}" for port in ("com", "lpt") for number in range(10)),
}


@dataclass(frozen=True)
class Weight:
    """One weight.

    Args:
        name: its name. shape: of it. dtype: of its numbers. stored: as they lie in the file.
        scale: what a stored number is multiplied with. least: what is added then.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    stored: np.dtype
    scale: float = 1.0
    least: float = 0.0

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes in the file."""
        return self.size * self.stored.itemsize


@dataclass(frozen=True)
class Group:
    """Weights that lie one behind the other in a row of files."""

    files: tuple[str, ...]
    weights: tuple[Weight, ...]

    @property
    def nbytes(self) -> int:
        """Bytes of all files."""
        return sum(weight.nbytes for weight in self.weights)


def read_manifest(value: Any, where: str) -> tuple[Group, ...]:
    """The groups of a manifest.

    Raises:
        FormatError: it is none, names a file outside of the folder, or a weight or file twice.
    """
    if not isinstance(value, list) or len(value) > MAX_TENSORS:
        refuse(where, "the weightsManifest is no list", "a list of groups")
    groups = tuple(_group(one, where) for one in value)
    files = [file for group in groups for file in group.files]
    names = [weight.name for group in groups for weight in group.weights]
    for kind, found in (("file", files), ("weight", names)):
        if len(set(found)) != len(found):
            twice = max(found, key=Counter(found).__getitem__)
            refuse(where, f"the {kind} {printable(twice)} is listed twice", "every one once")
    return groups


def _group(value: Any, where: str) -> Group:
    """One group: paths and weights."""
    paths = value.get("paths") if isinstance(value, dict) else None
    weights = value.get("weights") if isinstance(value, dict) else None
    if not isinstance(paths, list) or not isinstance(weights, list):
        refuse(where, "a group of weights is no object of paths and weights", "two lists")
    for path in paths:
        if not is_plain_file_name(path):
            refuse(where, f"the weights lie in {value_text(path)}", "the plain name of a file beside it")
    return Group(tuple(paths), tuple(_weight(weight, where) for weight in weights))


def is_plain_file_name(name: Any) -> bool:
    """Whether a name means a file in the same folder on every system: no path, no address, no device."""
    if not isinstance(name, str) or not 0 < len(name) <= 255 or not name.isprintable():
        return False
    if name.partition(".")[0].casefold() in _DEVICES:
        return False
    return not name.startswith(".") and not name.endswith((".", " ")) and not set(name) & set('/\\:*?"<>|%')


def _weight(value: Any, where: str) -> Weight:
    """One weight, checked."""
    name = value.get("name") if isinstance(value, dict) else None
    if not isinstance(name, str):
        refuse(where, "a weight has no name", "a text")
    refuse_bad_name(name, where)
    try:
        return _checked_weight(name, value)
    except Misfit as misfit:
        raise misfit.at(place(where, name)) from None


def _checked_weight(name: str, value: dict[str, Any]) -> Weight:
    """Shape, number type and how it is stored."""
    shape, dtype = value.get("shape"), value.get("dtype")
    if not isinstance(shape, list) or not all(type(side) is int and side >= 0 for side in shape):
        raise Misfit(f"the shape is {value_text(shape)}", "a list of whole numbers from 0")
    if len(shape) > MAX_RANK or math.prod(max(side, 1) for side in shape) > MAX_SIZE:
        raise Misfit("it claims more numbers than any memory holds", "a shape that fits its bytes")
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise Misfit(f"the dtype is {value_text(dtype)}", f"one of {', '.join(DTYPES)}")
    packing = value.get("quantization")
    if packing is None:
        return Weight(name, tuple(shape), DTYPES[dtype], DTYPES[dtype])
    return Weight(name, tuple(shape), DTYPES[dtype], *_packing(packing, dtype))


def _packing(value: Any, dtype: str) -> tuple[np.dtype, float, float]:
    """Stored number type, scale and least value."""
    stored = value.get("dtype") if isinstance(value, dict) else None
    if not isinstance(stored, str) or stored not in PACKED or dtype not in ("float32", "int32"):
        raise Misfit(f"the numbers are stored as {value_text(stored)}", f"one of {', '.join(PACKED)}")
    if stored == "float16":
        if dtype != "float32":
            raise Misfit("whole numbers are stored as float16", "uint8 or uint16")
        return PACKED[stored], 1.0, 0.0
    scale, least = value.get("scale"), value.get("min", 0)
    if not isinstance(scale, int | float) or not isinstance(least, int | float):
        raise Misfit("the stored numbers have no scale and min", "two numbers")
    last = least + scale * np.iinfo(PACKED[stored]).max
    if max(abs(least), abs(last)) > LARGEST[dtype]:
        raise Misfit(f"the stored numbers stand for {least} to {last}", f"numbers that {dtype} can hold")
    return PACKED[stored], float(scale), float(least)

"""What a stream of NumPy arrays may name: number types, and the functions that put arrays together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np

from striate.formats.foreign._limits import read_only
from striate.formats.foreign._refusal import Misfit, refuse
from striate.formats.foreign._values import Buildable, Builder, Named, Table, checked, ordered_dict, told

MEANT = "NumPy arrays, and containers of them and of plain values, only"
MAX_RANK = 32
_BFLOAT16 = "ml_dtypes.bfloat16"
NUMBERS: Mapping[str, np.dtype] = {
    **{f"f{size}": np.dtype(f"<f{size}") for size in (2, 4, 8)},
    **{f"{kind}{size}": np.dtype(f"<{kind}{size}") for kind in "iu" for size in (1, 2, 4, 8)},
    **{f"c{size}": np.dtype(f"<c{size}") for size in (8, 16)},
    "b1": np.dtype("?"),
    _BFLOAT16: np.dtype(jnp.bfloat16),
}
"""The number types of arrays; objects, texts, times and records are none of them."""


class NumberType(Buildable):
    """A NumPy number type in the making."""

    def __init__(self, dtype: np.dtype) -> None:
        """Args: dtype: little-endian until the state says otherwise."""
        self.dtype = dtype

    def take_state(self, state: Any) -> None:
        """The order of bytes, and nothing else: no records, no sub-arrays."""
        if type(state) is not tuple or len(state) not in (8, 9) or state[1] not in ("<", ">", "|", "="):
            raise Misfit("a number type gets an unknown state", "an order of bytes")
        if any(part is not None for part in state[2:5]):
            raise Misfit("a number type has fields", "plain numbers")
        if state[1] == ">":
            self.dtype = self.dtype.newbyteorder(">")


class Array(Buildable):
    """A NumPy array in the making; it has its numbers once it got its state."""

    def __init__(self, array: np.ndarray | None = None) -> None:
        """Args: array: if it is there already."""
        self.array = array

    @property
    def size(self) -> int:
        """How many numbers there are so far."""
        return 0 if self.array is None else self.array.size

    def finished(self, where: str) -> np.ndarray:
        """The array with little-endian numbers, copied only when it has others; nobody may write to it."""
        if self.array is None:
            refuse(where, "the array has no numbers", "an array with its state")
        return read_only(self.array.astype(self.array.dtype.newbyteorder("<"), copy=False))

    def take_state(self, state: Any) -> None:
        """Version, shape, number type, whether the first axis runs fastest, bytes."""
        kinds = int, tuple, NumberType, (bool, int), (bytes, str)
        _, shape, dtype, fortran, raw = checked(state if type(state) is tuple else (), "an array", *kinds)
        raw = raw.encode("utf-8") if isinstance(raw, str) else raw
        self.array = _array(raw, dtype, shape, "F" if fortran else "C")


def _array(raw: bytes, dtype: NumberType, shape: tuple[Any, ...], order: str) -> np.ndarray:
    """The bytes as an array, without a copy."""
    if len(shape) > MAX_RANK or not all(type(side) is int and side >= 0 for side in shape):
        raise Misfit("the shape of an array is no row of whole numbers", f"at most {MAX_RANK} numbers from 0")
    needed = math.prod(shape) * dtype.dtype.itemsize
    if needed != len(raw):
        raise Misfit(f"an array of the shape {_sides(shape)} has {len(raw)} bytes", f"{needed}")
    return np.frombuffer(raw, dtype.dtype).reshape(shape, order="F" if order == "F" else "C")


def _sides(shape: tuple[int, ...]) -> str:
    """A shape for a message."""
    return f"({', '.join(told(side) for side in shape[:8])}{', ...' if len(shape) > 8 else ''})"


def _number_type(arguments: tuple[Any, ...]) -> NumberType:
    """A number type by its short name, such as f4."""
    name = arguments[0] if arguments else None
    name = name.name if isinstance(name, Named) else name
    if not isinstance(name, str) or name not in NUMBERS:
        raise Misfit(f"an array holds values of the type {told(name)}", "numbers or truth values")
    return NumberType(NUMBERS[name])


def _begun(arguments: tuple[Any, ...]) -> Array:
    """An empty array that will get its state."""
    kind, _, _ = checked(arguments, "_reconstruct", Named, tuple, (bytes, str))
    if kind.name != "numpy.ndarray":
        raise Misfit(f"an array of the class {kind.name}", "numpy.ndarray")
    return Array()


def _of_buffer(arguments: tuple[Any, ...]) -> Array:
    """An array of newer streams: bytes, number type, shape, order."""
    raw, dtype, shape, order = checked(arguments, "_frombuffer", bytes, NumberType, tuple, str)
    return Array(_array(raw, dtype, shape, order))


def _scalar(arguments: tuple[Any, ...]) -> Any:
    """A single number, as Python's own."""
    dtype, raw = checked(arguments, "scalar", NumberType, (bytes, str))
    raw = raw.encode("utf-8") if isinstance(raw, str) else raw
    return _array(raw, dtype, (), "C").item()


def _of_jax(arguments: tuple[Any, ...]) -> Array:
    """An array of JAX: NumPy's function, its arguments, its state, and what the type was."""
    function, begun, state, _ = checked(arguments, "_reconstruct_array", Named, tuple, tuple, dict)
    if function.builds is not _begun:
        raise Misfit(f"an array is made by {function.name}", "NumPy's _reconstruct")
    array = _begun(begun)
    array.take_state(state)
    return array


def _encoded(arguments: tuple[Any, ...]) -> bytes:
    """Bytes that protocol 2 writes as a text."""
    text, coding = checked(arguments, "_codecs.encode", str, str)
    if coding not in ("latin1", "latin-1"):
        raise Misfit(f"bytes are coded as {told(coding)}", "latin1")
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        raise Misfit("bytes hold a character that is none of latin1", "latin1") from None


def _no_bytes(arguments: tuple[Any, ...]) -> bytes:
    """The empty bytes, which protocol 2 cannot write as a text."""
    checked(arguments, "bytes")
    return b""


NUMPY_NAMES: Mapping[str, Builder | None] = {
    "numpy.ndarray": None,
    "numpy.dtype": _number_type,
    _BFLOAT16: None,
    **{f"numpy.{core}.multiarray._reconstruct": _begun for core in ("core", "_core")},
    **{f"numpy.{core}.multiarray.scalar": _scalar for core in ("core", "_core")},
    **{f"numpy.{core}.numeric._frombuffer": _of_buffer for core in ("core", "_core")},
    "jax._src.array._reconstruct_array": _of_jax,
    "_codecs.encode": _encoded,
    "__builtin__.bytes": _no_bytes,
}

ARRAYS = Table({**NUMPY_NAMES, "collections.OrderedDict": ordered_dict}, None, MEANT)
"""The table for streams of arrays."""

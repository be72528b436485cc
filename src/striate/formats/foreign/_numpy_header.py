"""The header of a NumPy file (`.npy`), read by its one form and never as Python.

https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

from striate.formats.foreign._numpy_names import MAX_RANK, NUMBERS
from striate.formats.foreign._refusal import Misfit

MAGIC = b"\x93NUMPY"
MAX_HEADER = 4096
MAX_SIZE = 2**48
_FORM = re.compile(
    r"\{'descr': '([<>|=]?)([a-zA-Z]\d*)', 'fortran_order': (True|False), 'shape': \(([\d, L]*)\),? ?\} *\n?"
)
_SIDES = re.compile(r"|\d+,|\d+(?:, ?\d+)+,?")


@dataclass(frozen=True)
class NumpyHeader:
    """What a file says of its array.

    Args:
        dtype: of its numbers. shape: of it. order: "F" when the first axis runs fastest, or "C".
        start: where the numbers begin.
    """

    dtype: np.dtype
    shape: tuple[int, ...]
    order: str
    start: int

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of the whole file."""
        return self.start + self.size * self.dtype.itemsize

    def array(self, raw: np.ndarray) -> np.ndarray:
        """The array in the bytes of the whole file, little-endian; copied only where they are not."""
        flat = np.ndarray((self.size,), self.dtype, raw.data, self.start)
        shaped = flat.reshape(self.shape, order="F" if self.order == "F" else "C")
        return shaped.astype(self.dtype.newbyteorder("<"), copy=False)


def parse_numpy_header(first: bytes, size: int) -> NumpyHeader:
    """Check a header.

    Args:
        first: the beginning of the file. size: bytes of all of it.

    Raises:
        Misfit: it is no such header, or promises something else than what is there.
    """
    version = first[6:8]
    if not first.startswith(MAGIC) or version not in (b"\1\0", b"\2\0", b"\3\0"):
        raise Misfit("it does not begin as a NumPy file of version 1 to 3", "a NumPy file")
    width = 2 if version == b"\1\0" else 4
    length = int.from_bytes(first[8 : 8 + width], "little")
    if length > min(MAX_HEADER, size):
        raise Misfit(f"its header has {length} bytes", f"at most {min(MAX_HEADER, size)}")
    start = 8 + width + length
    found = _FORM.fullmatch(first[8 + width : start].decode("latin-1"))
    if found is None or _SIDES.fullmatch(found[4].replace("L", "")) is None:
        raise Misfit("its header is not in the form that NumPy writes", "number type, order and shape")
    header = NumpyHeader(
        _dtype(found[1], found[2]), _shape(found[4]), "F" if found[3] == "True" else "C", start
    )
    if header.nbytes != size:
        raise Misfit(f"its header promises {header.nbytes} bytes", f"the {size} that are there")
    return header


def _dtype(order: str, name: str) -> np.dtype:
    """A number type; objects, texts and records are none."""
    if name not in NUMBERS:
        raise Misfit(f"it holds values of the type {order}{name}", "numbers or truth values")
    return NUMBERS[name].newbyteorder(">") if order == ">" else NUMBERS[name]


def _shape(text: str) -> tuple[int, ...]:
    """A shape of a few sides, none too long to be true."""
    words = [word for word in text.replace("L", "").replace(" ", "").split(",") if word]
    if len(words) > MAX_RANK or any(len(word) > 18 for word in words):
        raise Misfit("its shape has too many axes or too long ones", f"at most {MAX_RANK} axes")
    shape = tuple(int(word) for word in words)
    if math.prod(max(side, 1) for side in shape) > MAX_SIZE:
        raise Misfit("it claims more numbers than any memory holds", "a shape that fits its bytes")
    return shape

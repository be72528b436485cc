"""The four arrays of a data set: pinned by shape, dtype and SHA-256, and kept as plain .npy files."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from striate.datasets._home import write_whole
from striate.errors import DataError, Problem

Images = np.ndarray[Any, np.dtype[np.uint8]]
Arrays = tuple[tuple[Images, Images], tuple[Images, Images]]
"""(x_train, y_train), (x_test, y_test), as Keras' `load_data` returns them."""

HEADER_LIMIT = 4096


@dataclass(frozen=True)
class Pin:
    """What an array must be: of this shape and kind of numbers, with bytes that have this SHA-256."""

    shape: tuple[int, ...]
    sha256: str
    dtype: str = "uint8"

    @property
    def nbytes(self) -> int:
        """The bytes of its numbers."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize

    def problem(self, where: str, array: np.ndarray) -> Problem | None:
        """Why `array` is not the pinned one, or None."""
        if array.shape != self.shape or array.dtype != self.dtype:
            happened = f"the array is {array.dtype} {array.shape}"
        elif hashlib.sha256(np.ascontiguousarray(array).data).hexdigest() != self.sha256:
            happened = "the array's bytes have another SHA-256"
        else:
            return None
        expected = f"the pinned {self.dtype} {self.shape} array"
        return Problem(where, happened, expected, "Use an untampered source.")


Pins = Mapping[str, Pin]
"""The pins of x_train, y_train, x_test, y_test."""


def check(arrays: Arrays, pins: Pins, where: str) -> None:
    """Refuse arrays that are not, byte for byte, the pinned ones."""
    (x_train, y_train), (x_test, y_test) = arrays
    named = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    problems = [pins[name].problem(f"{where}, {name}", array) for name, array in named.items()]
    found = [problem for problem in problems if problem is not None]
    if found:
        raise DataError(found)


def store(folder: Path, arrays: Arrays) -> None:
    """Write the four arrays into `folder`, each file whole or not at all."""
    (x_train, y_train), (x_test, y_test) = arrays
    named = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    for name, array in named.items():
        write_whole(folder / f"{name}.npy", partial(np.save, arr=array, allow_pickle=False))


def recall(folder: Path, pins: Pins) -> Arrays | None:
    """The stored arrays, or None when one is missing or is not the pinned one any more."""
    try:
        named = {name: _read(folder / f"{name}.npy", pin) for name, pin in pins.items()}
    except (OSError, ValueError):  # DataError is a ValueError, and NumPy's own complaints are too
        return None
    return (named["x_train"], named["y_train"]), (named["x_test"], named["y_test"])


def stored(folder: Path, pins: Pins) -> bool:
    """True when all files are there with a believable size; their bytes are checked on reading."""
    return all(_believable(folder / f"{name}.npy", pin) for name, pin in pins.items())


def _believable(path: Path, pin: Pin) -> bool:
    """True when the file's size is that of the array and a short header."""
    return path.is_file() and 0 < path.stat().st_size - pin.nbytes <= HEADER_LIMIT


def _read(path: Path, pin: Pin) -> Images:
    """One stored array, after its size and before its bytes are believed."""
    if not _believable(path, pin):
        raise FileNotFoundError(path)
    array = np.load(path, allow_pickle=False)
    problem = pin.problem(str(path), array)
    if problem is not None:
        raise DataError(problem)
    return array

"""Limits on numbers and names that all readers share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from striate.formats._entry_rules import name_fault, printable
from striate.formats._header import MAX_TENSORS
from striate.formats.foreign._refusal import refuse

MAX_PARAMETERS = 2**32


def refuse_too_many(sizes: Iterable[int], most: int, where: str) -> None:
    """Refuse more tensors or numbers than anybody wants, before any is read.

    Args:
        sizes: how many numbers each tensor has. most: they may have in all. where: the file.
    """
    counts = list(sizes)
    if len(counts) > MAX_TENSORS:
        refuse(where, f"it holds {len(counts)} tensors", f"at most {MAX_TENSORS}")
    if sum(counts) > most:
        cure = "Raise max_parameters if you expect a file of that size."
        refuse(where, f"it holds {sum(counts)} numbers", f"at most {most}", cure)


def place(where: str, name: str) -> str:
    """What an error message calls a tensor of a file."""
    return f"{where}, tensor {printable(name)}"


def refuse_bad_name(name: str, where: str) -> None:
    """Refuse a name of a tensor that another program might take for a path, or that cannot be shown."""
    if fault := name_fault(name):
        refuse(place(where, name), *fault)


def refuse_odd_truths(arrays: Mapping[str, np.ndarray], where: str) -> None:
    """Refuse truth values that are neither 0 nor 1, which NumPy would count as it likes."""
    for name, array in arrays.items():
        if array.dtype.kind == "b" and array.size and array.view(np.uint8).max() > 1:
            refuse(place(where, name), "a truth value is neither 0 nor 1", "0 or 1")


def read_only(array: np.ndarray) -> np.ndarray:
    """The array, which from now on cannot be written to."""
    array.flags.writeable = False
    return array

"""The header of a safetensors file, believed only after every number in it has been checked.

A safetensors file is 8 bytes (the header's length, little-endian), the header (JSON), and the numbers of all
tensors, one behind the other. https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from striate.errors import FormatError, Problem
from striate.formats._entry_rules import DTYPES, dtype_name, entry_fault, name_fault, printable
from striate.network._strict_json import MAX_BYTES, canonical_json, parse_json

LENGTH_BYTES = 8
ALIGNMENT = 8
MAX_TENSORS = 65_536
MAX_TOLD = 50
"""The most problems that one message lists."""

_CURE = "Get the file again from where it came, or save it again with Striate."
_METADATA = "__metadata__"


@dataclass(frozen=True)
class TensorEntry:
    """Where one tensor lies.

    Args:
        name: its name. dtype: the type of its numbers. shape: its shape.
        start: of its first byte, counted from the end of the header. stop: behind its last byte.
    """

    name: str
    dtype: np.dtype
    shape: tuple[int, ...]
    start: int
    stop: int


@dataclass(frozen=True)
class Header:
    """A header that has been checked.

    Args:
        entries: the tensors in the order of their bytes, without holes and overlaps.
        metadata: the texts kept with them.
        data_start: where the numbers begin in the file, in bytes.
    """

    entries: tuple[TensorEntry, ...]
    metadata: Mapping[str, str]
    data_start: int

    @property
    def data_size(self) -> int:
        """Bytes of all numbers."""
        return self.entries[-1].stop if self.entries else 0


def parse_header(raw: bytes, where: str, *, aligned: bool = True) -> Header:
    """Check a header and return it.

    Args:
        raw: its bytes, without the length in front.
        where: what an error message calls the file.
        aligned: whether all numbers must lie at multiples of their size, as they do in our own files.

    Raises:
        FormatError: everything wrong with the tensors at once, or the first reason why it is no header.
    """
    if not raw.startswith(b"{") or not raw.rstrip(b" ").endswith(b"}"):
        refuse(where, "the header does not begin with '{' and end with '}'", "a safetensors header")
    if aligned and (LENGTH_BYTES + len(raw)) % ALIGNMENT:
        refuse(where, f"the header has {len(raw)} bytes", f"a multiple of {ALIGNMENT}")
    values = parse_json(raw, f"{where}, header")
    metadata = _metadata(values.pop(_METADATA, {}), where)
    if len(values) > MAX_TENSORS:
        refuse(where, f"the header lists {len(values)} tensors", f"at most {MAX_TENSORS}")
    raise_all(_faults(values, where, aligned))
    entries = (_entry(name, value) for name, value in values.items())
    ordered = tuple(sorted(entries, key=lambda entry: (entry.start, entry.stop, entry.name)))
    raise_all(_gaps(ordered, where))
    return Header(ordered, metadata, LENGTH_BYTES + len(raw))


def make_header(
    arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str], where: str
) -> tuple[bytes, Header]:
    """The header of a new file, and what the reader will make of it.

    Tensors are ordered by the size of their numbers, largest first, so that all are aligned, then by name.
    Equal arrays and texts give equal bytes.

    Raises:
        FormatError: the reader would refuse this header, so it is not written.
    """
    entries: dict[str, Any] = {_METADATA: dict(sorted(metadata.items()))} if metadata else {}
    start = 0
    for name in sorted(arrays, key=lambda name: (-arrays[name].dtype.itemsize, name)):
        array = arrays[name]
        offsets = [start, start + array.nbytes]
        entries[name] = {
            "dtype": dtype_name(array.dtype),
            "shape": list(array.shape),
            "data_offsets": offsets,
        }
        start = offsets[1]
    raw = canonical_json(entries).encode("utf-8")
    raw += b" " * (-(LENGTH_BYTES + len(raw)) % ALIGNMENT)
    if len(raw) > MAX_BYTES:
        cure = "Keep less in the training record, or fewer class names."
        raise FormatError(
            Problem(where, f"the header would have {len(raw)} bytes", f"at most {MAX_BYTES}", cure)
        )
    return raw, parse_header(raw, where)


def raise_all(problems: list[Problem]) -> None:
    """Raise what was found, if anything, in a message of bounded length."""
    if len(problems) > MAX_TOLD:
        rest = Problem("and so on", f"there are more problems than these {MAX_TOLD}", "none", _CURE)
        problems = [*problems[:MAX_TOLD], rest]
    if problems:
        raise FormatError(problems)


def refuse(where: str, happened: str, expected: str) -> NoReturn:
    """Say what is wrong with the file."""
    raise FormatError(Problem(where, happened, expected, _CURE))


def _metadata(value: Any, where: str) -> dict[str, str]:
    """Texts by name."""
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        refuse(where, "the metadata is not a mapping of texts", "texts by name")
    return value


def _faults(values: dict[str, Any], where: str, aligned: bool) -> list[Problem]:
    """What is wrong with the entries, each looked at alone."""
    problems = []
    for name, value in values.items():
        fault = name_fault(name) or entry_fault(value, aligned)
        if fault is not None:
            problems.append(Problem(f"{where}, tensor {printable(name)}", *fault, _CURE))
        if len(problems) > MAX_TOLD:
            break
    return problems


def _entry(name: str, value: dict[str, Any]) -> TensorEntry:
    """An entry without faults as a value of its own."""
    start, stop = value["data_offsets"]
    return TensorEntry(name, DTYPES[value["dtype"]], tuple(value["shape"]), start, stop)


def _gaps(entries: tuple[TensorEntry, ...], where: str) -> list[Problem]:
    """Where tensors, in the order of their bytes, do not touch each other exactly."""
    problems, end = [], 0
    for entry in entries:
        if entry.start != end:
            kind = "overlaps the tensor before it" if entry.start < end else "leaves a hole before it"
            place = f"{where}, tensor {printable(entry.name)}"
            problems.append(
                Problem(place, f"it begins at byte {entry.start} and {kind}", f"byte {end}", _CURE)
            )
        end = max(end, entry.stop)
    return problems

"""Reading and writing safetensors files: the header is checked whole before a number is read."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Mapping
from io import BufferedReader
from typing import Any

import numpy as np

from striate.errors import ArgumentError, FormatError, Problem
from striate.formats._entry_rules import DTYPES, dtype_name, name_fault, printable
from striate.formats._header import (
    LENGTH_BYTES,
    Header,
    make_header,
    parse_header,
    raise_all,
    refuse,
)
from striate.formats._places import read_problem, refuse_nul, shown
from striate.formats.atomic import write_atomically
from striate.network._strict_json import MAX_BYTES

_BLOCK = 2**20
_FOREIGN = {
    b"PK\x03\x04": "a zip archive, such as Keras and PyTorch write",
    b"\x89HDF": "an HDF5 file, such as older Keras writes",
    b"\x80": "a file of serialized Python objects, such as older PyTorch writes",
    b"\x93NUMPY": "a NumPy file",
    b"GGUF": "a GGUF file",
}


@contextlib.contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[BufferedReader]:
    """Open a file for reading; whatever the system has to say against it becomes a FormatError.

    A pipe or a device, which could block or never end, is refused.
    """
    try:
        refuse_nul(path)
        kind = os.stat(path).st_mode
        if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):
            refuse(shown(path), "it is a pipe or a device", "a file")
        with open(path, "rb") as file:
            yield file
    except OSError as error:
        raise FormatError(read_problem(path, error)) from error


def read_header(file: BufferedReader, where: str, *, aligned: bool = True) -> Header:
    """Read and check the header, and compare what it promises with the size of the file.

    Args:
        file: open at its first byte. where: what an error message calls it.
        aligned: whether all numbers must lie at multiples of their size, as they do in our own files.

    Raises:
        FormatError: it is not such a file.
    """
    size = os.fstat(file.fileno()).st_size
    if size < LENGTH_BYTES + 2:
        refuse(where, f"the file has {size} bytes", f"at least {LENGTH_BYTES + 2}")
    first = file.read(LENGTH_BYTES)
    length = int.from_bytes(first, "little")
    most = min(MAX_BYTES, size - LENGTH_BYTES)
    if length > most:
        for magic, kind in _FOREIGN.items():
            if first.startswith(magic):
                refuse(where, f"it is {kind}", "a safetensors file, which holds data only")
        refuse(where, f"the first 8 bytes promise a header of {length} bytes", f"at most {most}")
    header = parse_header(file.read(length), where, aligned=aligned)
    promised = header.data_start + header.data_size
    if promised != size:
        refuse(where, f"the file has {size} bytes", f"{promised}, as its header says")
    return header


def read_arrays(
    file: BufferedReader, header: Header, where: str, digest: Any = None
) -> Iterator[tuple[str, np.ndarray]]:
    """Read every array, in the order of the file; each takes its own size in memory and no more.

    Args:
        file: the open file.
        header: its header.
        where: what an error message calls the file.
        digest: a hash that is fed with all bytes, or None.

    Yields:
        The name and the array.
    """
    file.seek(header.data_start)
    for entry in header.entries:
        array = np.empty(entry.shape, entry.dtype)
        raw = array.reshape(-1).view(np.uint8).data
        if file.readinto(raw) != len(raw):
            refuse(where, "the file became shorter while it was read", "a file nobody writes to")
        if digest is not None:
            digest.update(raw)
        yield entry.name, array


def read_safetensors(path: str | os.PathLike[str]) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """All arrays of a safetensors file by name, and the texts kept with them.

    Raises:
        FormatError: it cannot be read, is not such a file, or holds numbers that are not finite.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_safetensors(f"{folder}/a.safetensors", {"w": np.ones(2, np.float32)}, {"made": "by hand"})
    ...     read_safetensors(f"{folder}/a.safetensors")
    ({'w': array([1., 1.], dtype=float32)}, {'made': 'by hand'})
    """
    where = shown(path)
    with opened(path) as file:
        header = read_header(file, where)
        arrays = dict(read_arrays(file, header, where))
    raise_all(nonfinite_problems(arrays, where))
    return arrays, dict(header.metadata)


def write_safetensors(
    path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None = None
) -> None:
    """Write a safetensors file atomically; the same arrays and texts give the same bytes.

    Args:
        path: the file.
        arrays: by name. metadata: texts to keep with them.

    Raises:
        ArgumentError: arrays that such a file cannot hold. FormatError: the header is too large.
        StriateError: the file cannot be written; the previous one is untouched.
    """
    arrays = checked_arrays(arrays)
    raw, header = make_header(arrays, metadata or {}, shown(path))
    write_atomically(path, chunks(raw, header, arrays))


def chunks(raw: bytes, header: Header, arrays: Mapping[str, np.ndarray]) -> Iterator[bytes | memoryview]:
    """The bytes of a file, piece by piece and without copies."""
    yield len(raw).to_bytes(LENGTH_BYTES, "little") + raw
    yield from data_chunks(header, arrays)


def data_chunks(header: Header, arrays: Mapping[str, np.ndarray]) -> Iterator[memoryview]:
    """The numbers of all arrays, in the order of the file."""
    for entry in header.entries:
        yield arrays[entry.name].reshape(-1).view(np.uint8).data


def checked_arrays(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays as they lie in a file: little-endian, rows first.

    Raises:
        ArgumentError: names or number types that a file cannot hold, all at once.
    """
    problems, checked = [], {}
    for name, value in arrays.items():
        array = np.asarray(value)
        known = dtype_name(array.dtype)
        if fault := name_fault(name):
            problems.append(Problem(printable(name), *fault, "Choose another name."))
        elif known is None:
            happened, expected = f"found an array of {array.dtype}", f"one of {', '.join(DTYPES)}"
            problems.append(Problem(printable(name), happened, expected, "Convert it with .astype(...)."))
        else:
            checked[name] = np.ascontiguousarray(array, DTYPES[known]).reshape(array.shape)
    if problems:
        raise ArgumentError(problems)
    return checked


def nonfinite_problems(arrays: Mapping[str, np.ndarray], where: str) -> list[Problem]:
    """A problem for each array that holds a number that is not finite."""
    problems = []
    for name, array in arrays.items():
        if array.dtype.kind not in "biu" and (count := _count_nonfinite(array)):
            happened = f"{count} of {array.size} numbers are not finite"
            cure = "Use weights from before they overflowed, or train again with a smaller learning rate."
            problems.append(Problem(f"{where}, tensor {printable(name)}", happened, "finite numbers", cure))
    return problems


def _count_nonfinite(array: np.ndarray) -> int:
    """How many are NaN or infinite, looked at in blocks so that little memory is needed."""
    flat = array.reshape(-1)
    blocks = (flat[start : start + _BLOCK] for start in range(0, flat.size, _BLOCK))
    return sum(block.size - int(np.count_nonzero(np.isfinite(block))) for block in blocks)

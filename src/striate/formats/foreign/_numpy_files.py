"""NumPy's files: one array (`.npy`), or a zip archive of them (`.npz`). Arrays of objects are never read."""

from __future__ import annotations

from io import BufferedReader

from striate.formats.foreign._limits import place, read_only, refuse_bad_name, refuse_too_many
from striate.formats.foreign._numpy_header import MAX_HEADER, NumpyHeader, parse_numpy_header
from striate.formats.foreign._refusal import Misfit
from striate.formats.foreign._source import Source
from striate.formats.foreign._zip_archive import ZipArchive
from striate.formats.foreign.tensors import ForeignTensors

ENDING = ".npy"
_FIRST = MAX_HEADER + 12


def is_numpy(archive: ZipArchive) -> bool:
    """Whether an archive holds arrays and nothing else."""
    return bool(archive.entries) and all(name.endswith(ENDING) for name in archive.entries)


def read_npz(archive: ZipArchive, most: int) -> ForeignTensors:
    """All arrays of an archive, by the names of their files without the ending.

    Args:
        archive: the archive. most: numbers in all.
    """
    where = archive.where
    headers: dict[str, NumpyHeader] = {}
    for entry in archive.entries:
        name = entry.removesuffix(ENDING)
        refuse_bad_name(name, where)
        headers[name] = _header(archive.first(entry, _FIRST), archive.size(entry), place(where, name))
    refuse_too_many((header.size for header in headers.values()), most, where)
    arrays = {
        name: read_only(header.array(archive.read_array(f"{name}{ENDING}")))
        for name, header in headers.items()
    }
    return ForeignTensors("numpy", arrays, {"format": "npz"})


def read_npy(file: BufferedReader, size: int, most: int, where: str) -> ForeignTensors:
    """The array of a file, under the name "array"."""
    header = _header(file.read(_FIRST), size, where)
    refuse_too_many([header.size], most, where)
    file.seek(0)
    raw = Source(file, size, where).take_array(size)
    return ForeignTensors("numpy", {"array": read_only(header.array(raw))}, {"format": "npy"})


def _header(first: bytes, size: int, where: str) -> NumpyHeader:
    """A checked header."""
    try:
        return parse_numpy_header(first, size)
    except Misfit as misfit:
        raise misfit.at(where) from None

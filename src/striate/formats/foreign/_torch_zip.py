"""PyTorch's files since 1.6: a zip archive of one object stream and the bytes of each storage."""

from __future__ import annotations

import io

import numpy as np

from striate.formats.foreign._flat import flattened
from striate.formats.foreign._machine import Machine
from striate.formats.foreign._numpy_names import Array
from striate.formats.foreign._refusal import CODE_CURE, refuse
from striate.formats.foreign._source import Source
from striate.formats.foreign._torch_names import Seen
from striate.formats.foreign._torch_numbers import read_views
from striate.formats.foreign._torch_values import Storage, Tensor
from striate.formats.foreign._zip_archive import ZipArchive
from striate.formats.foreign.tensors import ForeignTensors

STREAM = "data.pkl"
MAX_STREAM = 64 * 2**20


def torch_folder(archive: ZipArchive) -> str | None:
    """The folder in the archive that holds everything, or None when this is no archive of PyTorch."""
    tops = {name.partition("/")[0] for name in archive.entries}
    top = tops.pop() if len(tops) == 1 else ""
    return top if f"{top}/{STREAM}" in archive.entries else None


def read_torch_zip(archive: ZipArchive, folder: str, most: int) -> ForeignTensors:
    """The tensors of such an archive.

    Args:
        archive: the archive. folder: what `torch_folder` says. most: numbers in all.
    """
    where = archive.where
    if any(name.startswith(f"{folder}/code/") for name in archive.entries):
        refuse(where, "it is a TorchScript program", "tensors only", CODE_CURE)
    big = _is_big(archive, folder)
    stream = archive.read(f"{folder}/{STREAM}", MAX_STREAM)
    seen = Seen()
    source = Source(io.BytesIO(stream), len(stream), archive.place(f"{folder}/{STREAM}"))
    value = Machine(source, seen.table()).run()
    if source.left:
        source.refuse("there are bytes behind the end of the stream", "nothing")
    flat = flattened(value, (Tensor, Array), "tensor", where)

    def read(storage: Storage) -> np.ndarray:
        name = f"{folder}/data/{storage.key}"
        needed = storage.count * storage.dtype.itemsize
        if archive.size(name) != needed:
            refuse(archive.place(name), f"it has {archive.size(name)} bytes", f"{needed} for this storage")
        return archive.read_array(name)

    arrays = read_views(flat.leaves, read, big, most, where)
    return ForeignTensors("torch", arrays, {"format": "zip", **flat.metadata()})


def _is_big(archive: ZipArchive, folder: str) -> bool:
    """Whether numbers begin with their most significant byte; old files do not say and are little-endian."""
    name = f"{folder}/byteorder"
    order = archive.read(name, 16) if name in archive.entries else b"little"
    if order not in (b"little", b"big"):
        refuse(archive.place(name), f"the order of bytes is {order!a}", "little or big")
    return order == b"big"

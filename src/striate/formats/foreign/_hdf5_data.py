"""Data sets of an HDF5 file: where their numbers lie, checked before any is read, and the reading."""

from __future__ import annotations

import itertools
import math
import zlib
from dataclasses import dataclass, field

import numpy as np

from striate.formats.foreign._hdf5_links import tree_entries
from striate.formats.foreign._hdf5_messages import DATASPACE, DATATYPE, EXTERNAL, FILTERS, LAYOUT, Header
from striate.formats.foreign._hdf5_room import NOWHERE, Cursor, Room
from striate.formats.foreign._hdf5_types import read_shape, read_type
from striate.formats.foreign._refusal import Misfit

GZIP, SHUFFLE = 1, 2
MAX_CHUNKS = 65_536
_COMPACT, _WHOLE, _CHUNKED, _VIRTUAL = 0, 1, 2, 3


@dataclass(frozen=True)
class Chunk:
    """A block of a data set: where its bytes lie, how many they are, and its first corner."""

    place: int
    packed: int
    corner: tuple[int, ...]


@dataclass(frozen=True)
class DataSet:
    """Numbers in an HDF5 file.

    Args:
        shape: of all. dtype: of each, as in the file.
        here: the bytes, when they lie in the description itself.
        place: of the first byte, when they lie in one piece; None for chunks.
        block: shape of a chunk. chunks: all of them. filters: what was done to each, in order.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    here: bytes | None = None
    place: int | None = None
    block: tuple[int, ...] = ()
    chunks: tuple[Chunk, ...] = ()
    filters: tuple[int, ...] = field(default=())

    @property
    def nbytes(self) -> int:
        """Bytes of all numbers."""
        return math.prod(self.shape) * self.dtype.itemsize

    def pieces(self) -> list[tuple[int, int]]:
        """(place, bytes) of what lies in the file."""
        whole = [(self.place, self.nbytes)] if self.place is not None and self.nbytes else []
        return whole + [(chunk.place, chunk.packed) for chunk in self.chunks]


def find_data(room: Room, header: Header) -> DataSet:
    """What a header says about a data set."""
    if header.all(EXTERNAL):
        raise Misfit("its numbers lie in another file", "numbers in this very file")
    shape, kind = read_shape(header.one(DATASPACE, "shape")), read_type(header.one(DATATYPE, "type"))
    if kind.dtype is None:
        raise Misfit(f"it holds {kind.name} of {kind.size} bytes", "integers, floats or truth values")
    layout = header.one(LAYOUT, "layout")
    version, where = layout.number(1), layout.number(1)
    if where == _VIRTUAL and version >= 4:
        raise Misfit("it is a virtual data set, put together from others", "numbers of its own")
    if version != 3 and not (version == 4 and where in (_COMPACT, _WHOLE)):
        raise Misfit(f"its layout is of version {version}", "3, as Keras and h5py write it")
    filters = tuple(f for message in header.all(FILTERS) for f in _filters(message.cursor()))
    if where == _CHUNKED:
        return _chunked(room, layout, shape, kind.dtype, filters)
    if filters or where not in (_COMPACT, _WHOLE):
        raise Misfit("it is compressed and not in chunks, or lies in an unknown way", "a known layout")
    return _plain(layout, where, shape, kind.dtype)


def read_data(room: Room, data: DataSet) -> np.ndarray:
    """The numbers, in an array of their own, little-endian."""
    if data.here is not None:
        out = np.frombuffer(bytearray(data.here), data.dtype).reshape(data.shape)
    else:
        out = _read_chunks(room, data) if data.block else np.empty(data.shape, data.dtype)
        if out.size and not data.block:
            room.fill(data.place or 0, out)
    return out if data.dtype.byteorder != ">" else out.astype(data.dtype.newbyteorder("<"))


def _plain(layout: Cursor, where: int, shape: tuple[int, ...], dtype: np.dtype) -> DataSet:
    """Numbers in one piece, in the file or in the description."""
    needed = math.prod(shape) * dtype.itemsize
    place = layout.number(8) if where == _WHOLE else 0
    size = layout.number(8 if where == _WHOLE else 2)
    if place == NOWHERE and not needed:
        return DataSet(shape, dtype, place=0)
    if place == NOWHERE:
        raise Misfit(f"it claims {needed} bytes of numbers that were never written", "numbers in the file")
    if size != needed:
        raise Misfit(f"{size} bytes are set aside for it", f"{needed} bytes for {dtype} {shape}")
    if where == _COMPACT:
        return DataSet(shape, dtype, here=layout.raw(size))
    return DataSet(shape, dtype, place=place)


def _filters(cursor: Cursor) -> list[int]:
    """The numbers of the filters, all of which must be known."""
    version, count = cursor.number(1), cursor.number(1)
    if version not in (1, 2):
        raise Misfit(f"its filters are described in version {version}", "1 or 2")
    cursor.raw(6 if version == 1 else 0)
    found = []
    for _ in range(count):
        number = cursor.number(2)
        name = cursor.number(2) if version == 1 or number >= 256 else 0
        _, values = cursor.number(2), cursor.number(2)
        cursor.raw(name + (-name % 8 if version == 1 else 0))
        cursor.raw(4 * values + (4 if version == 1 and values % 2 else 0))
        found.append(number)
    if found not in ([], [GZIP], [SHUFFLE], [SHUFFLE, GZIP]):
        raise Misfit(f"it went through the filters {found}", "gzip and shuffle at most")
    return found


def _chunked(
    room: Room, layout: Cursor, shape: tuple[int, ...], dtype: np.dtype, filters: tuple[int, ...]
) -> DataSet:
    """Numbers in blocks of equal shape, found by a tree; every block must be there, once."""
    rank = layout.number(1) - 1
    tree, *sides = layout.number(8), *layout.numbers(rank + 1, each=4)
    block = tuple(sides[:-1])
    if rank != len(shape) or 0 in sides or sides[-1] != dtype.itemsize:
        raise Misfit(f"its chunks have the shape {block}", f"{len(shape)} sides from 1")
    if any(side > max(whole, 1) for side, whole in zip(block, shape, strict=True)):
        raise Misfit(f"its chunks of {block} are larger than its shape {shape}", "chunks within the shape")
    counts = [-(-whole // side) for whole, side in zip(shape, block, strict=True)]
    if math.prod(counts) > MAX_CHUNKS:
        raise Misfit(f"it has {math.prod(counts)} chunks", f"at most {MAX_CHUNKS}")
    entries = tree_entries(room, tree, 1, 8 + 8 * (rank + 1)) if tree != NOWHERE else []
    chunks = tuple(_chunk(place, Cursor(key), rank) for place, key in entries)
    steps = [range(0, whole, side) for whole, side in zip(shape, block, strict=True)]
    if sorted(chunk.corner for chunk in chunks) != list(itertools.product(*steps)):
        raise Misfit(f"it has {len(chunks)} chunks, not one at each place", f"{math.prod(counts)} chunks")
    return DataSet(shape, dtype, block=block, chunks=chunks, filters=filters)


def _chunk(place: int, key: Cursor, rank: int) -> Chunk:
    """An entry of the tree: bytes, filters that were left out, corner."""
    packed, left_out = key.number(4), key.number(4)
    if left_out:
        raise Misfit("a chunk went through fewer filters than the others", "equal chunks")
    return Chunk(place, packed, key.numbers(rank))


def _read_chunks(room: Room, data: DataSet) -> np.ndarray:
    """All chunks in their places; those at the border stick out of the shape."""
    if data.block == data.shape:
        return _unpacked(room.packed(data.chunks[0].place, data.chunks[0].packed), data)
    out = np.empty(data.shape, data.dtype)
    for chunk in data.chunks:
        block = _unpacked(room.packed(chunk.place, chunk.packed), data)
        place = tuple(
            slice(first, min(first + side, whole))
            for first, side, whole in zip(chunk.corner, data.block, data.shape, strict=True)
        )
        out[place] = block[tuple(slice(0, part.stop - part.start) for part in place)]
    return out


def _unpacked(raw: bytes, data: DataSet) -> np.ndarray:
    """The numbers of a chunk, all filters undone."""
    needed = math.prod(data.block) * data.dtype.itemsize
    if GZIP in data.filters:
        inflater = zlib.decompressobj()
        try:
            raw = inflater.decompress(raw, needed + 1)
        except zlib.error:
            raise Misfit("the compressed bytes of a chunk are broken", "gzip data") from None
        if not inflater.eof:
            inflater.decompress(inflater.unconsumed_tail, 1)
    if len(raw) != needed:
        raise Misfit(
            f"a chunk has other than {needed} bytes", f"{needed} bytes for {data.dtype} {data.block}"
        )
    if SHUFFLE in data.filters:
        planes = np.frombuffer(raw, np.uint8).reshape(data.dtype.itemsize, -1)
        return np.ascontiguousarray(planes.T).reshape(-1).view(data.dtype).reshape(data.block)
    return np.frombuffer(raw, data.dtype).reshape(data.block)

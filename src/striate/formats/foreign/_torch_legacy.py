"""PyTorch's files before 1.6: five object streams one behind the other, then the bytes of each storage."""

from __future__ import annotations

from typing import Any

import numpy as np

from striate.formats.foreign._flat import flattened
from striate.formats.foreign._machine import Machine
from striate.formats.foreign._numpy_names import Array
from striate.formats.foreign._source import Source
from striate.formats.foreign._torch_names import MEANT, Seen
from striate.formats.foreign._torch_numbers import read_views
from striate.formats.foreign._torch_values import Storage, Tensor
from striate.formats.foreign._values import Table, told
from striate.formats.foreign.tensors import ForeignTensors

MAGIC = 0x1950A86A20F9469CFC6C
VERSION = 1001
PLAIN = Table({}, None, MEANT)


def read_torch_legacy(source: Source, most: int) -> ForeignTensors:
    """The tensors of such a file, whose first stream (the magic number) has been read.

    Args:
        source: the file, behind that stream. most: numbers in all.
    """
    version = Machine(source, PLAIN).run()
    if version != VERSION or type(version) is not int:
        source.refuse(f"the file is of version {told(version)}", f"{VERSION}")
    system = Machine(source, PLAIN).run()
    big = isinstance(system, dict) and system.get("little_endian") is False
    seen = Seen()
    value = Machine(source, seen.table()).run()
    keys = Machine(source, PLAIN).run()
    places = _places(source, keys, seen.storages)
    flat = flattened(value, (Tensor, Array), "tensor", source.where)

    def read(storage: Storage) -> np.ndarray:
        source.go_to(places[storage.key])
        return source.take_array(storage.count * storage.dtype.itemsize)

    arrays = read_views(flat.leaves, read, big, most, source.where)
    return ForeignTensors("torch", arrays, {"format": "legacy", **flat.metadata()})


def _places(source: Source, keys: Any, storages: dict[str, Storage]) -> dict[str, int]:
    """Where the bytes of each storage begin: behind their number, in the order of the keys."""
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        source.refuse("the list of storages is no list of keys", "a list of texts")
    if sorted(keys) != sorted(storages):
        happened = f"{len(keys)} storages follow, not the {len(storages)} that tensors point to"
        source.refuse(happened, "each storage once")
    places = {}
    for key in keys:
        storage = storages[key]
        count = source.number(8)
        if count != storage.count:
            source.refuse(f"a storage has {count} numbers", f"{storage.count}, as the stream says")
        places[key] = source.place
        source.skip(count * storage.dtype.itemsize)
    if source.left:
        source.refuse("there are bytes behind the last storage", "nothing")
    return places

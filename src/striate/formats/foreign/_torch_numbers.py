"""The numbers of PyTorch's tensors: storages are read once each, and tensors are views of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from striate.formats.foreign._limits import place, read_only, refuse_too_many
from striate.formats.foreign._numpy_names import Array
from striate.formats.foreign._torch_values import Storage, Tensor


def read_views(
    leaves: Mapping[str, Tensor | Array],
    read: Callable[[Storage], np.ndarray],
    big: bool,
    most: int,
    where: str,
) -> dict[str, np.ndarray]:
    """The tensors as arrays that share the memory of their storages and cannot be written to.

    Args:
        leaves: tensors, and arrays of NumPy among them, by name. read: gives the bytes of a storage as uint8.
        big: whether numbers begin with their most significant byte.
        most: a file with more numbers is refused before any is read. where: what an error calls the file.
    """
    refuse_too_many((leaf.size for leaf in leaves.values()), most, where)
    storages: dict[tuple[str, int], np.ndarray] = {}
    arrays = {}
    for name, leaf in leaves.items():
        if isinstance(leaf, Array):
            arrays[name] = leaf.finished(place(where, name))
            continue
        key = leaf.storage.key, leaf.dtype.itemsize if big else 0
        if key not in storages:
            storages[key] = _little(read(leaf.storage), leaf.dtype, big)
        arrays[name] = read_only(_view(leaf, storages[key]))
    return arrays


def _little(raw: np.ndarray, dtype: np.dtype, big: bool) -> np.ndarray:
    """The bytes with the least significant one of each number first, turned round in place."""
    width = dtype.itemsize // (2 if dtype.kind == "c" else 1)
    if big and width > 1:
        raw.view(f"u{width}").byteswap(inplace=True)
    return raw


def _view(tensor: Tensor, raw: np.ndarray) -> np.ndarray:
    """A tensor as an array on the bytes of its storage."""
    if not tensor.size:
        return np.zeros(tensor.shape, tensor.dtype)
    width = tensor.dtype.itemsize
    strides = [step * width for step in tensor.strides]
    return np.ndarray(tensor.shape, tensor.dtype, raw.data, tensor.offset * width, strides)

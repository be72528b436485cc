"""PyTorch's tensors before their numbers are read: number types, storages, and views of storages."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from striate.formats.foreign._numpy_names import MAX_RANK
from striate.formats.foreign._refusal import Misfit

MAX_SIZE = 2**48
"""More numbers than any memory holds; NumPy cannot make such shapes even where they are empty."""

STORAGES: Mapping[str, np.dtype] = {
    "torch.DoubleStorage": np.dtype("<f8"),
    "torch.FloatStorage": np.dtype("<f4"),
    "torch.HalfStorage": np.dtype("<f2"),
    "torch.BFloat16Storage": np.dtype(jnp.bfloat16),
    "torch.LongStorage": np.dtype("<i8"),
    "torch.IntStorage": np.dtype("<i4"),
    "torch.ShortStorage": np.dtype("<i2"),
    "torch.CharStorage": np.dtype("i1"),
    "torch.ByteStorage": np.dtype("u1"),
    "torch.BoolStorage": np.dtype("?"),
    "torch.ComplexFloatStorage": np.dtype("<c8"),
    "torch.ComplexDoubleStorage": np.dtype("<c16"),
    "torch.storage.UntypedStorage": np.dtype("u1"),
}
"""Rows of numbers by the class that PyTorch saves for them."""

DTYPES: Mapping[str, np.dtype] = {
    "torch.float64": np.dtype("<f8"),
    "torch.float32": np.dtype("<f4"),
    "torch.float16": np.dtype("<f2"),
    "torch.bfloat16": np.dtype(jnp.bfloat16),
    "torch.float8_e4m3fn": np.dtype(jnp.float8_e4m3fn),
    "torch.float8_e4m3fnuz": np.dtype(jnp.float8_e4m3fnuz),
    "torch.float8_e5m2": np.dtype(jnp.float8_e5m2),
    "torch.float8_e5m2fnuz": np.dtype(jnp.float8_e5m2fnuz),
    "torch.complex64": np.dtype("<c8"),
    "torch.complex128": np.dtype("<c16"),
    "torch.bool": np.dtype("?"),
    **{f"torch.int{8 * size}": np.dtype(f"<i{size}") for size in (1, 2, 4, 8)},
    **{f"torch.uint{8 * size}": np.dtype(f"<u{size}") for size in (1, 2, 4, 8)},
}
"""Number types by PyTorch's names."""


@dataclass(frozen=True)
class Storage:
    """A row of numbers that lies outside of the stream.

    Args:
        key: its name in the file. dtype: of its numbers. count: how many there are.
        first: where the part begins that a tensor may use. stop: behind its last number.
    """

    key: str
    dtype: np.dtype
    count: int
    first: int
    stop: int


@dataclass(frozen=True)
class Tensor:
    """A tensor before its numbers are read: a view of a storage.

    Args:
        storage: the row. dtype: how its bytes are read. offset: of its first number, in numbers.
        shape: of the view. strides: steps along each axis, in numbers.
    """

    storage: Storage
    dtype: np.dtype
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)


def checked_tensor(
    storage: Storage, dtype: np.dtype, offset: int, shape: tuple[Any, ...], strides: tuple[Any, ...]
) -> Tensor:
    """A view that stays inside of its storage and has no number twice."""
    sides = (offset, *shape, *strides)
    if len(shape) != len(strides) or any(type(side) is not int or side < 0 for side in sides):
        raise Misfit(
            "a tensor has no proper offset, shape and strides", "whole numbers from 0, a stride an axis"
        )
    if len(shape) > MAX_RANK or math.prod(max(side, 1) for side in shape) > MAX_SIZE:
        raise Misfit(
            "a tensor has too many axes or numbers", f"at most {MAX_RANK} axes and {MAX_SIZE} numbers"
        )
    steps = tuple(step if side > 1 else 0 for side, step in zip(shape, strides, strict=True))
    first, stop = (n * storage.dtype.itemsize // dtype.itemsize for n in (storage.first, storage.stop))
    tensor = Tensor(storage, dtype, first + offset, shape, steps)
    last = tensor.offset + sum((side - 1) * step for side, step in zip(shape, steps, strict=True))
    if tensor.size and last >= stop:
        raise Misfit(f"a tensor reaches to number {last} of a storage of {stop}", "a view inside of it")
    if tensor.size > stop - first:
        raise Misfit(f"a tensor has {tensor.size} numbers of a storage of {stop - first}", "each number once")
    return tensor

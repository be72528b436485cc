"""How the numbers of one step lie in a block of fixed size, so that the place of each is a product."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from striate.layers._base import Shape

DTYPES = {"float32": np.dtype("<f4"), "float16": np.dtype("<f2")}
"""The number types of a recording, by their names in it."""

SCALE = np.dtype("<f4")


class Entry(NamedTuple):
    """An array that is recorded at every step.

    Args:
        name: "conv1", "conv1/kernel", "conv1/kernel.grad". on: "probe" or "batch" for what examples were run
            for, "" for weights. shape: its shape.
    """

    name: str
    on: str
    shape: Shape

    @property
    def size(self) -> int:
        """Numbers in it."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Layout:
    """The block of one step: in float16 a scale for each array, and then all arrays, one behind the other.

    A float16 array holds its numbers divided by a power of two that brings the largest one close to the
    largest float16 number; so small gradients do not vanish, and nothing overflows.

    Args:
        dtype: "float32" or "float16". entries: what is recorded.
    """

    dtype: str
    entries: tuple[Entry, ...]

    @property
    def item(self) -> int:
        """Bytes of a number."""
        return DTYPES[self.dtype].itemsize

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Where each array begins in the block, in bytes."""
        starts, place = [], self.scales
        for entry in self.entries:
            starts.append(place)
            place += entry.size * self.item
        return tuple(starts)

    @property
    def scales(self) -> int:
        """Bytes of the scales in front of the arrays."""
        return SCALE.itemsize * len(self.entries) if self.dtype == "float16" else 0

    @cached_property
    def block(self) -> int:
        """Bytes of a step."""
        return self.scales + self.item * sum(entry.size for entry in self.entries)

    def pack(self, arrays: Mapping[Entry, np.ndarray]) -> tuple[list[memoryview], list[int]]:
        """The block of a step in pieces, and a checksum for each array (its scale included)."""
        scales, pieces, sums = [], [], []
        for entry in self.entries:
            numbers = np.ascontiguousarray(arrays[entry], np.float32)
            assert numbers.shape == entry.shape, entry
            scale, kept = (1.0, numbers) if self.dtype == "float32" else halved(numbers)
            scales.append(scale)
            raw = kept.astype(DTYPES[self.dtype], copy=False).reshape(-1).view(np.uint8).data
            pieces.append(raw)
            sums.append(checksum(scale, raw))
        head = np.asarray(scales, SCALE).view(np.uint8).data
        return ([head] if self.scales else []) + pieces, sums


def halved(numbers: np.ndarray) -> tuple[float, np.ndarray]:
    """A power of two, and the numbers divided by it as float16; what is not finite stays so.

    >>> scale, kept = halved(np.array([3e-8, -1e-8], np.float32))
    >>> bool(np.allclose(kept.astype(np.float32) * scale, [3e-8, -1e-8], rtol=1e-3))
    True
    """
    known = numbers[np.isfinite(numbers)]
    largest = float(np.abs(known).max(initial=0))
    scale = 1.0 if largest == 0 else 2.0 ** max(math.floor(math.log2(largest)) - 14, -126)
    return scale, (numbers / np.float32(scale)).astype(DTYPES["float16"])


def restored(raw: bytes, dtype: str, scale: float) -> np.ndarray:
    """Numbers from their bytes, float32."""
    numbers = np.frombuffer(raw, DTYPES[dtype]).astype(np.float32)
    return numbers if dtype == "float32" else numbers * np.float32(scale)


def checksum(scale: float, raw: bytes | memoryview) -> int:
    """CRC-32 of an array as it lies in the file, its scale in front; a guard against accidents only."""
    return zlib.crc32(raw, zlib.crc32(np.asarray(scale, SCALE).tobytes()))

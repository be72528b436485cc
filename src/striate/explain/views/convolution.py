"""A convolution at work on one example: its numbers, and what is made of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from striate.explain.views.wiring import OUTSIDE, Entries, Wiring
from striate.layers._base import Shape

CHUNK = 2**20
"""Entries of the matrix that are made at a time."""


class Terms(NamedTuple):
    """The products that an output number is the sum of; taps that meet padding are none of them.

    Args:
        inputs: (T,) flat indices into the example. weights: (T,) flat indices into the kernel.
        values: (T,) the inputs' numbers. factors: (T,) the weights' numbers.
    """

    inputs: np.ndarray
    weights: np.ndarray
    values: np.ndarray
    factors: np.ndarray

    @property
    def products(self) -> np.ndarray:
        """(T,) value times weight."""
        return self.values * self.factors


@dataclass(frozen=True, eq=False)
class Convolution:
    """A convolution with its numbers. Whole numbers stay whole; others are added up in float64.

    Args:
        name: of the layer. wiring: who reads whom.
        x: one example, channels last. kernel: as the layer keeps it.
        bias: (F,), or (positions..., F) where each place has its own; None without.
        output: what the engine computed, before any activation; None when nobody asked it.
    """

    name: str
    wiring: Wiring
    x: np.ndarray
    kernel: np.ndarray
    bias: np.ndarray | None = None
    output: np.ndarray | None = None

    def terms(self, position: Shape, filter: int, channel: int | None = None) -> Terms:
        """What is added up for one output number, in the reading order of the kernel."""
        wiring = self.wiring
        place = int(np.ravel_multi_index(position, wiring.places))
        entries = wiring.entries([place], filter)
        inputs, weights = entries.columns, entries.weights
        if channel is not None:
            kept = inputs % wiring.input_shape[-1] == channel
            inputs, weights = inputs[kept], weights[kept]
        return Terms(inputs, weights, _wide(self.x).ravel()[inputs], _wide(self.kernel).ravel()[weights])

    def bias_at(self, position: Shape, filter: int) -> np.generic | None:
        """The bias of one output number."""
        if self.bias is None:
            return None
        return _wide(self.bias)[filter] if self.bias.ndim == 1 else _wide(self.bias)[(*position, filter)]

    def number(self, position: Shape, filter: int) -> np.generic:
        """One output number: its terms, and the bias, added up."""
        bias = self.bias_at(position, filter)
        total = self.terms(position, filter).products.sum()
        return total if bias is None else total + bias

    def patch(self, position: Shape, channel: int) -> np.ndarray:
        """The input numbers under the window, one for each tap; zeros where it meets padding."""
        places = np.ix_(*self.wiring.window(position))
        outside = np.zeros(self.wiring.taps, bool)
        for axis in places:
            outside |= axis == OUTSIDE
        return np.where(outside, 0, _wide(self.x)[(*places, channel)])

    def taps_of(self, position: Shape, filter: int, channel: int) -> np.ndarray:
        """The weights between a channel and a filter, one for each tap; zeros where no weight joins them."""
        wiring = self.wiring
        chosen = wiring.links.chosen(filter, channel)
        if not len(chosen.offsets):
            return np.zeros(wiring.taps, _wide(self.kernel).dtype)
        first = 0 if wiring.shared else int(np.ravel_multi_index(position, wiring.places))
        taps = first * math.prod(wiring.taps) + np.arange(math.prod(wiring.taps)).reshape(wiring.taps)
        return _wide(self.kernel).ravel()[taps * wiring.links.inner + chosen.offsets[0]]

    def sums(self, filter: int | None = None) -> np.ndarray:
        """W x + b, entry by entry of the matrix: (positions...) of one filter, or the whole output."""
        wiring, last = self.wiring, () if filter is not None else self.wiring.output_shape[-1:]
        flat, kernel = _wide(self.x).ravel(), _wide(self.kernel).ravel()
        total = np.zeros(math.prod((*wiring.places, *last)), np.result_type(flat, kernel))
        for entries in self.chunks(filter):
            np.add.at(total, entries.rows, kernel[entries.weights] * flat[entries.columns])
        total = total.reshape(*wiring.places, *last)
        if self.bias is None:
            return total
        return total + (_wide(self.bias) if filter is None else _wide(self.bias)[..., filter])

    def chunks(self, filter: int | None = None, channel: int | None = None) -> Iterator[Entries]:
        """All entries of the matrix, a part of its rows at a time."""
        wiring = self.wiring
        each = math.prod(wiring.taps) * len(wiring.links.chosen(filter, channel).offsets)
        count, step = math.prod(wiring.places), max(1, CHUNK // max(each, 1))
        for start in range(0, count, step):
            yield wiring.entries(np.arange(start, min(start + step, count)), filter, channel)

    def answers(self, filter: int) -> np.ndarray:
        """(positions...) the engine's numbers of a filter, or ours where nobody asked the engine."""
        return self.sums(filter) if self.output is None else self.output[..., filter]


def _wide(array: np.ndarray) -> np.ndarray:
    """Numbers as they are added up: whole ones as int64, others as float64."""
    return array.astype(np.int64 if array.dtype.kind in "biu" else np.float64)

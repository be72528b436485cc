"""Which input number each output number of a convolution reads, and through which weight."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from striate.explain.views._channels import Links, links_of
from striate.layers import LocallyConnected1D, LocallyConnected2D
from striate.layers._base import Shape, Window

OUTSIDE = -1
"""Stands in a table of reads where a tap meets padding, or nothing at all."""


class Entries(NamedTuple):
    """The entries of the matrix that are weights; all others are zeros that no training reaches.

    Args:
        rows, columns: (E,) where they stand. weights: (E,) which weight, as an index into the flat kernel.
        shape: rows and columns of the matrix.
    """

    rows: np.ndarray
    columns: np.ndarray
    weights: np.ndarray
    shape: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Wiring:
    """A convolution without its numbers.

    Args:
        input_shape, output_shape: of one example, channels last. kernel_shape: as the layer keeps it.
        reads: for each spatial axis a (positions, taps) table of the input position that a tap meets.
        links: which filter reads which channel.
        shared: False when each place has a kernel of its own.
        painted: places that a transposed convolution paints, those cut off later included; None for others.
    """

    input_shape: Shape
    output_shape: Shape
    kernel_shape: Shape
    reads: tuple[np.ndarray, ...]
    links: Links
    shared: bool = True
    painted: int | None = None

    @property
    def places(self) -> Shape:
        """The sizes of the output's spatial axes."""
        return self.output_shape[:-1]

    @property
    def taps(self) -> Shape:
        """The kernel's sizes along the spatial axes."""
        return tuple(table.shape[1] for table in self.reads)

    @property
    def rows(self) -> int:
        """Output numbers, the rows of the matrix."""
        return math.prod(self.output_shape)

    @property
    def columns(self) -> int:
        """Input numbers, the columns of the matrix."""
        return math.prod(self.input_shape)

    @property
    def count(self) -> int:
        """Entries of the matrix that are weights; exact, without making one of them."""
        return math.prod(int((table >= 0).sum()) for table in self.reads) * len(self.links.filters)

    def window(self, position: Shape) -> tuple[np.ndarray, ...]:
        """For each spatial axis the input positions that the taps meet from an output position."""
        return tuple(table[place] for table, place in zip(self.reads, position, strict=True))

    def sources(self, places: np.ndarray) -> np.ndarray:
        """(P, taps) flat input positions that flat output positions read, OUTSIDE for padding."""
        found = np.zeros((len(places), 1), np.int64)
        for table, index, size in zip(
            self.reads, np.unravel_index(places, self.places), self.input_shape[:-1], strict=True
        ):
            seen = table[index][:, None, :]
            together = found[:, :, None] * size + seen
            found = np.where((found[:, :, None] < 0) | (seen < 0), OUTSIDE, together).reshape(len(places), -1)
        return found

    def entries(
        self, places: Iterable[int] | None = None, filter: int | None = None, channel: int | None = None
    ) -> Entries:
        """The entries of the matrix, for all of it or for a part.

        Args:
            places: flat output positions; all unless given. filter: only its rows, which are then numbered
                by position alone. channel: only its columns, numbered in the same way.

        Returns:
            Entries; those of one row stand in the reading order of the kernel.
        """
        chosen = np.arange(math.prod(self.places)) if places is None else np.asarray(places, np.int64)
        sources = self.sources(chosen)
        index, taps = np.nonzero(sources >= 0)
        outputs, inputs = chosen[index], sources[index, taps]
        links = self.links.chosen(filter, channel)
        filters, channels = self.output_shape[-1], self.input_shape[-1]
        rows = outputs[:, None] * filters + links.filters if filter is None else _spread(outputs, links)
        columns = inputs[:, None] * channels + links.channels if channel is None else _spread(inputs, links)
        first = taps if self.shared else outputs * math.prod(self.taps) + taps
        weights = first[:, None] * links.inner + links.offsets
        shape = (
            math.prod(self.places) * (filters if filter is None else 1),
            math.prod(self.input_shape[:-1]) * (channels if channel is None else 1),
        )
        return Entries(rows.ravel(), columns.ravel(), weights.ravel(), shape)


def wiring_of(layer: Any, input_shape: Shape) -> Wiring:
    """The wiring of a layer that slides windows; of a separable one, that of its first half.

    Raises:
        ShapeError: the layer does not fit the input.
    """
    output_shape = layer.output_shape(input_shape)
    local = isinstance(layer, LocallyConnected1D | LocallyConnected2D)
    window = layer.window(input_shape)
    weights = layer.weights(input_shape)
    name = "depthwise_kernel" if "depthwise_kernel" in weights else "kernel"
    kernel_shape = weights[name].shape
    links = links_of(layer, input_shape[-1])
    output_shape = (*output_shape[:-1], int(links.filters.max()) + 1)
    reads = axis_reads(window, input_shape[:-1], output_shape[:-1])
    painted = _painted(window, input_shape[:-1])
    return Wiring(input_shape, output_shape, kernel_shape, reads, links, not local, painted)


def pointwise(input_shape: Shape, kernel_shape: Shape) -> Wiring:
    """The second half of a separable convolution: at each position all channels are mixed."""
    channels, filters = kernel_shape[-2:]
    reads = tuple(np.arange(size)[:, None] for size in input_shape[:-1])
    links = Links.everything(channels, filters)
    return Wiring(input_shape, (*input_shape[:-1], filters), kernel_shape, reads, links)


def axis_reads(window: Window, sizes: Shape, places: Shape) -> tuple[np.ndarray, ...]:
    """For each axis which input position each tap of each window meets.

    A window gathers x[o s + u d - before]. In a transposed convolution x[i] is sent to o = i s + u d - cut,
    so that tap u of output o reads i = (o + cut - u d) / s, where that is whole.
    """
    tables = []
    for axis, (size, count) in enumerate(zip(sizes, places, strict=True)):
        outputs, taps = np.arange(count)[:, None], np.arange(window.size[axis])[None]
        before, gap = window.padding[axis][0], window.dilation[axis]
        if window.spread is None:
            step, sent = 1, outputs * window.stride[axis] + taps * gap - before
        else:
            cut = (window.size[axis] - 1) * gap - before
            step, sent = window.spread[axis], outputs + cut - taps * gap
        found, rest = np.divmod(sent, step)
        tables.append(np.where((rest == 0) & (found >= 0) & (found < size), found, OUTSIDE))
    return tuple(tables)


def _painted(window: Window, sizes: Shape) -> int | None:
    """Places that inputs reach, before anything is cut off."""
    if window.spread is None:
        return None
    axes = zip(sizes, window.size, window.spread, window.dilation, strict=True)
    sent = ([np.arange(size)[:, None] * step, np.arange(taps) * gap] for size, taps, step, gap in axes)
    return math.prod(np.unique(inputs + taps).size for inputs, taps in sent)


def _spread(numbers: np.ndarray, links: Links) -> np.ndarray:
    """A number for each link, the same for all."""
    return np.broadcast_to(numbers[:, None], (len(numbers), len(links.filters)))

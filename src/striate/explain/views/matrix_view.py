"""The matrix view: a convolution is a matrix with shared weights and zeros that never train."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from striate.errors import ArgumentError, Problem
from striate.explain.views._matrix_drawing import LETTERS, WHOLE, Block, equation, lettered, picture
from striate.explain.views.convolution import Convolution
from striate.explain.views.focus import Focus
from striate.explain.views.wiring import Entries
from striate.pages import Note, Part, Shown

MOST_ENTRIES = 2**26
"""More entries than this are not made at once (a dense matrix of them takes half a gibibyte)."""


@dataclass(frozen=True, eq=False)
class MatrixView(Shown):
    """W x + b: the layer as the matrix it is.

    Rows are outputs and columns inputs, each in the order in which they lie in memory, channels last.

    Args:
        title: a heading. focus: where to look.
    """

    title: str
    focus: Focus

    @property
    def _convolution(self) -> Convolution:
        return self.focus.convolution

    def entries(self, filter: int | None = None, channel: int | None = None) -> Entries:
        """Where the weights stand, for all of the matrix or the block of one filter and one channel.

        Raises:
            ArgumentError: there are too many of them.
        """
        wiring = self._convolution.wiring
        share = len(wiring.links.chosen(filter, channel).offsets) / len(wiring.links.offsets)
        _refuse_more("the matrix", round(wiring.count * share), "a filter and a channel")
        return wiring.entries(None, filter, channel)

    def dense(self, filter: int | None = None, channel: int | None = None) -> np.ndarray:
        """W with its zeros, (rows, columns).

        Raises:
            ArgumentError: it would be too large.
        """
        places, cells = self._convolution.wiring, 1
        cells *= places.rows // (1 if filter is None else places.output_shape[-1])
        cells *= places.columns // (1 if channel is None else places.input_shape[-1])
        _refuse_more("the dense matrix", cells, "a filter and a channel, or take entries()")
        found = self.entries(filter, channel)
        matrix = np.zeros(found.shape, self._convolution.kernel.dtype)
        matrix[found.rows, found.columns] = self._convolution.kernel.ravel()[found.weights]
        return matrix

    @property
    def bias(self) -> np.ndarray | None:
        """b, a number for each row."""
        convolution = self._convolution
        if convolution.bias is None:
            return None
        return np.broadcast_to(convolution.bias, convolution.wiring.output_shape).ravel()

    def times(self, x: Any = None) -> np.ndarray:
        """W x + b from the entries of the matrix, in the shape of the output; x is the example unless given.

        Whole numbers give whole numbers; others are added up in float64.
        """
        convolution = self._convolution
        given = convolution.x if x is None else np.asarray(x).reshape(convolution.wiring.input_shape)
        made = Convolution(convolution.name, convolution.wiring, given, convolution.kernel, convolution.bias)
        return made.sums()

    @cached_property
    def difference(self) -> tuple[float, float] | None:
        """How far W x + b is from what the engine computed: the largest difference, and the largest output.

        Of a layer with very many entries one filter is compared. None for bare arrays.
        """
        convolution = self._convolution
        if convolution.output is None:
            return None
        filter = None if convolution.wiring.count <= MOST_ENTRIES // 4 else self.focus.filter
        theirs = convolution.output if filter is None else convolution.output[..., filter]
        theirs = theirs.astype(np.float64)
        return float(np.abs(convolution.sums(filter) - theirs).max()), float(np.abs(theirs).max())

    def parts(self) -> Sequence[Part]:
        """A sentence, and W in letters, in colours, or as a density, whichever can be read."""
        wiring = self._convolution.wiring
        whole = max(wiring.rows, wiring.columns) <= (LETTERS if self.focus.names.lettered else WHOLE)
        block = Block(None, None) if whole else Block(self.focus.filter, self.focus.channel)
        found = self.entries(*block)
        if max(found.shape) > LETTERS or not self.focus.names.lettered:
            return [Note(self._sentence()), picture(self.focus, found, block)]
        parts = [Note(self._sentence()), *lettered(self.focus, found, block, self.dense(*block))]
        return [*parts, equation(self._convolution, self.times())] if whole else parts

    def _sentence(self) -> str:
        wiring = self._convolution.wiring
        full = wiring.rows * wiring.columns
        words = (
            f"W has {wiring.rows:,} rows and {wiring.columns:,} columns. {wiring.count:,} of its {full:,} "
            f"entries carry {self._convolution.kernel.size:,} weights; the other {full - wiring.count:,} are "
            "zeros that no training reaches."
        )
        if self.difference is None:
            return words
        apart, largest = self.difference
        checked = f"W x + b and the layer's own output differ by at most {apart:.1e}"
        return f"{words} {checked} (outputs are up to {largest:.3g})."


def _refuse_more(what: str, count: int, narrower: str) -> None:
    """Say what is too large before it is made."""
    if count > MOST_ENTRIES:
        happened = f"{what} would have {count:,} entries"
        cure = f"Ask for the part of {narrower}."
        raise ArgumentError(Problem("matrix", happened, f"at most {MOST_ENTRIES:,}", cure))

"""What a convolution costs in each of its three forms: sliding, as a sparse matrix, as a dense one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from striate.explain.views._cells import bars
from striate.explain.views.wiring import Wiring
from striate.pages import Note, Panel, Part, Shown, Table


@dataclass(frozen=True)
class Way:
    """One way to keep and to compute a linear map, for one example.

    Args:
        name: what it is called.
        stored: numbers that are kept, biases included. places: whole numbers that say where those stand.
        multiplications, additions: what computing takes.
    """

    name: str
    stored: int
    places: int
    multiplications: int
    additions: int

    @property
    def operations(self) -> int:
        """Multiplications and additions."""
        return self.multiplications + self.additions


@dataclass(frozen=True)
class Cost(Shown):
    """Three ways to compute the same numbers.

    Args:
        title: a heading. rows, columns: the size of the matrix.
        convolution: the kernel slides, and taps on padding are multiplied too.
        sparse: the matrix without its zeros, by rows. dense: all of the matrix.
    """

    title: str
    rows: int
    columns: int
    convolution: Way
    sparse: Way
    dense: Way

    @property
    def ways(self) -> tuple[Way, Way, Way]:
        """All three."""
        return self.convolution, self.sparse, self.dense

    @property
    def zeros(self) -> int:
        """Entries of the dense matrix that no training reaches."""
        return self.rows * self.columns - self.sparse.multiplications

    def parts(self) -> Sequence[Part]:
        """A sentence, a table, and bars on a logarithmic scale."""
        head = ["", "stored numbers", "places", "multiplications", "additions", "operations"]
        lines = [
            [way.name, *map(_grouped, (way.stored, way.places, way.multiplications, way.additions)),
             _grouped(way.operations)]
            for way in self.ways
        ]  # fmt: skip
        full = self.rows * self.columns
        zeros = f"{_grouped(self.zeros)} of its {_grouped(full)} entries ({_percent(self.zeros, full)})"
        words = (
            f"As a matrix it has {_grouped(self.rows)} rows and {_grouped(self.columns)} columns; {zeros} "
            "are zeros that no training reaches. Biases count as stored; places are the whole numbers beside "
            "a sparse matrix that say where its entries stand."
        )
        names = [way.name for way in self.ways]
        stored, operations = [way.stored for way in self.ways], [way.operations for way in self.ways]
        return [
            Note(words),
            Table(head, lines),
            Panel("stored numbers", bars(names, stored), "each step of the scale is a factor of ten"),
            Panel("operations", bars(names, operations), "each step of the scale is a factor of ten"),
        ]


def cost_of(wiring: Wiring, bias: bool, title: str = "The cost") -> Cost:
    """The cost of a convolution from its wiring alone, in closed form.

    Args:
        wiring: who reads whom. bias: whether there is one. title: a heading.
    """
    rows, columns, entries = wiring.rows, wiring.columns, wiring.count
    filters, taps = wiring.output_shape[-1], math.prod(wiring.taps)
    products = math.prod(wiring.places if wiring.painted is None else wiring.input_shape[:-1])
    products *= taps * len(wiring.links.filters)
    reached = math.prod(int((table >= 0).any(1).sum()) for table in wiring.reads) * filters
    more, shared = (rows if bias else 0), (filters if wiring.shared else rows) if bias else 0
    sliding = products - (rows if wiring.painted is None else wiring.painted * filters)
    return Cost(
        title,
        rows,
        columns,
        Way("convolution", math.prod(wiring.kernel_shape) + shared, 0, products, sliding + more),
        Way("sparse matrix", entries + more, entries + rows + 1, entries, entries - reached + more),
        Way("dense matrix", rows * columns + more, 0, rows * columns, rows * (columns - 1) + more),
    )


def _grouped(number: int) -> str:
    """A whole number with commas."""
    return f"{number:,}"


def _percent(part: int, whole: int) -> str:
    """A share; what is not all of it never reads as all of it."""
    share = 100 * part / whole
    return f"{share:.1f} %" if part == whole or share < 99.95 else "over 99.9 %"

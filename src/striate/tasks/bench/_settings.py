"""How to measure: precision, batch, repeats."""

from __future__ import annotations

from dataclasses import dataclass

from striate.errors import ArgumentError, Problem
from striate.ops import PRECISIONS


@dataclass(frozen=True)
class Settings:
    """How to measure a work.

    Args:
        precision: "float32" or "bfloat16".
        batch: examples in a step or a call; the work's own unless given.
        repeats: samples to take, of which the median counts; the work's own unless given.
        quick: fewer and shorter samples.

    Raises:
        ArgumentError: all that is out of its rule, at once.

    >>> Settings(quick=True).samples(7), Settings(repeats=3).samples(7)
    (3, 3)
    """

    precision: str = "float32"
    batch: int | None = None
    repeats: int | None = None
    quick: bool = False

    def __post_init__(self) -> None:
        """Refuse, all at once, what cannot be measured."""
        problems = []
        if self.precision not in PRECISIONS:
            expected = f"one of {', '.join(PRECISIONS)}"
            problems.append(
                Problem("--precision", f"got {self.precision!r}", expected, "Choose one of them.")
            )
        for name, value, most in (("--batch", self.batch, 2**16), ("--repeats", self.repeats, 1000)):
            if value is not None and not (type(value) is int and 1 <= value <= most):
                expected = f"a whole number from 1 to {most:,}"
                problems.append(Problem(name, f"got {value!r}", expected, f"Give for instance {name} 8."))
        if problems:
            raise ArgumentError(problems)

    def samples(self, usual: int) -> int:
        """How many samples to take."""
        return self.repeats or (min(usual, 3) if self.quick else usual)

    def batches(self, *usual: int) -> tuple[int, ...]:
        """The batches to measure with: the one that was asked for, or the work's own."""
        return usual if self.batch is None else (self.batch,)

    def without_batch(self, work: str) -> None:
        """Refuse a batch for a work whose shapes are fixed."""
        if self.batch is not None:
            cure = "Leave --batch out."
            raise ArgumentError(Problem("--batch", f"{work} has shapes of its own", "no batch", cure))

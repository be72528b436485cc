"""Which steps are recorded, how large that becomes, and what gives way when it is too large."""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from striate.errors import ArgumentError, Problem
from striate.explain.recording._layout import Layout

LOOK_AHEAD = 1000
"""Steps that a function of the step is asked about in advance, where the training has no known end."""

LINE = 96
"""Bytes of a line of the index without its checksums, at most."""

CHECKSUM = 11
"""Bytes of a checksum in the index, at most."""

HEAD = 128
"""Bytes of the first line without its entries, at most."""


@dataclass(frozen=True)
class Plan:
    """The steps to record.

    Args:
        wanted: whether a step is wanted.
        known: all steps that will be recorded, in order; None while the training's end is unknown.
    """

    wanted: Callable[[int], bool]
    known: tuple[int, ...] | None = None

    def includes(self, step: int) -> bool:
        """Whether a step is recorded."""
        if self.known is None:
            return self.wanted(step)
        place = bisect.bisect_left(self.known, step)
        return place < len(self.known) and self.known[place] == step

    def after(self, step: int) -> int | None:
        """The next step to record, or one before it where nobody can say yet; None when there is none."""
        if self.known is not None:
            place = bisect.bisect_right(self.known, step)
            return self.known[place] if place < len(self.known) else None
        found = (ahead for ahead in range(step + 1, step + LOOK_AHEAD) if self.wanted(ahead))
        return next(found, step + LOOK_AHEAD)


@dataclass(frozen=True)
class SizeEstimate:
    """How large a recording becomes.

    Args:
        block: bytes of a step, its line in the index included. once: bytes that are written once.
        wanted: steps that were asked for, or None while the training's end is unknown.
        kept: steps that are recorded. limit: the most bytes. dtype: of the numbers.
    """

    block: int
    once: int
    wanted: int | None
    kept: int
    limit: int
    dtype: str

    @property
    def total(self) -> int:
        """Bytes at the end, at most."""
        return self.once + self.kept * self.block

    def __str__(self) -> str:
        """One sentence.

        >>> print(SizeEstimate(2_000_000, 1_000_000, 141, 71, 150_000_000, "float32"))
        71 of 141 steps of 2 MB each (float32): 143 MB, within the limit of 150 MB
        """
        steps = f"{self.kept}" if self.wanted in (None, self.kept) else f"{self.kept} of {self.wanted}"
        most = "at most " if self.wanted is None else ""
        return (
            f"{most}{steps} steps of {megabytes(self.block)} each ({self.dtype}): {megabytes(self.total)}, "
            f"within the limit of {megabytes(self.limit)}"
        )


def wanted_steps(steps: Any) -> Callable[[int], bool]:
    """What a person says about steps, as a function: every n-th, some numbers, or a function.

    Raises:
        ArgumentError: it is none of these.

    >>> [step for step in range(31) if wanted_steps(10)(step)]
    [0, 10, 20, 30]
    """
    if callable(steps):
        return lambda step: bool(steps(step))
    if isinstance(steps, int) and not isinstance(steps, bool) and steps > 0:
        return lambda step: step % steps == 0
    if isinstance(steps, Iterable) and not isinstance(steps, str | bytes):
        numbers = list(steps)
        if numbers and all(hasattr(number, "__index__") and number >= 0 for number in numbers):
            return frozenset(map(int, numbers)).__contains__
    cure = "Write steps=10 for every tenth step, steps=[0, 1, 10, 100], or a function of the step."
    expected = "a whole number from 1, whole numbers from 0, or a function"
    raise ArgumentError(Problem("Recorder.steps", f"got {steps!r}", expected, cure))


def block_bytes(layout: Layout) -> int:
    """Bytes of a step with its line in the index, at most."""
    return layout.block + LINE + CHECKSUM * len(layout.entries)


def head_bytes(layout: Layout) -> int:
    """Bytes of the first line of the index, at most."""
    return HEAD + sum(len(entry.name.encode()) + 20 + 12 * len(entry.shape) for entry in layout.entries)


def thinned(count: int, room: int) -> int:
    """Of how many wanted steps one is kept, so that not more than `room` are.

    >>> thinned(141, 200), thinned(141, 140), thinned(141, 40)
    (1, 2, 4)
    """
    return max(1, math.ceil(count / room))


def megabytes(count: int) -> str:
    """Bytes as a person says them.

    >>> megabytes(900), megabytes(1_500_000), megabytes(2 * 10**9)
    ('900 B', '1.5 MB', '2 GB')
    """
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= 0.9995 * size:
            return f"{count / size:.3g} {unit}"
    return f"{count} B"

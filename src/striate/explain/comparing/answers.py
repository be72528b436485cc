"""Examples whose answers differ, and whether that is for better or for worse."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from striate.errors import DataError, Problem, ShapeError


@dataclass(frozen=True)
class Flip:
    """An example that the two sides answer differently.

    Args:
        index: which example. a, b: the classes that the sides choose. sure: how sure each is of its own
            choice. truth: the right class, or None.
    """

    index: int
    a: int
    b: int
    sure: tuple[float, float]
    truth: int | None


@dataclass(frozen=True, eq=False)
class Answers:
    """What two sides answer for the same examples.

    Args:
        outputs: of a and of b, (N, K) each. chosen: the classes, (N,) each. truth: (N,) classes, or None.
        flips: the examples whose classes differ.
    """

    outputs: tuple[np.ndarray, np.ndarray]
    chosen: tuple[np.ndarray, np.ndarray]
    truth: np.ndarray | None
    flips: tuple[Flip, ...]

    @property
    def largest(self) -> float:
        """The largest difference of any output number."""
        return float(np.abs(self.outputs[0] - self.outputs[1]).max())

    @property
    def correct(self) -> tuple[int, int] | None:
        """How many examples each side gets right."""
        if self.truth is None:
            return None
        return int((self.chosen[0] == self.truth).sum()), int((self.chosen[1] == self.truth).sum())

    @property
    def mended(self) -> int:
        """Flips from wrong to right."""
        return sum(flip.b == flip.truth for flip in self.flips)

    @property
    def broken(self) -> int:
        """Flips from right to wrong."""
        return sum(flip.a == flip.truth for flip in self.flips)


def compare_answers(a: np.ndarray, b: np.ndarray, y: Any) -> Answers | None:
    """Compare outputs that are a number for each class, or one number for yes.

    Args:
        a, b: outputs. y: (N,) classes or (N, K) rows, or None.

    Returns:
        Answers, or None where outputs are no classes.

    Raises:
        ShapeError: outputs of different shapes. DataError: not one truth for each example.
    """
    if a.shape != b.shape:
        happened = f"the outputs have the shapes {a.shape} and {b.shape}"
        cure = "Compare sides that answer the same question for the same examples."
        raise ShapeError(Problem("compare", happened, "equal shapes", cure))
    if a.ndim != 2:
        return None
    truth = None if y is None else _truth(np.asarray(y), len(a))
    chosen, sure = zip(*(_choice(output, (a, b)) for output in (a, b)), strict=True)
    flips = tuple(
        Flip(
            int(i),
            int(chosen[0][i]),
            int(chosen[1][i]),
            (float(sure[0][i]), float(sure[1][i])),
            None if truth is None else int(truth[i]),
        )
        for i in np.flatnonzero(chosen[0] != chosen[1])
    )
    return Answers((a, b), (chosen[0], chosen[1]), truth, flips)


def sign_test(mended: int, broken: int) -> float:
    """How often chance alone would split the flips that matter at least as unevenly (two-sided, exact).

    McNemar, Note on the sampling error of the difference between correlated proportions, 1947.

    >>> sign_test(5, 5), round(sign_test(10, 0), 5)
    (1.0, 0.00195)
    """
    total, fewer = mended + broken, min(mended, broken)
    tail = sum(math.comb(total, number) for number in range(fewer + 1))
    return min(1.0, 2 * tail / 2**total)


def _choice(output: np.ndarray, both: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The class of each example and its number in the output."""
    if output.shape[1] > 1:
        return output.argmax(1), output.max(1)
    shares = all(side.min() >= 0 and side.max() <= 1 for side in both if side.size)
    yes = output[:, 0] > (0.5 if shares else 0.0)
    return yes.astype(int), output[:, 0]


def _truth(y: np.ndarray, count: int) -> np.ndarray:
    """The right classes."""
    classes = y.argmax(1) if y.ndim == 2 and y.shape[1] > 1 else y.reshape(-1)
    if len(classes) != count:
        cure = "Give a truth for each example of x."
        raise DataError(Problem("y", f"it has {len(classes)} examples", f"{count}, as x", cure))
    return classes.astype(np.int64)

"""What the answers for a test were worth, whatever their kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from striate.tasks.answers.calibration import Calibration
from striate.tasks.answers.measures import Measure


@dataclass(frozen=True)
class Scored:
    """The result of a test.

    Args:
        kind: the kind of answer. examples: number of pictures.
        measures: the most important first. baseline: what the baseline says, in words.
        calibration: promises beside facts.
        truth, said: (N,) class numbers, or true and predicted numbers; for several labels (N, L) of 0 and 1.
        sureness: (N,) how surely, or (for numbers) minus the error's size; wrong and sure comes first.
        wrong: (N,) whether the answer was wrong; for numbers, all are taken for wrong.
        confusion: (K, K) counts, a row for each true class; None where there are no classes.
    """

    kind: str
    examples: int
    measures: tuple[Measure, ...]
    baseline: str
    calibration: Calibration
    truth: np.ndarray
    said: np.ndarray
    sureness: np.ndarray
    wrong: np.ndarray
    confusion: np.ndarray | None = None

    @property
    def main(self) -> Measure:
        """The measure that a headline names."""
        return self.measures[0]

    def headline(self, split: str = "test") -> str:
        """The result in one sentence."""
        best, share = self.main, self.main.name in SHARES
        pictures = f"{self.examples:,} {split} picture{'' if self.examples == 1 else 's'}"
        said = f"{best.name} {shown(best.value, share)} on {pictures} "
        said += f"(95 % interval {shown(best.low, share)} to {shown(best.high, share)})"
        if best.baseline is None:
            return said
        return f"{said}; {self.baseline} gets {shown(best.baseline, share)}"

    def mistakes(self, most: int = 24) -> np.ndarray:
        """Indices of the surest wrong answers, or of the largest errors; equal ones in the order given."""
        wrong = np.flatnonzero(self.wrong)
        return wrong[np.argsort(-self.sureness[wrong], kind="stable")[:most]]

    def cell(self, truth: int, said: int) -> np.ndarray:
        """Indices of the pictures behind one cell of the confusion matrix, the surest first."""
        inside = np.flatnonzero((self.truth == truth) & (self.said == said))
        return inside[np.argsort(-self.sureness[inside], kind="stable")]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, without the single pictures."""
        confusion = None if self.confusion is None else self.confusion.tolist()
        return {
            "kind": self.kind,
            "examples": self.examples,
            "baseline": self.baseline,
            "measures": [measure.to_json() for measure in self.measures],
            "calibration": self.calibration.to_json(),
            "confusion": confusion,
        }


SHARES = {"accuracy", "balanced accuracy", "all labels right", "label accuracy", "exactly right"}
"""Measures that a person reads in percent."""


def shown(value: float, share: bool = False) -> str:
    """A measure for people.

    >>> shown(0.9931, share=True), shown(0.01234), shown(1234.5)
    ('99.31 %', '0.0123', '1,234')
    """
    if np.isnan(value):
        return "–"
    if share:
        return f"{100 * value:.2f} %"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"

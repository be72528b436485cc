"""What the answers for a test were worth, whatever their kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from striate.errors import ArgumentError, Problem
from striate.tasks.answers.calibration import Calibration
from striate.tasks.answers.measures import Measure, ratio


@dataclass(frozen=True)
class Scored:
    """The result of a test.

    Args:
        kind: the kind of answer. examples: number of pictures.
        measures: the most important first. baseline: what the baseline says, in words.
        calibration: promises beside facts.
        truth, said: (N,) class numbers, or true and predicted numbers; for several labels (N, L) of 0 and 1.
        sureness: (N,) how surely, or (for numbers) the size of the error; wrong and sure comes first.
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
        pictures = " ".join(
            filter(None, (f"{self.examples:,}", split, f"picture{'' if self.examples == 1 else 's'}"))
        )
        said = f"{best.name} {shown(best.value, share)} on {pictures} "
        said += f"(95 % interval {shown(best.low, share)} to {shown(best.high, share)})"
        if best.baseline is None:
            return said
        return f"{said}; {self.baseline} gets {shown(best.baseline, share)}"

    def value(self, name: str) -> float:
        """The value of a measure.

        Raises:
            KeyError: there is no such measure.
        """
        return {measure.name: measure.value for measure in self.measures}[name]

    @property
    def recall(self) -> np.ndarray:
        """(K,) share of each true class that was found; NaN for a class without pictures."""
        confusion = self._counts()
        return ratio(np.diag(confusion), confusion.sum(axis=1))

    @property
    def precision(self) -> np.ndarray:
        """(K,) share of each answer that was right; NaN for an answer never given."""
        confusion = self._counts()
        return ratio(np.diag(confusion), confusion.sum(axis=0))

    def _counts(self) -> np.ndarray:
        """The confusion matrix."""
        if self.confusion is None:
            expected, cure = "an answer of one class", "Look at the measures instead."
            raise ArgumentError(Problem("scores", f"{self.kind} answers have no classes", expected, cure))
        return self.confusion

    def mistakes(self, most: int = 24) -> np.ndarray:
        """Indices of the surest wrong answers, or of the largest errors; equal ones in the order given."""
        wrong = np.flatnonzero(self.wrong)
        return wrong[np.argsort(-self.sureness[wrong], kind="stable")[:most]]

    def cell(self, truth: int, said: int) -> np.ndarray:
        """Indices of the pictures behind one cell of the confusion matrix, the surest first."""
        inside = np.flatnonzero((self.truth == truth) & (self.said == said))
        return inside[np.argsort(-self.sureness[inside], kind="stable")]

    def _plain(self) -> dict[str, Any]:
        """Loss, accuracy and its interval, for scripts."""
        if self.confusion is None:
            return {}
        best = self.main
        tops = {
            each.name.replace(" ", "_"): each.value for each in self.measures if each.name.startswith("top ")
        }
        named = {"accuracy": best.value, "accuracy_low": best.low, "accuracy_high": best.high}
        return {"loss": self.value("log loss"), **named, **tops}

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, without the single pictures; for classes the plainest numbers come by name."""
        confusion = None if self.confusion is None else self.confusion.tolist()
        return {
            "kind": self.kind,
            "examples": self.examples,
            "baseline": self.baseline,
            **self._plain(),
            "measures": [measure.to_json() for measure in self.measures],
            "calibration": self.calibration.to_json(),
            "confusion": confusion,
        }


SHARES = {
    "accuracy",
    "balanced accuracy",
    "top 3 accuracy",
    "top 5 accuracy",
    "all labels right",
    "label accuracy",
    "exactly right",
}
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

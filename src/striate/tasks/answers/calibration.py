"""Whether a model is right as often as it says: answers sorted by what was promised, beside what came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

BINS, EACH = 15, 10
"""The most bins, and how many pictures each ought to have."""


@dataclass(frozen=True)
class Calibration:
    """Promises and facts in bins of about as many pictures each.

    Args:
        promised: (B,) mean of what the model said in each bin: a probability, or a number.
        found: (B,) mean of what was so. counts: (B,) pictures.
        error: Σ_b counts_b / N · |promised_b - found_b|; for probabilities this is the expected calibration
            error, ECE (Naeini et al., 2015; with bins of equal counts).
        unit: "probability" or "value".
    """

    promised: np.ndarray
    found: np.ndarray
    counts: np.ndarray
    error: float
    unit: str = "probability"

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        bins = {name: getattr(self, name).tolist() for name in ("promised", "found", "counts")}
        return {"unit": self.unit, "error": self.error, **bins}


def calibrate(
    said: np.ndarray, so: np.ndarray, unit: str = "probability", bins: int | None = None
) -> Calibration:
    """Sort answers by what was said and compare bins of them with what was so.

    Args:
        said: (N,) probabilities, or predicted numbers. so: (N,) 1 or 0 for right or wrong, or true numbers.
        unit: "probability" or "value". bins: at most so many; 15 unless given, fewer for fewer
            than 150 pictures. Equal answers always share one.

    >>> found = calibrate(np.array([0.6, 0.6, 0.9, 0.9]), np.array([1.0, 0.0, 1.0, 1.0]), bins=2)
    >>> found.promised.round(2).tolist(), found.found.tolist(), round(found.error, 3)
    ([0.6, 0.9], [0.5, 1.0], 0.1)
    """
    bins = min(BINS, max(1, len(said) // EACH)) if bins is None else bins
    order = np.argsort(said, kind="stable")
    sorted_said, sorted_so = np.asarray(said, np.float64)[order], np.asarray(so, np.float64)[order]
    edges = _edges(sorted_said, bins)
    counts = np.diff(edges)
    promised = np.add.reduceat(sorted_said, edges[:-1]) / counts
    found = np.add.reduceat(sorted_so, edges[:-1]) / counts
    error = float((counts * np.abs(promised - found)).sum() / counts.sum())
    return Calibration(promised, found, counts, error, unit)


def _edges(values: np.ndarray, bins: int) -> np.ndarray:
    """Where bins of sorted values begin, and the end; a bin never splits equal values."""
    wanted = np.unique(np.round(np.linspace(0, len(values), bins + 1)).astype(int))
    starts = np.searchsorted(values, values[wanted[:-1]], side="left")
    return np.append(np.unique(starts), len(values))

"""What answers are worth, with honest intervals: every measure is a function of means over the pictures."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

RESAMPLES = 1000
_CHUNK = 1 << 24
"""Numbers of a resample's weights that are held at once."""

Combine = Callable[[np.ndarray], np.ndarray]
"""(..., k) means of columns -> (...) the measure."""


@dataclass(frozen=True)
class Measure:
    """One number about the answers, beside what the baseline gets.

    Args:
        name: what it is called. value: for all pictures.
        low, high: its 95 % interval, by the bootstrap over the pictures.
        baseline: the same measure of an answer that does not look at the picture, or None.
        margin: (value, low, high) of how much better the model is, above 0 being better, or None.
        higher_is_better: which way is up.
    """

    name: str
    value: float
    low: float
    high: float
    baseline: float | None = None
    margin: tuple[float, float, float] | None = None
    higher_is_better: bool = True

    @property
    def beats_baseline(self) -> bool:
        """Whether the whole interval of the margin lies above 0."""
        return self.margin is not None and self.margin[1] > 0

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; null where a number cannot be computed."""
        return {
            "name": self.name,
            "value": known(self.value),
            "low": known(self.low),
            "high": known(self.high),
            "baseline": None if self.baseline is None else known(self.baseline),
            "margin": None if self.margin is None else [known(each) for each in self.margin],
            "higher_is_better": self.higher_is_better,
        }


def measure(
    name: str,
    columns: np.ndarray,
    baseline: np.ndarray | None,
    combine: Combine,
    *,
    higher_is_better: bool = True,
    seed: int = 0,
) -> Measure:
    """A measure that is made of means, with its interval and its margin over the baseline.

    Model and baseline are resampled together, so the margin's interval is that of paired differences.

    Args:
        name: what it is called.
        columns: (N, k) numbers about each picture. baseline: (N, k) the same for the baseline, or None.
        combine: (..., k) means -> (...) the measure. seed: of the resampling.

    >>> right = np.array([[1.0], [1.0], [1.0], [0.0]])
    >>> found = measure("accuracy", right, np.zeros((4, 1)), lambda means: means[..., 0])
    >>> found.value, found.baseline, found.margin[0]
    (0.75, 0.0, 0.75)
    """
    both = columns if baseline is None else np.concatenate([columns, baseline], axis=1)
    means, k = resampled_means(both, seed), columns.shape[1]
    whole = both.mean(axis=0)
    value, spread = float(combine(whole[:k])), combine(means[:, :k])
    low, high = interval(spread)
    if baseline is None:
        return Measure(name, value, low, high, higher_is_better=higher_is_better)
    sign = 1.0 if higher_is_better else -1.0
    other = float(combine(whole[k:]))
    margins = sign * (spread - combine(means[:, k:]))
    margin = (sign * (value - other), *interval(margins))
    return Measure(name, value, low, high, other, margin, higher_is_better)


def resampled_means(columns: np.ndarray, seed: int, resamples: int = RESAMPLES) -> np.ndarray:
    """Means of each column over bootstrap resamples of the rows.

    Args:
        columns: (N, k). seed: decides the resamples. resamples: how many.

    Returns:
        (resamples, k). A resample is N rows drawn with replacement, counted.
    """
    count = len(columns)
    random, parts = np.random.default_rng(seed), []
    step = max(1, _CHUNK // count)
    if step >= resamples:
        return _weights(count, seed, resamples).astype(np.float64) @ columns / count
    for start in range(0, resamples, step):
        drawn = _drawn(count, random, min(step, resamples - start))
        parts.append(drawn.astype(np.float64) @ columns / count)
    return np.concatenate(parts)


@functools.lru_cache(maxsize=1)
def _weights(count: int, seed: int, resamples: int) -> np.ndarray:
    """How often each row is in each resample; all measures of a test share the last ones."""
    return _drawn(count, np.random.default_rng(seed), resamples)


def _drawn(count: int, random: np.random.Generator, resamples: int) -> np.ndarray:
    """(resamples, count) uint16; counted row by row, which stays in the cache."""
    rows = random.integers(0, count, (resamples, count))
    drawn = np.empty((resamples, count), np.uint16)
    for place, row in enumerate(rows):
        drawn[place] = np.bincount(row, minlength=count)
    return drawn


def interval(values: np.ndarray, share: float = 0.95) -> tuple[float, float]:
    """The middle `share` of resampled values; those that could not be computed are left out."""
    known = values[np.isfinite(values)]
    if known.size == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)


def with_wilson(found: Measure, examples: int) -> Measure:
    """A share of right answers with Wilson's interval, honest near 0 and 1, where resampling is not."""
    low, high = wilson(round(found.value * examples), examples)
    return dataclasses.replace(found, low=low, high=high)


def wilson(right: int, examples: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """Wilson's score interval of a share, which stays within 0 … 1.

    (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n);  E. B. Wilson, J. Am. Stat. Assoc. 22, 1927

    >>> [round(end, 4) for end in wilson(9900, 10000)]
    [0.9879, 0.9918]
    """
    share, width = right / examples, z * z / examples
    middle = share + width / 2
    spread = z * math.sqrt(share * (1 - share) / examples + width / (4 * examples))
    return max(0.0, (middle - spread) / (1 + width)), min(1.0, (middle + spread) / (1 + width))


def known(number: float) -> float | None:
    """A number for JSON, which has no NaN."""
    return float(number) if math.isfinite(number) else None


def first(means: np.ndarray) -> np.ndarray:
    """The only mean."""
    return means[..., 0]


def root(means: np.ndarray) -> np.ndarray:
    """The root of the only mean."""
    return np.sqrt(means[..., 0])


def ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """part / whole, NaN where there is nothing."""
    return np.divide(part, whole, out=np.full(np.broadcast(part, whole).shape, np.nan), where=whole > 0)

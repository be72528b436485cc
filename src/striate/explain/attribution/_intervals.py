"""Means of measurements with the interval in which the true mean lies, 95 times of 100."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Mean(NamedTuple):
    """A mean and its 95 % interval."""

    mean: float
    low: float
    high: float


def mean_interval(numbers: np.ndarray) -> Mean:
    """The mean of independent measurements with Student's interval; one measurement has none, NaN.

    >>> [round(x, 3) for x in mean_interval(np.array([1.0, 2.0, 3.0]))]
    [2.0, -0.484, 4.484]
    """
    known = np.asarray(numbers, np.float64)
    known = known[np.isfinite(known)]
    if not len(known):
        return Mean(np.nan, np.nan, np.nan)
    mean = float(known.mean())
    if len(known) == 1:
        return Mean(mean, np.nan, np.nan)
    half = student(len(known) - 1) * float(known.std(ddof=1)) / len(known) ** 0.5
    return Mean(mean, mean - half, mean + half)


def share_interval(count: int, total: int) -> Mean:
    """A share of yes and no with Wilson's interval, which stays between 0 and 1.

    Wilson, Probable inference, the law of succession, and statistical inference, 1927.

    >>> [round(x, 3) for x in share_interval(9, 10)]
    [0.9, 0.596, 0.982]
    """
    z, share = 1.959964, count / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * (share * (1 - share) / total + z * z / (4 * total * total)) ** 0.5
    return Mean(share, max(0.0, middle - half), min(1.0, middle + half))


def student(freedom: int) -> float:
    """The 97.5 % point of Student's distribution.

    >>> round(student(9), 3)
    2.262
    """
    from scipy.stats import t  # SciPy comes with JAX; loading it takes a moment

    return float(t.ppf(0.975, freedom))

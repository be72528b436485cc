"""How alike two maps are: by the order of their values, and by their structure."""

from __future__ import annotations

import numpy as np


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's correlation: that of the ranks, equal values sharing their mean rank.

    Returns:
        From -1 to 1; NaN where one of them is the same everywhere.

    >>> round(rank_correlation(np.array([1.0, 2.0, 9.0]), np.array([-1.0, 0.0, 0.5])), 3)
    1.0
    """
    if np.size(a) < 2:
        return float("nan")
    first, second = (ranks(np.ravel(one)) for one in (a, b))
    first, second = first - first.mean(), second - second.mean()
    lengths = np.sqrt((first**2).sum() * (second**2).sum())
    return float((first * second).sum() / lengths) if lengths > 0 else float("nan")


def ranks(values: np.ndarray) -> np.ndarray:
    """(D,) ranks from 1, equal values sharing their mean rank.

    >>> ranks(np.array([3.0, 1.0, 3.0])).tolist()
    [2.5, 1.0, 2.5]
    """
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = counts.cumsum()
    return (last - (counts - 1) / 2)[places]


def structure(a: np.ndarray, b: np.ndarray, window: int = 7) -> float:
    """The structural similarity (SSIM) of two (H, W) maps, each brought to the range 0 … 1 first.

    Wang, Bovik, Sheikh and Simoncelli, Image quality assessment: from error visibility to structural
    similarity, 2004, with a flat window as wide as fits, at most `window`.
    """
    first, second = (_unit(np.asarray(one, np.float64)) for one in (a, b))
    size = min(window, *first.shape)
    views = [np.lib.stride_tricks.sliding_window_view(one, (size, size)) for one in (first, second)]
    means = [view.mean((-2, -1)) for view in views]
    spreads = [(view**2).mean((-2, -1)) - mean**2 for view, mean in zip(views, means, strict=True)]
    shared = (views[0] * views[1]).mean((-2, -1)) - means[0] * means[1]
    light = (2 * means[0] * means[1] + 0.01**2) / (means[0] ** 2 + means[1] ** 2 + 0.01**2)
    return float((light * (2 * shared + 0.03**2) / (spreads[0] + spreads[1] + 0.03**2)).mean())


def _unit(values: np.ndarray) -> np.ndarray:
    low, high = values.min(), values.max()
    return (values - low) / (high - low) if high > low else np.zeros_like(values)

"""One size and one fit for pictures of many sizes, chosen from their statistics and said with the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from striate.images._recipe_rules import Fit

LARGEST = 96
"""The side of a square whose area a chosen size does not exceed: for a small network on a CPU."""
STEP = 8
DISTORTION = 1.1
"""Stretching changes nine shapes of ten by at most this factor, or is not chosen."""
LOSS = 0.25
"""Cropping costs the median picture at most this share of its area, or is not chosen."""


@dataclass(frozen=True)
class Choice:
    """A size and a fit.

    Args:
        size: (H, W). fit: "stretch", "crop" or "pad". reason: why, as sentences.
    """

    size: tuple[int, int]
    fit: Fit
    reason: str


def choose(sizes: np.ndarray, size: Any = None, fit: Fit | None = None) -> Choice:
    """A common size and fit.

    Args:
        sizes: (N, 2), height and width of each picture. size: (H, W) or one side that the person asked for.
        fit: likewise.

    >>> choose(np.array([[28, 28], [28, 28]])).reason
    'All 2 pictures are 28 x 28 (height x width) and stay as they are.'
    """
    asked = (
        (int(size), int(size))
        if isinstance(size, int | np.integer)
        else size and (int(size[0]), int(size[1]))
    )
    same = bool((sizes == sizes[0]).all())
    chosen = asked if asked is not None else _size(sizes)
    how = fit if fit is not None else _fit(sizes, chosen)
    if same and (sizes[0] == chosen).all():
        height, width = sizes[0].tolist()
        said = f"All {len(sizes):,} pictures are {height} x {width} (height x width) and stay as they are."
        return Choice(chosen, how, said)
    return Choice(chosen, how, f"{_found(sizes, same)} {_become(sizes, chosen, how, asked is not None)}")


def _size(sizes: np.ndarray) -> tuple[int, int]:
    """The median size, made square when it nearly is, brought to LARGEST and to multiples of STEP."""
    height, width = np.median(sizes, axis=0)
    if bool((sizes == sizes[0]).all()) and height * width <= LARGEST**2:
        return int(height), int(width)
    aspect = float(np.exp(np.median(np.log(sizes[:, 1] / sizes[:, 0]))))
    aspect = 1.0 if 3 / 4 <= aspect <= 4 / 3 else aspect
    side = min(LARGEST, float(np.sqrt(height * width)))
    return _whole(side / np.sqrt(aspect)), _whole(side * np.sqrt(aspect))


def _whole(side: float) -> int:
    """The nearest multiple of STEP, one at least."""
    return max(STEP, STEP * round(side / STEP))


def _fit(sizes: np.ndarray, size: Sequence[int]) -> Fit:
    """The gentlest way that does little harm: stretching, then cropping, then padding."""
    factors = (sizes[:, 1] / sizes[:, 0]) / (size[1] / size[0])
    away = np.maximum(factors, 1 / factors)
    if np.quantile(away, 0.9) <= DISTORTION:
        return "stretch"
    return "crop" if np.median(1 - 1 / away) <= LOSS else "pad"


def _found(sizes: np.ndarray, same: bool) -> str:
    """What there is."""
    if same:
        return f"All {len(sizes):,} pictures are {_times(sizes[0])} (height x width)."
    aspects = np.quantile(sizes[:, 1] / sizes[:, 0], (0.05, 0.95))
    low, high = sizes[np.argmin(sizes.prod(axis=1))], sizes[np.argmax(sizes.prod(axis=1))]
    return (
        f"{len(sizes):,} pictures from {_times(low)} to {_times(high)} (height x width), median "
        f"{_times(np.median(sizes, axis=0))}; nine in ten are {aspects[0]:.2f} to {aspects[1]:.2f} times as "
        "wide as high."
    )


def _become(sizes: np.ndarray, size: Sequence[int], fit: Fit, asked: bool) -> str:
    """What is made of them."""
    factors = (sizes[:, 1] / sizes[:, 0]) / (size[1] / size[0])
    away = np.maximum(factors, 1 / factors)
    lost, most = 100 * np.quantile(1 - 1 / away, (0.5, 0.9))
    ways = {
        "stretch": f"stretched by at most {100 * (np.quantile(away, 0.9) - 1):.0f} % in nine of ten",
        "crop": f"cropped around their middle, which costs the median picture {lost:.0f} % and one in ten "
        f"{most:.0f} % or more",
        "pad": f"padded with black, {lost:.0f} % of the median one",
    }
    enlarged = int((np.minimum(sizes[:, 0] / size[0], sizes[:, 1] / size[1]) < 1).sum())
    more = f"; {enlarged:,} of them are enlarged" if enlarged else ""
    why = "as asked" if asked else "chosen from these numbers"
    return f"They become {_times(size)}, {why}, {ways[fit]}{more}."


def _times(size: Any) -> str:
    """480 x 640."""
    return f"{size[0]:.0f} x {size[1]:.0f}"

"""Does a map foretell what changes of the picture do, and does it stay when the picture hardly changes?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from striate.explain.attribution._baselines import baseline_for
from striate.explain.attribution._limits import pixel_limits
from striate.explain.checking._asked import Asked, Measured
from striate.explain.checking.deleting import aimed_scores

SQUARES = 60
"""So many random squares of every picture are covered."""

NUDGES, RADIUS = 8, 0.02
"""So many times every pixel is moved by at most this part of its range."""


def infidelity(asked: Asked) -> Measured:
    """How much of the drops under random squares the map leaves unexplained, against its own shuffled self.

    min over b >= 0 of mean (drop - b predicted)^2 / mean drop^2

    A map of shares foretells the sum of its values under the square, a map of slopes each slope times the
    change of its pixel.

    Yeh, Hsieh, Suggala, Inouye and Ravikumar, On the (in)fidelity and sensitivity of explanations, 2019, with
    square removals and the best scale.
    """
    drops, own, shuffled = foretold(asked)
    left = unexplained(drops, own)
    gains, left_out = unexplained(drops, shuffled) - left, 100 * float(np.nanmean(left))
    return Measured(
        "infidelity",
        gains,
        "part of the drops explained beyond its shuffled map",
        "holds if surely above 0",
        least=0.0,
        note=f"Unexplained are {left_out:.0f} % of the drops' squares.",
    )


def greatest_sensitivity(asked: Asked) -> Measured:
    """The largest relative change of the map when every pixel moves a little.

    max over small changes d of |A(x + d) - A(x)| / |A(x)|

    Yeh et al., 2019.
    """
    rng = np.random.default_rng(asked.seed)
    x, (low, high) = np.asarray(asked.reading.x), pixel_limits(asked.model, asked.reading)
    length = np.linalg.norm(_flat(asked.found.values), axis=1)
    worst = np.zeros(len(x))
    for _ in range(NUDGES):
        moved = x + RADIUS * (high - low) * rng.uniform(-1, 1, x.shape)
        made = asked.with_pictures(np.clip(moved, low, high).astype(np.float32))
        change = np.linalg.norm(_flat(made.values) - _flat(asked.found.values), axis=1)
        worst = np.maximum(worst, change)
    numbers = np.where(length > 0, worst / np.where(length > 0, length, 1), np.nan)
    words = f"holds if surely below 1, pixels moving by at most {100 * RADIUS:g} % of their range"
    return Measured("greatest sensitivity", numbers, "largest relative change of the map", words, most=1.0)


def foretold(asked: Asked) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(N, SQUARES) drops of the score, and what the map and its shuffled self say of them."""
    rng, x = np.random.default_rng(asked.seed), np.asarray(asked.reading.x)
    base = np.asarray(baseline_for(asked.reading, asked.options.get("baseline", 0.0)))
    squares = _squares(rng, x.shape[1:3])
    whole = aimed_scores(asked, x)
    drops = [whole - aimed_scores(asked, np.where(square[None, ..., None], base, x)) for square in squares]
    shares = _shares(asked, asked.found.values, x - base)
    mixed = _shares(asked, _shuffled(asked.found.values, rng), x - base)
    own, chance = (np.einsum("nhw,shw->ns", maps, squares.astype(np.float64)) for maps in (shares, mixed))
    return np.stack(drops, 1).astype(np.float64), own, chance


def unexplained(drops: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """(N,) the part of the drops' squares that the best non-negative multiple of a prediction leaves."""
    under = (predicted**2).sum(1)
    scale = np.maximum((drops * predicted).sum(1), 0) / np.where(under > 0, under, 1)
    squares = (drops**2).sum(1)
    left = ((drops - scale[:, None] * predicted) ** 2).sum(1)
    return np.where(squares > 0, left / np.where(squares > 0, squares, 1), np.nan)


def _shares(asked: Asked, values: np.ndarray, change: np.ndarray) -> np.ndarray:
    """(N, H, W) what the map says each pixel adds; maps of a layer are enlarged as they are drawn."""
    if asked.method.slopes:
        return (values * change).sum(-1).astype(np.float64)
    return replace(asked.found, values=values).maps.astype(np.float64)


def _shuffled(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same values at random places, channels staying together."""
    flat = values.reshape(len(values), values.shape[1] * values.shape[2], -1)
    mixed = np.stack([one[rng.permutation(len(one))] for one in flat])
    return mixed.reshape(values.shape)


def _squares(rng: np.random.Generator, extent: tuple[int, ...]) -> np.ndarray:
    """(SQUARES, H, W) bool: squares of an eighth to a half of the shorter side, anywhere on the picture."""
    masks = np.zeros((SQUARES, *extent), bool)
    for mask in masks:
        side = int(rng.integers(max(1, min(extent) // 8), max(2, min(extent) // 2) + 1))
        top, left = (int(rng.integers(0, whole - side + 1)) for whole in extent)
        mask[top : top + side, left : left + side] = True
    return masks


def _flat(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float64).reshape(len(values), -1)

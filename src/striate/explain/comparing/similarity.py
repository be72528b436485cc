"""How alike two sets of activations are: linear centred kernel alignment (CKA)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

COLUMNS = 2**16
"""Features that are multiplied at a time."""


def gram(activations: np.ndarray) -> np.ndarray:
    """(N, N) inner products of the examples' activations, in float64.

    Args:
        activations: (N, ...).
    """
    flat = np.asarray(activations).reshape(len(activations), -1)
    total = np.zeros((len(flat), len(flat)))
    for start in range(0, flat.shape[1], COLUMNS):
        part = flat[:, start : start + COLUMNS].astype(np.float64)
        total += part @ part.T
    return total


def alignment(a: np.ndarray, b: np.ndarray, debiased: bool = True) -> float:
    """Linear CKA of two sets of activations for the same examples.

    CKA(K, L) = HSIC(K, L) / sqrt(HSIC(K, K) HSIC(L, L)), with K = A Aᵀ and L = B Bᵀ

    It is 1 for activations that are equal up to rotation, scale and shift.

    Args:
        a, b: (N, ...), any number of features each.
        debiased: use the estimate of HSIC whose mean does not depend on N (at least 4 examples are needed;
            it is around 0, sometimes below, for what is unrelated). The plain one grows with the number of
            features and is near 1 for any two wide layers and few examples.

    Returns:
        The alignment; NaN where one side is the same for all examples.

    >>> x = np.random.default_rng(0).normal(size=(50, 7))
    >>> turned = np.linalg.qr(np.random.default_rng(1).normal(size=(7, 7)))[0]
    >>> round(alignment(x, 3 * x @ turned + 1), 6)
    1.0

    Kornblith, Norouzi, Lee and Hinton, Similarity of neural network representations revisited, 2019; Song et
    al., Feature selection via dependence maximization, 2012; Nguyen, Raghu and Kornblith, 2021.
    """
    return _aligned(gram(a), gram(b), debiased)


def alignments(
    rows: Sequence[np.ndarray], columns: Sequence[np.ndarray], debiased: bool = True
) -> np.ndarray:
    """(R, C) alignments of every Gram matrix with every other one."""
    prepared = [[_prepared(matrix, debiased) for matrix in some] for some in (rows, columns)]
    own = [[_dependence(matrix, matrix, debiased) for matrix in some] for some in prepared]
    return np.array(
        [
            [
                _ratio(_dependence(k, m, debiased), first, second)
                for m, second in zip(prepared[1], own[1], strict=True)
            ]
            for k, first in zip(prepared[0], own[0], strict=True)
        ]
    ).reshape(len(rows), len(columns))


def _aligned(k: np.ndarray, m: np.ndarray, debiased: bool) -> float:
    return float(alignments([k], [m], debiased)[0, 0])


def _prepared(matrix: np.ndarray, debiased: bool) -> np.ndarray:
    """Centred twice, or without the diagonal, which an example has with itself alone.

    Centring first changes neither of the two and keeps digits where activations share a large mean.
    """
    means = matrix.mean(0)
    centred = matrix - means[None] - means[:, None] + means.mean()
    if np.abs(centred).max(initial=0) <= 1e-12 * np.abs(matrix).max(initial=0):
        return np.zeros_like(matrix)  # what is left are rounding errors of activations that do not vary
    if debiased:
        np.fill_diagonal(centred, 0)
    return centred


def _dependence(k: np.ndarray, m: np.ndarray, debiased: bool) -> float:
    """HSIC: its plain estimate (up to a factor), or the one without bias."""
    if not debiased:
        return float((k * m).sum())
    count = len(k)
    sums = k.sum(0), m.sum(0)
    whole = sums[0].sum() * sums[1].sum() / ((count - 1) * (count - 2))
    return float((k * m).sum() + whole - 2 / (count - 2) * sums[0] @ sums[1]) / (count * (count - 3))


def _ratio(together: float, first: float, second: float) -> float:
    """NaN where one of the two does not vary."""
    scale = first * second
    return together / math.sqrt(scale) if first > 0 and second > 0 and scale > 0 else math.nan

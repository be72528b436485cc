"""Small helpers by Keras name."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from striate.errors import ArgumentError, DataError, Problem

__all__ = ["get_seed", "set_random_seed", "to_categorical"]

_seed: int | None = None


def to_categorical(x: Any, num_classes: int | None = None) -> np.ndarray:
    """One-hot rows of class numbers.

    Args:
        x: (...) whole numbers from 0. num_classes: how many columns; the largest number plus 1 unless given.

    Returns:
        (..., num_classes) float32; a last axis of 1 in `x` is dropped, as in Keras.

    Raises:
        DataError: a number that is no class, with its row. Keras counts -1 as the last class.

    >>> to_categorical([0, 2, 1])
    array([[1., 0., 0.],
           [0., 0., 1.],
           [0., 1., 0.]], dtype=float32)
    """
    labels = np.asarray(x)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    whole = _whole(labels)
    classes = num_classes if num_classes is not None else int(whole.max(initial=-1)) + 1
    wrong = (whole < 0) | (whole >= classes)
    if wrong.any():
        place = tuple(int(index) for index in np.argwhere(wrong)[0])
        row = place[0] if place else 0
        expected = f"whole numbers from 0 to {classes - 1}" if num_classes else "whole numbers from 0"
        cure = "Mend the labels, or give a larger num_classes."
        raise DataError(Problem("x", f"row {row} holds the label {whole[place]}", expected, cure))
    rows = np.zeros((*whole.shape, classes), np.float32)
    np.put_along_axis(rows, whole[..., None], 1.0, axis=-1)
    return rows


def set_random_seed(seed: int) -> None:
    """Make everything after it repeatable: the seed of every model that is given none, Python's and NumPy's.

    Args:
        seed: a whole number from 0 to 2³² - 1.

    >>> set_random_seed(7)
    >>> get_seed()
    7
    """
    global _seed
    if not isinstance(seed, int | np.integer) or isinstance(seed, bool) or not 0 <= seed < 2**32:
        cure = "Write for instance set_random_seed(0)."
        raise ArgumentError(Problem("seed", f"got {seed!r}", "a whole number from 0 to 4294967295", cure))
    _seed = int(seed)
    random.seed(_seed)
    np.random.seed(_seed)


def get_seed() -> int:
    """The seed for a model that is given none: that of `set_random_seed`, or else a new one each time."""
    return random.SystemRandom().randrange(2**32) if _seed is None else _seed


def _whole(labels: np.ndarray) -> np.ndarray:
    """Labels as int64; numbers between whole ones are refused."""
    if labels.dtype.kind not in "biuf" or not np.all(
        np.isfinite(labels) if labels.dtype.kind == "f" else True
    ):
        raise DataError(
            Problem(
                "x",
                f"got {labels.dtype} with entries that are no numbers",
                "class numbers",
                "Number the classes from 0.",
            )
        )
    whole = labels.astype(np.int64)
    if np.any(whole != labels):
        row = int(np.argwhere(whole != labels)[0][0]) if labels.ndim else 0
        raise DataError(
            Problem(
                "x",
                f"row {row} holds {labels[row] if labels.ndim else labels}",
                "whole numbers",
                "Number the classes from 0.",
            )
        )
    return whole

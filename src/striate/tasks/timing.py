"""How fast a model answers."""

from __future__ import annotations

import statistics
import time
from typing import Any

import numpy as np

from striate.tasks.material import Portion
from striate.tasks.trained import BATCH, Trained

ALONE, TOGETHER = 7, 3
"""Rounds that are timed."""


def milliseconds(trained: Trained, portion: Portion) -> dict[str, float]:
    """The middle time of one picture alone, and of a picture among as many as fit a batch, in ms.

    Scaling is counted, reading and decoding of files are not.
    """
    many = portion.some(np.arange(min(BATCH, len(portion))))
    together = _middle(trained, many, TOGETHER) / len(many)
    return {"alone": _middle(trained, many[:1], ALONE), "among_many": round(together, 4)}


def _middle(trained: Trained, pictures: Any, rounds: int) -> float:
    """The median of a few rounds, after one that compiles."""
    trained.outputs(pictures)
    found = []
    for _ in range(rounds):
        began = time.perf_counter()
        trained.outputs(pictures)
        found.append(1000 * (time.perf_counter() - began))
    return round(statistics.median(found), 4)

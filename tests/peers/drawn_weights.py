"""The same random weights on both sides: each array follows from its name, so none is sent."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping

import numpy as np


def draw(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """A weight that keeps the size of a signal; norms far from doing nothing, biases far from 0."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    if len(shape) > 1:
        kernel = rng.standard_normal(shape, np.float32)
        return kernel * np.float32(math.sqrt(2 / math.prod(shape[1:])))
    if name.endswith(("running_var", "weight")):
        return rng.uniform(0.5, 1.5, shape).astype(np.float32)
    return rng.normal(0, 0.1, shape).astype(np.float32)


def draw_all(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Every weight of a state dict; counters of batches are left out."""
    return {name: draw(name, shape) for name, shape in shapes.items() if not name.endswith("_tracked")}

"""Between which numbers a pixel lies, in the network's own scale."""

from __future__ import annotations

from typing import Any

import numpy as np

from striate.errors import ArgumentError, Problem
from striate.explain._reading import Reading
from striate.models import Model
from striate.training._scaling import has_scaling_layer


def pixel_limits(model: Model, reading: Reading, limits: Any = None) -> tuple[np.ndarray, np.ndarray]:
    """The smallest and the largest pixel, (C,) each, as the network sees them.

    Args:
        model: its preprocessing says what black and white become; a first Rescaling or Normalization reads
            0 … 255. reading: with neither, the smallest and largest number of its pictures are taken.
        limits: (smallest, largest) from the person, numbers or one for each channel.

    Raises:
        ArgumentError: limits that are none.
    """
    channels = reading.x.shape[-1]
    if limits is not None:
        low, high = (np.broadcast_to(np.asarray(one, np.float32), (channels,)) for one in limits)
        if not (high > low).all():
            cure = "Write for instance limits=(0, 1)."
            raise ArgumentError(Problem("limits", f"got {limits!r}", "(smallest, largest)", cure))
        return low, high
    if model.preprocessing is not None and model.preprocessing.channels == channels:
        ends = np.zeros((2, 1, 1, channels), np.uint8)
        ends[1] = 255
        low, high = np.asarray(model.preprocessing.scale_pixels(ends))[:, 0, 0]
        return low, high
    if has_scaling_layer(model.network):
        return np.zeros(channels, np.float32), np.full(channels, 255, np.float32)
    low, high = float(reading.x.min()), float(reading.x.max())
    return np.full(channels, low, np.float32), np.full(channels, max(high, low + 1e-6), np.float32)

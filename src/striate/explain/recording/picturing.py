"""A recording as pictures: how large every array was, and kernels as they grew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from striate.explain.views._grids import labelled
from striate.pages import Panel, Part, diverging, enlarge, heat, tile

if TYPE_CHECKING:
    from striate.explain.recording.reading import Recording

MOST_STEPS, MOST_FILTERS, MOST_ARRAYS = 24, 12, 40


def sizes_over_steps(recording: Recording) -> Part:
    """A square for each array and step: how large its numbers were, compared with its own largest."""
    chosen = spread(recording.steps, MOST_STEPS)
    entries = recording.layout.entries[:MOST_ARRAYS]
    sizes = np.zeros((len(entries), len(chosen)))
    for row, entry in enumerate(entries):
        for column, step in enumerate(chosen):
            values = recording.value(entry.name, step, entry.on).astype(np.float64)
            sizes[row, column] = np.sqrt(np.mean(values**2))
    tops = np.nanmax(sizes, 1, keepdims=True, initial=0)
    shares = np.divide(sizes, tops, out=np.zeros_like(sizes), where=tops > 0)
    names = [entry.name + (f" ({entry.on})" if entry.on == "batch" else "") for entry in entries]
    pixels = labelled(heat(shares, 0, 1), names, list(map(str, chosen)))
    return Panel(
        "root mean square of every array at each step", pixels, "each row compared with its own largest", True
    )


def kernels_over_steps(recording: Recording) -> list[Part]:
    """The filters of the first convolution, a row for each step; one limit of colour for all."""
    found = [e for e in recording.layout.entries if len(e.shape) == 4 and e.name.endswith("/kernel")]
    if not found or max(found[0].shape[:2]) == 1:
        return []
    entry, chosen = found[0], spread(recording.steps, 8)
    kernels = np.stack([recording.value(entry.name, step)[:, :, 0, :MOST_FILTERS] for step in chosen])
    limit = float(np.abs(kernels[np.isfinite(kernels)]).max(initial=0)) or 1.0
    size = max(4, 40 // max(entry.shape[:2]))
    squares = [
        enlarge(diverging(kernel[..., f], limit), size) for kernel in kernels for f in range(kernel.shape[-1])
    ]
    picture = tile(squares, kernels.shape[-1], 4)
    steps = ", ".join(map(str, chosen))
    return [Panel(f"{entry.name}, input channel 0", picture, f"steps {steps}, a row each")]


def spread(steps: tuple[int, ...], most: int) -> list[int]:
    """At most so many of the steps, evenly spread, the first and the last among them.

    >>> spread(tuple(range(0, 100, 10)), 4)
    [0, 30, 60, 90]
    """
    places = np.unique(np.linspace(0, len(steps) - 1, min(most, len(steps))).round().astype(int))
    return [steps[place] for place in places]

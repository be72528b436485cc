"""Slopes of a large picture, put together from tiles, and made equally strong at all frequencies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np

BATCH_PIXELS = 2**16
Run = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""(n, h, w, C) tiles -> (n,) the objective of each, and its slopes (n, h, w, C)."""


def tiled_slope(
    run: Run,
    picture: np.ndarray,
    tile: tuple[int, ...],
    randoms: np.random.Generator,
) -> tuple[float, np.ndarray]:
    """The mean objective, and the slope of the whole picture put together from tiles at a random shift."""
    down, across = (int(randoms.integers(axis)) for axis in tile[:2])
    rolled = np.roll(picture, (down, across), (0, 1))
    rows, columns = (-(-axis // side) for axis, side in zip(picture.shape[:2], tile[:2], strict=True))
    places = [(row * tile[0], column * tile[1]) for row in range(rows) for column in range(columns)]
    whole = np.zeros((rows * tile[0], columns * tile[1], tile[2]), np.float32)
    gains: list[np.ndarray] = []
    for some, tiles in _tiles(rolled, places, tile):
        gain, slopes = run(tiles)
        gains.append(gain[: len(some)])
        for (top, left), slope in zip(some, slopes, strict=False):
            whole[top : top + tile[0], left : left + tile[1]] = slope
    kept = whole[: picture.shape[0], : picture.shape[1]]
    return float(np.concatenate(gains).mean()), np.roll(kept, (-down, -across), (0, 1))


def _tiles(
    picture: np.ndarray, places: Sequence[tuple[int, int]], tile: tuple[int, ...]
) -> Iterator[tuple[Sequence[tuple[int, int]], np.ndarray]]:
    """Batches of tiles, all of one length; behind its borders the picture begins again."""
    height, width = tile[:2]
    count = max(1, min(len(places), BATCH_PIXELS // (height * width)))
    count = 1 << (count - 1).bit_length()
    for start in range(0, len(places), count):
        some = places[start : start + count]
        full = [*some, *([some[-1]] * (count - len(some)))]
        pieces = [
            picture.take(range(top, top + height), 0, mode="wrap").take(
                range(left, left + width), 1, mode="wrap"
            )
            for top, left in full
        ]
        yield some, np.stack(pieces)


def equalised(slope: np.ndarray, bands: int) -> np.ndarray:
    """The slope with `bands` octaves of frequencies, and what lies below them, each brought to the same size.

    Burt and Adelson, The Laplacian pyramid as a compact image code, 1983, for the bands.
    """
    if not bands:
        return slope
    height, width = slope.shape[:2]
    squares = np.fft.fftfreq(height)[:, None] ** 2 + np.fft.rfftfreq(width)[None] ** 2
    spectrum = np.fft.rfft2(slope, axes=(0, 1))
    blurs = [np.exp(-2 * (np.pi * 2**band) ** 2 * squares) for band in range(bands)]
    filters = [*(fine - coarse for fine, coarse in pairwise([np.ones_like(squares), *blurs])), blurs[-1]]
    parts = [np.fft.irfft2(spectrum * f[..., None], s=(height, width), axes=(0, 1)) for f in filters]
    return sum((part / (np.sqrt((part**2).mean()) + 1e-12) for part in parts), np.zeros(slope.shape))

"""What a network really sees while it trains: pictures beside their variations, on one sheet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from striate.errors import ArgumentError, Problem
from striate.pages.drawing import sheet
from striate.pages.mosaic import enlarge, png, tile
from striate.tasks.material import Portion
from striate.training import augmentation

ROWS, VARIATIONS, SIDE = 6, 6, 96
"""Pictures, variations of each, and about how large each is drawn."""


def save_sheet(path: Path, portion: Portion, augment: str, seed: int) -> None:
    """Write the contact sheet as a PNG file.

    Args:
        path: the file. portion: the training pictures. augment: how they vary. seed: chooses pictures and
            variations.

    Raises:
        ArgumentError: the file cannot be written.
    """
    try:
        path.write_bytes(png(contact(portion, augment, seed)))
    except OSError as error:
        happened = f"it cannot be written ({error.strerror})"
        raise ArgumentError(
            Problem(str(path), happened, "a writable folder", "Choose another place.")
        ) from None


def contact(portion: Portion, augment: str, seed: int) -> np.ndarray:
    """(H, W, 3) uint8: pictures as they are, and beside each what training makes of it."""
    random = np.random.default_rng(seed)
    rows = np.sort(random.choice(len(portion), min(ROWS, len(portion)), replace=False))
    pictures = portion.some(rows)
    title = f"What the network sees, {len(rows)} of {len(portion):,} training pictures"
    plain = tile([drawn(each) for each in pictures], 1)
    if augmentation.get(augment) is None:
        return sheet(title, [("as they are; nothing varies", plain, "")])
    varied = [[drawn(each) for each in variations(pictures, augment, seed + n)] for n in range(VARIATIONS)]
    beside = tile([column[row] for row in range(len(rows)) for column in varied], VARIATIONS)
    return sheet(title, [("as they are", plain, ""), (f"as they vary: {augment}", beside, "")])


def variations(pictures: np.ndarray, augment: str, seed: int) -> np.ndarray:
    """(N, H, W, C) uint8: each picture changed in its own way, as in one step of a training."""
    import jax

    found: Any = augmentation.get(augment)
    change, mix = jax.random.split(jax.random.key(seed))
    varied = found.change(jax.numpy.asarray(pictures), change)
    return np.asarray(found.mix(varied, mix)[0] if found.mixup else varied)


def drawn(picture: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8, small ones enlarged by a whole factor."""
    colour = picture.repeat(3, axis=2) if picture.shape[2] == 1 else picture
    return enlarge(colour, max(1, SIDE // max(colour.shape[:2])))

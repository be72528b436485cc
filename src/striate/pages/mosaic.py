"""Many pictures in one: enlarged pixels, tiles, contact sheets, PNG bytes."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence

import numpy as np
from PIL import Image

GAP = 2
PAPER = 255


def enlarge(pixels: np.ndarray, factor: int) -> np.ndarray:
    """Each pixel as a square of `factor` x `factor`, so that single numbers can be seen.

    >>> enlarge(np.zeros((2, 3, 3), np.uint8), 4).shape
    (8, 12, 3)
    """
    return pixels.repeat(factor, 0).repeat(factor, 1)


def comfortable(pixels: np.ndarray, least: int = 160) -> np.ndarray:
    """A small picture enlarged by a whole factor until its longer side has about `least` pixels."""
    return enlarge(pixels, max(1, round(least / max(pixels.shape[:2]))))


def tile(pictures: Sequence[np.ndarray], columns: int | None = None, gap: int = GAP) -> np.ndarray:
    """Pictures of one size in a grid, row by row.

    Args:
        pictures: (H, W, 3) uint8 each. columns: how many in a row; about the number of rows unless given.
        gap: white pixels between them.

    >>> tile([np.zeros((4, 4, 3), np.uint8)] * 5, columns=3).shape
    (10, 16, 3)
    """
    height, width = pictures[0].shape[:2]
    across = columns or math.ceil(math.sqrt(len(pictures)))
    down = math.ceil(len(pictures) / across)
    sheet = np.full((down * (height + gap) - gap, across * (width + gap) - gap, 3), PAPER, np.uint8)
    for index, picture in enumerate(pictures):
        top, left = index // across * (height + gap), index % across * (width + gap)
        sheet[top : top + height, left : left + width] = picture
    return sheet


def contact_sheet(pictures: Sequence[np.ndarray], size: int = 96, columns: int = 8) -> np.ndarray:
    """Pictures of any size, each fitted into a square, in a grid.

    Args:
        pictures: (H, W, 1 or 3) uint8 each. size: the square's side in pixels. columns: how many in a row.
    """
    return tile([_fitted(picture, size) for picture in pictures], min(columns, len(pictures)))


def png(pixels: np.ndarray) -> bytes:
    """(H, W, 3) uint8 as the bytes of a PNG file."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def data_address(pixels: np.ndarray) -> str:
    """(H, W, 3) uint8 as an address that a page can hold in itself."""
    return "data:image/png;base64," + base64.b64encode(png(pixels)).decode()


def _fitted(picture: np.ndarray, size: int) -> np.ndarray:
    """A picture shrunk or enlarged into the middle of a white square."""
    image = Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture).convert("RGB")
    scale = size / max(image.size)
    inner = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    how = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS
    sheet = Image.new("RGB", (size, size), (PAPER,) * 3)
    sheet.paste(image.resize(inner, how), ((size - inner[0]) // 2, (size - inner[1]) // 2))
    return np.asarray(sheet)

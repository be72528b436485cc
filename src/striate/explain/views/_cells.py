"""Numbers drawn as squares with figures in them, frames around places, and bars."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from striate.pages.colours import diverging
from striate.pages.lettering import font
from striate.pages.mosaic import enlarge

INK, PALE, LINE, PAPER = (31, 41, 55), (243, 244, 246), (209, 213, 219), (255, 255, 255)
FRAME = (217, 70, 0)
COLOURS = [
    (251, 180, 120), (143, 190, 235), (150, 215, 150), (242, 150, 155), (200, 175, 235),
    (225, 205, 120), (245, 180, 220), (150, 215, 215), (190, 190, 190),
]  # fmt: skip
"""Pale colours of the first weights; black letters can be read on all of them."""


def colour(number: int) -> tuple[int, int, int]:
    """The colour of weight `number`; after the first nine the hue goes round by the golden ratio."""
    if number < len(COLOURS):
        return COLOURS[number]
    hue, light = (number * 0.61803398875) % 1.0, 0.72 + 0.12 * (number % 2)
    return tuple(round(255 * share) for share in colorsys.hls_to_rgb(hue, light, 0.6))  # type: ignore[return-value]


def cells(colours: np.ndarray, texts: Sequence[Sequence[str]] | None = None, size: int = 44) -> np.ndarray:
    """A grid of squares with words in them.

    Args:
        colours: (H, W, 3) uint8. texts: H rows of W words, or None. size: the side of a square.

    Returns:
        (H size + 1, W size + 1, 3) uint8.
    """
    height, width = colours.shape[:2]
    pixels = np.full((height * size + 1, width * size + 1, 3), LINE, np.uint8)
    pixels[:-1, :-1] = enlarge(colours, size)
    pixels[::size] = pixels[:, ::size] = LINE
    if texts is None:
        return pixels
    image = Image.fromarray(pixels)
    draw = ImageDraw.Draw(image)
    for row, words in enumerate(texts):
        for column, word in enumerate(words):
            middle = ((column + 0.5) * size, (row + 0.5) * size)
            _write(draw, word, middle, size, tuple(colours[row, column]))
    return np.asarray(image)


def framed(pixels: np.ndarray, box: tuple[int, int, int, int], width: int = 3) -> np.ndarray:
    """A frame around (top, left, bottom, right), in pixels; it may hang over the edge."""
    image = Image.fromarray(pixels)
    top, left, bottom, right = box
    ImageDraw.Draw(image).rectangle((left, top, right - 1, bottom - 1), outline=FRAME, width=width)
    return np.asarray(image)


def tint(values: np.ndarray, strength: float = 0.6) -> np.ndarray:
    """Signed numbers in pale colours, blue below zero and red above, so that letters can be read on them.

    Args:
        values: (H, W). strength: 1 for full colours.
    """
    full = diverging(values).astype(np.float64)
    return np.rint(255 + strength * (full - 255)).astype(np.uint8)


def bars(names: Sequence[str], amounts: Sequence[int], width: int = 460) -> np.ndarray:
    """A bar for each amount, ten times as much being one step longer."""
    rows, letters = len(names), font(14)
    left = max(int(letters.getlength(name)) for name in names) + 12
    top = max(math.ceil(math.log10(max(*amounts, 10))), 1)
    image = Image.new("RGB", (left + width + 130, rows * 34 + 8), PAPER)
    draw = ImageDraw.Draw(image)
    for power in range(top + 1):
        x = left + width * power // top
        draw.line((x, 0, x, image.height), LINE)
    for row, (name, amount) in enumerate(zip(names, amounts, strict=True)):
        y, length = row * 34 + 8, width * math.log10(max(amount, 1)) / top
        draw.text((left - 8, y + 11), name, INK, letters, anchor="rm")
        draw.rectangle((left, y, left + max(length, 2), y + 22), fill=colour(row))
        draw.text((left + length + 6, y + 11), f"{amount:,}", INK, letters, anchor="lm")
    return np.asarray(image)


def _write(
    draw: ImageDraw.ImageDraw,
    word: str,
    middle: tuple[float, float],
    size: int,
    paper: tuple[int, ...],
) -> None:
    """A word in the middle of a square, as large as fits."""
    letters = next((font(points) for points in (18, 15, 13, 11, 9) if _fits(word, points, size)), font(8))
    dark = np.dot(paper, (0.299, 0.587, 0.114)) < 110
    draw.text(middle, word, PAPER if dark else INK, letters, anchor="mm")


def _fits(word: str, points: int, size: int) -> bool:
    return points <= size * 0.6 and font(points).getlength(word) <= size - 4

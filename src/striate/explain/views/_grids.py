"""Grids of coloured squares with names beside the rows and above the columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from striate.explain.views._cells import INK, PAPER, cells
from striate.pages.html import inert
from striate.pages.lettering import font

POINTS, GAP, LONGEST = 12, 6, 28


def labelled(
    colours: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    texts: Sequence[Sequence[str]] | None = None,
    size: int | None = None,
) -> np.ndarray:
    """A grid with names: rows on the left, columns above and turned by a right angle.

    Args:
        colours: (H, W, 3) uint8. rows, columns: names, H and W. texts: words in the squares, or None.
        size: the side of a square; what fits unless given.

    Returns:
        (H', W', 3) uint8.
    """
    side = size or max(14, min(44, 720 // max(colours.shape[:2])))
    grid = cells(colours, texts, side)
    left, above = _turned(rows), _turned(columns)
    width = max(picture.width for picture in left) + GAP
    height = max(picture.width for picture in above) + GAP
    image = Image.new("RGB", (width + grid.shape[1], height + grid.shape[0]), PAPER)
    image.paste(Image.fromarray(grid), (width, height))
    for number, picture in enumerate(left):
        y = height + number * side + (side - picture.height) // 2
        image.paste(picture, (width - GAP - picture.width, y))
    for number, picture in enumerate(above):
        upright = picture.rotate(90, expand=True)
        x = width + number * side + (side - upright.width) // 2
        image.paste(upright, (x, height - GAP - upright.height))
    return np.asarray(image)


def _turned(names: Sequence[str]) -> list[Image.Image]:
    """Each name as a picture of its own."""
    letters, pictures = font(POINTS), []
    for name in names:
        text = inert(name)
        text = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
        picture = Image.new("RGB", (int(letters.getlength(text)) + 2, POINTS + 4), PAPER)
        ImageDraw.Draw(picture).text((0, (POINTS + 4) // 2), text, INK, letters, anchor="lm")
        pictures.append(picture)
    return pictures

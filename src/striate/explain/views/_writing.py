"""Lines of words, some of them on a coloured ground."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from striate.explain.views._cells import INK, PAPER
from striate.pages.lettering import font

LINE, MARGIN, POINTS = 30, 8, 17


class Token(NamedTuple):
    """A word, and the colour of its ground if it has one."""

    word: str
    ground: tuple[int, int, int] | None = None


def written(lines: Sequence[Sequence[Token]]) -> np.ndarray:
    """Lines one below the other, (H, W, 3) uint8."""
    letters = font(POINTS)
    widths = [sum(_width(token) for token in line) for line in lines]
    image = Image.new("RGB", (max(widths) + 2 * MARGIN, len(lines) * LINE + 2 * MARGIN), PAPER)
    draw = ImageDraw.Draw(image)
    for row, line in enumerate(lines):
        x, y = float(MARGIN), MARGIN + row * LINE + LINE / 2
        for token in line:
            if token.ground is not None:
                draw.rounded_rectangle((x, y - 12, x + _width(token) - 1, y + 11), 4, fill=token.ground)
            draw.text((x + (4 if token.ground else 0), y), token.word, INK, letters, anchor="lm")
            x += _width(token)
    return np.asarray(image)


def _width(token: Token) -> int:
    """Of a word with its ground."""
    return round(font(POINTS).getlength(token.word)) + (8 if token.ground else 0)

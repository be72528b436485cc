"""Pictures with words on them: a sheet of titled panels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from striate.pages import lettering
from striate.pages.html import inert

MARGIN, LINE, WIDEST = 12, 18, 1200
INK, DIM = (31, 41, 55), (107, 114, 128)

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
TitledPanel = tuple[str, np.ndarray, str]


def sheet(title: str, panels: Sequence[TitledPanel]) -> np.ndarray:
    """Panels side by side, broken into rows, under a title.

    Args:
        title: of the whole. panels: (title, (H, W, 3) uint8 pixels, caption) each.

    Returns:
        (H, W, 3) uint8.
    """
    font = lettering.font(12)
    rows = _rows(panels, font)
    width = max([_width(row, font) for row in rows] + [int(font.getlength(title))]) + 2 * MARGIN
    height = MARGIN + LINE + sum(_height(row) for row in rows) + MARGIN
    image = Image.new("RGB", (width, height), (255, 255, 255))
    draw = ImageDraw.Draw(image)
    draw.text((MARGIN, MARGIN), inert(title), INK, font)
    top = MARGIN + LINE + MARGIN // 2
    for row in rows:
        _draw_row(image, draw, row, top, font)
        top += _height(row)
    return np.asarray(image)


def _draw_row(
    image: Image.Image,
    draw: ImageDraw.ImageDraw,
    row: Sequence[TitledPanel],
    top: int,
    font: Font,
) -> None:
    left = MARGIN
    for title, pixels, caption in row:
        draw.text((left, top), inert(title), INK, font)
        image.paste(Image.fromarray(pixels), (left, top + LINE))
        draw.text((left, top + LINE + pixels.shape[0] + 2), inert(caption), DIM, font)
        left += _panel_width((title, pixels, caption), font) + MARGIN


def _rows(panels: Sequence[TitledPanel], font: Font) -> list[list[TitledPanel]]:
    """Panels broken into rows that are not too wide."""
    rows: list[list[TitledPanel]] = [[]]
    for panel in panels:
        if rows[-1] and _width([*rows[-1], panel], font) > WIDEST:
            rows.append([])
        rows[-1].append(panel)
    return rows


def _panel_width(panel: TitledPanel, font: Font) -> int:
    title, pixels, caption = panel
    return max(pixels.shape[1], int(font.getlength(inert(title))), int(font.getlength(inert(caption))))


def _width(row: Sequence[TitledPanel], font: Font) -> int:
    return sum(_panel_width(panel, font) + MARGIN for panel in row) - MARGIN


def _height(row: Sequence[TitledPanel]) -> int:
    return max(pixels.shape[0] for _, pixels, _ in row) + 2 * LINE + MARGIN

"""Two columns of units and the lines between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from striate.explain.views._cells import INK, LINE, PAPER, colour
from striate.pages.lettering import font

SCALE = 3
"""Everything is drawn so many times as large and then shrunk, for smooth lines."""

WIDTH, STEP, RADIUS, MARGIN = 560, 36, 14, 60


class Unit(NamedTuple):
    """A circle with a name."""

    name: str


class Line(NamedTuple):
    """From a unit on the left to one on the right, in the colour of a weight."""

    left: int
    right: int
    weight: int


def drawn(left: Sequence[Unit], right: Sequence[Unit], lines: Sequence[Line]) -> np.ndarray:
    """The drawing, (H, W, 3) uint8; units without lines are pale."""
    height = max(len(left), len(right)) * STEP + 24
    image = Image.new("RGB", (WIDTH * SCALE, height * SCALE), PAPER)
    draw = ImageDraw.Draw(image)
    columns = [_places(len(left), MARGIN, height), _places(len(right), WIDTH - MARGIN, height)]
    for line in lines:
        ends = [
            tuple(SCALE * c for c in columns[0][line.left]),
            tuple(SCALE * c for c in columns[1][line.right]),
        ]
        draw.line(ends, darker(colour(line.weight)), round(2.2 * SCALE))
    used = [{line.left for line in lines}, {line.right for line in lines}]
    for units, places, joined in zip((left, right), columns, used, strict=True):
        for number, (unit, place) in enumerate(zip(units, places, strict=True)):
            _draw_unit(draw, unit, place, number in joined)
    return np.asarray(image.resize((WIDTH, height), Image.Resampling.LANCZOS))


def darker(pale: tuple[int, int, int]) -> tuple[int, ...]:
    """A pale colour strong enough for a line."""
    return tuple(round(0.82 * part) for part in pale)


def _places(count: int, x: int, height: int) -> list[tuple[float, float]]:
    """The middles of a column's units."""
    top = (height - (count - 1) * STEP) / 2
    return [(x, top + number * STEP) for number in range(count)]


def _draw_unit(draw: ImageDraw.ImageDraw, unit: Unit, place: tuple[float, float], joined: bool) -> None:
    x, y = (SCALE * part for part in place)
    letters = next(
        (
            font(points * SCALE)
            for points in (15, 12, 10)
            if font(points).getlength(unit.name) <= 2 * RADIUS - 6
        ),
        font(9 * SCALE),
    )
    half = max(RADIUS * SCALE, letters.getlength(unit.name) / 2 + 5 * SCALE)
    box = (x - half, y - RADIUS * SCALE, x + half, y + RADIUS * SCALE)
    draw.rounded_rectangle(box, RADIUS * SCALE, PAPER, INK if joined else LINE, SCALE + 1)
    draw.text((x, y), unit.name, INK if joined else (156, 163, 175), letters, anchor="mm")

"""Points on a plane: as dots, as the pictures themselves, as a page that shows what is pointed at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from striate.pages.html import escape, inert
from striate.pages.mosaic import data_address

SIDE, MARGIN, LEGEND = 520, 14, 22
MOST_HOVERED = 2000
COLOURS = (
    (31, 119, 180), (255, 127, 14), (44, 160, 44), (214, 39, 40), (148, 103, 189),
    (140, 86, 75), (227, 119, 194), (127, 127, 127), (188, 189, 34), (23, 190, 207),
)  # fmt: skip
STYLE = """
.points{position:relative;width:min(100%,36rem);aspect-ratio:1;border:1px solid var(--line);margin:.5rem 0}
.points i{position:absolute;width:9px;height:9px;margin:-5px;border-radius:50%;opacity:.75}
.points i:hover,.points i:focus{z-index:9;opacity:1;outline:2px solid var(--ink)}
.points i>b{display:none;position:absolute;left:12px;top:12px;padding:4px;background:var(--paper);
border:1px solid var(--dim);font:600 .8rem system-ui,sans-serif;color:var(--ink);white-space:nowrap}
.points i:hover>b,.points i:focus>b{display:block}
.points img{display:block;width:80px;image-rendering:pixelated}
.key i{display:inline-block;width:.7em;height:.7em;border-radius:50%;margin:0 .3em 0 .9em}
"""


def on_unit_square(points: np.ndarray) -> np.ndarray:
    """(N, 2) shares of the width from the left and the height from the top; both axes have one scale."""
    low, high = points.min(0), points.max(0)
    span = float((high - low).max()) or 1.0
    middle = (low + high) / 2
    return np.stack([0.5 + (points[:, 0] - middle[0]) / span, 0.5 - (points[:, 1] - middle[1]) / span], 1)


def scatter(points: np.ndarray, labels: np.ndarray | None, names: Sequence[str]) -> np.ndarray:
    """(H, W, 3) uint8: a dot for each point, in the colour of its label, and what the colours mean."""
    numbers = [] if labels is None else sorted(set(labels.tolist()))
    font = ImageFont.load_default(13)
    places = _legend(numbers, names, font)
    height = SIDE + (places[-1][1] + LEGEND if places else 0)
    image = Image.new("RGB", (SIDE, height), (255, 255, 255))
    draw = ImageDraw.Draw(image)
    spots = MARGIN + on_unit_square(points) * (SIDE - 2 * MARGIN)
    for index, (x, y) in enumerate(spots):
        colour = _colour(0 if labels is None else int(labels[index]))
        draw.ellipse((x - 3, y - 3, x + 3, y + 3), fill=colour, outline=(255, 255, 255))
    for number, (x, y) in zip(numbers, places, strict=True):
        draw.ellipse((x, SIDE + y + 5, x + 9, SIDE + y + 14), fill=_colour(number))
        draw.text((x + 14, SIDE + y), inert(_name(number, names)), (31, 41, 55), font)
    return np.asarray(image)


def thumbnail_scatter(points: np.ndarray, thumbnails: np.ndarray) -> np.ndarray:
    """(SIDE, SIDE, 3) uint8: the pictures at their places; one that would cover another is left out."""
    height, width = thumbnails.shape[1:3]
    sheet = np.full((SIDE, SIDE, 3), 255, np.uint8)
    taken = np.zeros((SIDE, SIDE), bool)
    corners = (on_unit_square(points) * (SIDE - np.array([width, height]))).round().astype(int)
    for (x, y), picture in zip(corners, thumbnails, strict=True):
        spot = (slice(y, y + height), slice(x, x + width))
        if not taken[spot].any():
            sheet[spot], taken[spot] = picture, True
    return sheet


def hover_page(
    title: str, points: np.ndarray, labels: np.ndarray | None, names: Sequence[str], thumbnails: np.ndarray
) -> str:
    """Elements of a page: points that show picture and label when they are pointed at, without a script."""
    spots = 100 * on_unit_square(points)
    drawn = [
        _point(x, y, None if labels is None else int(labels[index]), names, index, thumbnails[index])
        for index, (x, y) in enumerate(spots[:MOST_HOVERED])
    ]
    numbers = [] if labels is None else sorted(set(labels.tolist()))
    key = "".join(f'<i style="background:{_css(n)}"></i>{escape(_name(n, names))}' for n in numbers)
    more = (
        "" if len(points) <= MOST_HOVERED else f"<p>The first {MOST_HOVERED:,} of {len(points):,} points.</p>"
    )
    words = '<p class="dim">Point at a dot to see its picture.</p>'
    return (
        f"<style>{STYLE}</style><section><h2>{escape(title)}</h2>{words}"
        f'<div class="points">{"".join(drawn)}</div><p class="key">{key}</p>{more}</section>'
    )


def _point(
    x: float, y: float, label: int | None, names: Sequence[str], index: int, picture: np.ndarray
) -> str:
    words = f"{index}" if label is None else f"{index}: {_name(label, names)}"
    inside = f'<b><img alt="" src="{data_address(picture)}">{escape(words)}</b>'
    return f'<i tabindex="0" style="left:{x:.2f}%;top:{y:.2f}%;background:{_css(label or 0)}">{inside}</i>'


def _legend(
    numbers: Sequence[int], names: Sequence[str], font: ImageFont.FreeTypeFont | ImageFont.ImageFont
) -> list[tuple[int, int]]:
    """Where each entry of the legend begins, below the points."""
    places, x, y = [], MARGIN, 0
    for number in numbers:
        width = int(font.getlength(inert(_name(number, names)))) + 32
        if x + width > SIDE and x > MARGIN:
            x, y = MARGIN, y + LEGEND
        places.append((x, y))
        x += width
    return places


def _name(number: int, names: Sequence[str]) -> str:
    return names[number] if number < len(names) else str(number)


def _colour(number: int) -> tuple[int, int, int]:
    return COLOURS[number % len(COLOURS)]


def _css(number: int) -> str:
    return "#" + "".join(f"{part:02x}" for part in _colour(number))

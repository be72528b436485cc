"""Curves as a picture, for results that may become a PNG."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from striate.pages.html import inert
from striate.pages.svg import nice_ticks

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 420, 260, 52, 12, 34, 40
INK, DIM, LINE = (31, 41, 55), (107, 114, 128), (229, 231, 235)
COLOURS = ((37, 99, 235), (234, 88, 12), (22, 163, 74), (147, 51, 234))


@dataclass(frozen=True)
class Curve:
    """A line with, perhaps, a band of its interval around it.

    Args:
        name: in the legend. y: its heights. low, high: the band's edges, or None.
    """

    name: str
    y: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None


def chart(label: str, x: Sequence[float] | np.ndarray, curves: Sequence[Curve]) -> np.ndarray:
    """(H, W, 3) uint8: curves over one axis.

    Args:
        label: of the horizontal axis. x: where the heights stand. curves: at most as many as COLOURS.
    """
    places, heights = np.asarray(x, float), np.concatenate([_heights(curve) for curve in curves])
    across, up = (nice_ticks(float(n.min()), float(n.max())) for n in (places, heights[np.isfinite(heights)]))
    image = Image.new("RGB", (WIDTH, HEIGHT), (255, 255, 255))
    draw, font = ImageDraw.Draw(image, "RGBA"), ImageFont.load_default(11)

    def at(x: float, y: float) -> tuple[float, float]:
        shares = ((x - across[0]) / (across[-1] - across[0]), (y - up[0]) / (up[-1] - up[0]))
        return LEFT + shares[0] * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - shares[1] * (
            HEIGHT - TOP - BOTTOM
        )

    for tick in up:
        draw.line([at(across[0], tick), at(across[-1], tick)], LINE)
        draw.text((LEFT - 6, at(0, tick)[1]), f"{tick:g}", DIM, font, anchor="rm")
    for tick in across:
        draw.text((at(tick, 0)[0], HEIGHT - BOTTOM + 6), f"{tick:g}", DIM, font, anchor="mt")
    draw.text(((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6), inert(label), INK, font, anchor="mb")
    left = float(LEFT)
    for curve, colour in zip(curves, COLOURS, strict=False):
        _draw(draw, at, places, curve, colour)
        draw.line([(left, 14), (left + 14, 14)], colour, 3)
        draw.text((left + 20, 14), inert(curve.name), INK, font, anchor="lm")
        left += 34 + font.getlength(inert(curve.name))
    return np.asarray(image)


def _heights(curve: Curve) -> np.ndarray:
    known = (curve.y, curve.low, curve.high)
    return np.concatenate([np.asarray(one, float) for one in known if one is not None])


def _draw(
    draw: ImageDraw.ImageDraw,
    at: Callable[[float, float], tuple[float, float]],
    places: np.ndarray,
    curve: Curve,
    colour: tuple[int, int, int],
) -> None:
    """The band, then the line over it."""
    if curve.low is not None and curve.high is not None:
        edge = [at(x, y) for x, y in zip(places, curve.high, strict=True)]
        edge += [at(x, y) for x, y in zip(places[::-1], curve.low[::-1], strict=True)]
        draw.polygon(edge, (*colour, 48))
    draw.line([at(x, y) for x, y in zip(places, curve.y, strict=True)], colour, 2)

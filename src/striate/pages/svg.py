"""Line charts as plain SVG: a training and a validation curve over the epochs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from striate.pages.html import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 420, 240, 56, 12, 28, 32


@dataclass(frozen=True)
class Line:
    """A curve: `kind` is "train" or "val", `epochs` count from 1, values that are not finite leave a gap."""

    kind: str
    epochs: Sequence[int]
    values: Sequence[float | None]


def chart(title: str, lines: Sequence[Line]) -> str:
    """A chart with nice ticks; empty when there is nothing to draw."""
    points = [(e, v) for line in lines for e, v in zip(line.epochs, line.values, strict=True) if _finite(v)]
    if not points:
        return ""
    ticks = nice_ticks(min(v for _, v in points), max(v for _, v in points))  # type: ignore[type-var]
    first, last = min(e for e, _ in points), max(e for e, _ in points)
    scale = _Scale(first, last, ticks[0], ticks[-1])
    parts = [f'<text x="{LEFT}" y="16">{escape(title)}</text>']
    parts += [_tick(scale.y(tick), tick) for tick in ticks]
    parts += [
        f'<text x="{scale.x(epoch):.1f}" y="{HEIGHT - 10}" text-anchor="middle">{epoch}</text>'
        for epoch in epoch_ticks(first, last)
    ]
    parts += [_path(line, scale) for line in lines]
    box = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    return f'<svg {box} role="img" aria-label="{escape(title)}">{"".join(parts)}</svg>'


def nice_ticks(low: float, high: float, wanted: int = 4) -> list[float]:
    """Round numbers that enclose low … high.

    >>> nice_ticks(0.03, 0.19)
    [0.0, 0.05, 0.1, 0.15, 0.2]
    """
    span = (high - low) or max(abs(high), 1.0) * 0.1
    raw = span / wanted
    unit = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * unit for factor in (1, 2, 5, 10) if factor * unit >= raw * 0.999)
    start, stop = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(step * number, 12) for number in range(start, max(stop, start + 1) + 1)]


def epoch_ticks(first: int, last: int, most: int = 10) -> list[int]:
    """Whole numbers for the axis of epochs, at most about `most`.

    >>> epoch_ticks(1, 5), epoch_ticks(1, 40)
    ([1, 2, 3, 4, 5], [5, 10, 15, 20, 25, 30, 35, 40])
    """
    span = last - first + 1
    step = next(s * 10**power for power in range(9) for s in (1, 2, 5) if span / (s * 10**power) <= most)
    return [epoch for epoch in range(first, last + 1) if epoch % step == 0]


@dataclass(frozen=True)
class _Scale:
    """From epochs and values to the picture."""

    first: int
    last: int
    low: float
    high: float

    def x(self, epoch: float) -> float:
        """A single epoch stands in the middle."""
        share = (epoch - self.first) / (self.last - self.first) if self.last > self.first else 0.5
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Large values stand high."""
        return HEIGHT - BOTTOM - (value - self.low) / (self.high - self.low) * (HEIGHT - TOP - BOTTOM)


def _tick(y: float, value: float) -> str:
    line = f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
    return f'{line}<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>'


def _path(line: Line, scale: _Scale) -> str:
    """The curve as one path; a lone value is a dot, which a round cap draws on a line without length."""
    strokes: list[list[str]] = [[]]
    for epoch, value in zip(line.epochs, line.values, strict=True):
        if value is None or not math.isfinite(value):
            strokes.append([])
        else:
            strokes[-1].append(f"{scale.x(epoch):.1f} {scale.y(value):.1f}")
    words = [f"M{' L'.join(points)}{' h0' if len(points) == 1 else ''}" for points in strokes if points]
    return f'<path class="{line.kind}" stroke-linecap="round" d="{" ".join(words)}"/>'


def _finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)

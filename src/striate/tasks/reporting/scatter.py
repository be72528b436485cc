"""Dots in a square as plain SVG, with the diagonal on which promise and fact agree."""

from __future__ import annotations

import numpy as np

from striate.pages.html import escape
from striate.pages.svg import nice_ticks

SIDE, LEFT, BOTTOM, EDGE = 340, 58, 40, 14


def scatter(
    across: str,
    up: str,
    x: np.ndarray,
    y: np.ndarray,
    *,
    sizes: np.ndarray | None = None,
    means: tuple[np.ndarray, np.ndarray] | None = None,
    ends: tuple[float, float] | None = None,
) -> str:
    """Dots at (x, y) on two equal axes.

    Args:
        across, up: what the axes are. x, y: (N,) each.
        sizes: (N,) counts that make dots larger; without them all are small.
        means: (B,) x and y of larger dots above the others. ends: of both axes; found unless given.
    """
    both = np.concatenate([x, y])
    low, high = ends or (float(both.min()), float(both.max()))
    ticks = nice_ticks(low, high)
    first, span = ticks[0], ticks[-1] - ticks[0]
    inner = SIDE - EDGE - BOTTOM

    def place(a: float, b: float) -> tuple[float, float]:
        return LEFT + (a - first) / span * inner, EDGE + inner - (b - first) / span * inner

    parts = [_grid(tick, place(first, tick)[1], place(tick, first)[0], inner) for tick in ticks]
    (x1, y1), (x2, y2) = place(first, first), place(ticks[-1], ticks[-1])
    parts.append(f'<line class="even" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>')
    radii = np.full(len(x), 2.5) if sizes is None else 3 + 5 * np.sqrt(sizes / max(1, sizes.max()))
    kind = "dot" if sizes is None else "bin"
    parts += [_dot(kind, *place(a, b), r) for a, b, r in zip(x, y, radii, strict=True)]
    if means is not None:
        parts += [_dot("bin", *place(a, b), 5) for a, b in zip(*means, strict=True)]
    middle = LEFT + inner / 2
    parts.append(f'<text x="{middle:.0f}" y="{SIDE - 6}" text-anchor="middle">{escape(across)}</text>')
    parts.append(f'<text x="14" y="{EDGE + inner / 2:.0f}" transform="rotate(-90 14 {EDGE + inner / 2:.0f})" '
                 f'text-anchor="middle">{escape(up)}</text>')  # fmt: skip
    width = LEFT + inner + EDGE
    box = f'viewBox="0 0 {width} {SIDE}" width="{width}" height="{SIDE}"'
    return f'<svg {box} role="img" aria-label="{escape(f"{up} against {across}")}">{"".join(parts)}</svg>'


def _grid(tick: float, y: float, x: float, inner: int) -> str:
    """A line across with its number, and the number below."""
    line = f'<line class="grid" x1="{LEFT}" x2="{LEFT + inner}" y1="{y:.1f}" y2="{y:.1f}"/>'
    left = f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:g}</text>'
    return f'{line}{left}<text x="{x:.1f}" y="{EDGE + inner + 16}" text-anchor="middle">{tick:g}</text>'


def _dot(kind: str, x: float, y: float, radius: float) -> str:
    """A dot."""
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"/>'

"""A cell of a table as text, as labels, or as a number."""

from __future__ import annotations

import re
from typing import Any

SEPARATOR = "|"
_NUMBER = re.compile(
    r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(nan|inf|infinity)", re.ASCII | re.IGNORECASE
)


def as_text(cell: Any) -> str:
    """What it says.

    >>> as_text(" cat "), as_text(True), as_text(3.0)
    ('cat', 'true', '3')
    """
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int | float):
        return str(int(cell)) if float(cell).is_integer() else repr(cell)
    return SEPARATOR.join(cell) if isinstance(cell, list) else str(cell).strip()


def as_labels(cell: Any) -> list[str]:
    """Its labels; an empty cell has none.

    >>> as_labels("red|round"), as_labels(["red"]), as_labels("")
    (['red', 'round'], ['red'], [])
    """
    parts = cell if isinstance(cell, list) else as_text(cell).split(SEPARATOR)
    return [part.strip() for part in parts if part.strip()]


def is_list(cell: Any) -> bool:
    """Whether it may hold several labels."""
    return isinstance(cell, list) or (isinstance(cell, str) and SEPARATOR in cell)


def as_number(cell: Any) -> float | None:
    """The number it holds, which may not be finite, or None.

    >>> as_number("1e3"), as_number("1_000"), as_number(True), as_number("nan")
    (1000.0, None, None, nan)
    """
    if isinstance(cell, bool | list):
        return None
    if isinstance(cell, int | float):
        return float(cell)
    text = str(cell).strip()
    return float(text) if _NUMBER.fullmatch(text) else None

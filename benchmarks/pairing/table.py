"""The rows as a table of text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Row = dict[str, Any]
HEAD = (
    "work",
    "shape",
    "who",
    "precision",
    "ms",
    "least",
    "GFLOP/s",
    "of peak",
    "MB",
    "others",
    "ours / theirs",
)
"""`others`: the most that other programs took of all processors meanwhile; above a tenth, measure again."""


def cells(row: Row) -> tuple[str, ...]:
    """A row as texts under HEAD.

    >>> cells({"work": "convs", "pass": "dW", "shape": [8, 9], "peer": "torch", "setting": "channels_last",
    ...        "precision": "float32", "ms": 12.345, "min": 12.0, "ratio": 0.5, "peak_mb": None})
    ('convs dW', '8x9', 'torch channels last', 'float32', '12.35', '12.00', '', '', '', '', '0.50x')
    """
    who = f"{row['peer']} {row['setting']}".replace("_", " ")
    ratio = "" if row.get("ratio") is None or row["peer"] == "striate" else f"{row['ratio']:.2f}x"
    if "s" in row:
        took, least = f"{row['s']:.1f} s", f"{100 * row['acc']:.2f} %"
    else:
        took, least = _short(row["ms"]), _short(row["min"])
    rate = f"{row['gflops']:.0f}" if "gflops" in row else ""
    part = f"{100 * row['fraction']:.0f} %" if row.get("fraction") else ""
    memory = f"{row['peak_mb']:.0f}" if row.get("peak_mb") else ""
    others = f"{100 * row['others']:.0f} %" if row.get("others") is not None else ""
    named = " ".join(filter(None, (row["work"], row.get("pass"))))
    shape = "x".join(map(str, row["shape"]))
    return named, shape, who, row["precision"], took, least, rate, part, memory, others, ratio


def text(rows: Sequence[Row]) -> str:
    """All rows under a head; works stand together, the fastest first."""
    order = {name: place for place, name in reversed([*enumerate(row["work"] for row in rows)])}
    keyed = sorted(rows, key=lambda row: (order[row["work"]], _place(rows, row), row.get("s", row.get("ms"))))
    lines = [HEAD, *map(cells, keyed)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    return "\n".join(_line(line, widths) for line in lines)


def aims_text(aims: Sequence[Row]) -> str:
    """A line for each aim."""
    words = {True: "met   ", False: "missed"}
    return "\n".join(
        f"{words[aim['met']]} {aim['value']:6.2f}  (at most {aim['limit']:g})  {aim['text']}" for aim in aims
    )


def _place(rows: Sequence[Row], row: Row) -> int:
    """Where the row's shape and pass were first seen."""
    return next(
        place
        for place, each in enumerate(rows)
        if (each["work"], each.get("pass"), each["shape"]) == (row["work"], row.get("pass"), row["shape"])
    )


def _line(line: Sequence[str], widths: Sequence[int]) -> str:
    """Texts to the left, numbers to the right."""
    aligned = [
        cell.ljust(width) if column < 4 else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(line, widths, strict=True))
    ]
    return "  ".join(aligned).rstrip()


def _short(number: float) -> str:
    """Four digits or so."""
    return (
        f"{number:.0f}"
        if number >= 1000
        else f"{number:.1f}"
        if number >= 100
        else f"{number:.2f}"
        if number >= 1
        else f"{number:.4f}"
    )

"""How a running training is put into words: pure functions of its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

NARROWEST_BAR = 10


@dataclass(frozen=True)
class Standing:
    """Where a training stands.

    Args:
        title: "Epoch 3/12". step: steps done in this epoch. steps: of how many, or None when nobody knows.
        rate: images a second, or None before it is known. left: seconds to the end, or None.
        logs: the numbers so far. note: what is going on besides, such as "validating".
    """

    title: str
    step: int
    steps: int | None
    rate: float | None
    left: float | None
    logs: Mapping[str, Any]
    note: str = ""


def running(standing: Standing, width: int) -> RenderableType:
    """The lines that are redrawn: the bar with its facts, and the loss and metrics.

    Args:
        standing: what to say. width: columns of the window; a narrow one gives the facts their own line.
    """
    said = facts(standing)
    wide = len(standing.title) + len(said) + NARROWEST_BAR + 4 <= width
    grid = Table.grid(padding=(0, 2), expand=True)
    grid.add_column(no_wrap=True)
    grid.add_column(ratio=1)
    grid.add_column(no_wrap=True, justify="right")
    bar = ProgressBar(total=standing.steps, completed=standing.step, pulse=standing.steps is None)
    grid.add_row(Text(standing.title, "bold"), bar, Text(said if wide else ""))
    measured = Text("  " + (numbers(standing.logs) or standing.note), "cyan")
    return Group(grid, measured) if wide else Group(grid, Text("  " + said), measured)


def facts(standing: Standing) -> str:
    """Steps, speed and time left.

    >>> facts(Standing("Epoch 1/2", 120, 235, 12340.0, 65.0, {}))
    '120/235  12,340 images/s  1:05 left'
    """
    done = f"{standing.step}/{standing.steps}" if standing.steps else f"{standing.step} steps"
    speed = "" if standing.rate is None else f"{standing.rate:,.0f} images/s"
    left = "" if standing.left is None else f"{clock(standing.left)} left"
    note = standing.note if standing.logs else ""
    return "  ".join(part for part in (done, speed, left, note) if part)


def epoch_line(title: str, seconds: float, rate: float | None, logs: Mapping[str, Any]) -> str:
    """The line that stays when an epoch is over.

    >>> epoch_line("Epoch 3/12", 2.04, 29411.0, {"loss": 0.04123, "val_accuracy": 0.98})
    'Epoch 3/12  2.0 s  29,411 images/s  loss 0.04123  val_accuracy 0.9800'
    """
    took = f"{seconds:.1f} s" if seconds < 60 else clock(seconds)
    speed = "" if rate is None else f"{rate:,.0f} images/s"
    return "  ".join(part for part in (title, took, speed, numbers(logs)) if part)


def steady_speed(looks: Sequence[tuple[int, float]]) -> float | None:
    """Steps a second between looks, without the spans in which a program was compiled.

    A span is left out when its steps took more than four times as long as those of the middle span.

    Args:
        looks: (steps done, time in seconds), in the order of time.

    >>> steady_speed([(1, 5.0), (3, 6.0), (5, 7.0), (6, 99.0)])
    2.0
    """
    spans = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(looks)]
    spans = sorted(span for span in spans if span[0] > 0 and span[1] > 0)
    if not spans:
        return None
    middle = sorted(seconds / steps for steps, seconds in spans)[(len(spans) - 1) // 2]
    kept = [(steps, seconds) for steps, seconds in spans if seconds / steps <= 4 * middle]
    return sum(steps for steps, _ in kept) / sum(seconds for _, seconds in kept)


def numbers(logs: Mapping[str, Any]) -> str:
    """The single numbers of the logs; arrays do not fit on a line.

    >>> numbers({"loss": 0.00001234, "accuracy": 1, "table": [[1, 2]]})
    'loss 1.234e-05  accuracy 1.0000'
    """
    return "  ".join(f"{name} {_number(value)}" for name, value in logs.items() if np.ndim(value) == 0)


def clock(seconds: float) -> str:
    """A time span as a clock shows it.

    >>> clock(5.2), clock(75), clock(3700)
    ('0:05', '1:15', '1:01:40')
    """
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _number(value: Any) -> str:
    """Four places, or four digits of small and large numbers."""
    number = float(value)
    return f"{number:.4f}" if number == 0 or 0.1 <= abs(number) < 1e5 else f"{number:.4g}"

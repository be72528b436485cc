"""What a person is told while a long climb goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

Told = Callable[[int, int, float], None]
"""Called with steps done, steps in all, and the mean of the objective so far."""


@contextmanager
def telling(progress: Told | bool, title: str) -> Iterator[Told]:
    """What to call at every look: a bar that goes away at the end, the given function, or nothing.

    Args:
        progress: True for the bar, False for silence. title: of the bar.
    """
    if callable(progress):
        yield progress
    elif not progress:
        yield lambda done, steps, objective: None
    else:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        words = TextColumn("objective {task.fields[objective]}")
        with Progress(*columns, words, transient=True) as bars:
            task = bars.add_task(title, total=None, objective="…")
            yield lambda done, steps, objective: bars.update(
                task, completed=done, total=steps, objective=f"{objective:.4g}"
            )

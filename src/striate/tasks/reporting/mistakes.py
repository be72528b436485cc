"""The answers that were surest and wrong; for numbers those furthest off."""

from __future__ import annotations

import math

import numpy as np

from striate.pages.html import escape, paragraph
from striate.tasks.answers import Answer, Scored
from striate.tasks.answers.scored import shown
from striate.tasks.material import Portion
from striate.tasks.reporting.thumbnails import Thumbnails


def mistake_parts(
    scored: Scored, answer: Answer, portion: Portion, rows: np.ndarray, thumbnails: Thumbnails
) -> list[str]:
    """Title and figures."""
    numbers = scored.kind in ("continuous", "count")
    title = "Largest errors" if numbers else "Surest mistakes"
    if not len(rows):
        return [title, paragraph("There are none.")]
    total = int(scored.wrong.sum())
    said = f"{len(rows)} of {scored.examples:,} pictures." if numbers else f"{len(rows)} of {total:,}."
    figures = "".join(_figure(scored, answer, portion, int(row), thumbnails) for row in rows)
    return [title, paragraph(said, "dim"), f'<div class="shots">{figures}</div>']


def _figure(scored: Scored, answer: Answer, portion: Portion, row: int, thumbnails: Thumbnails) -> str:
    """One picture with what was said, what it is, and its name."""
    said, truth = words(scored, answer, row)
    lines = f"<b><bdi>{escape(said)}</bdi></b><br>is <bdi>{escape(truth)}</bdi>"
    name = f'<br><span class="dim"><bdi>{escape(portion.name(row))}</bdi></span>'
    return f"<figure>{thumbnails.html(row)}<figcaption>{lines}{name}</figcaption></figure>"


def words(scored: Scored, answer: Answer, row: int) -> tuple[str, str]:
    """What the model said about a picture, and what is so."""
    names, truth, said = answer.names, scored.truth[row], scored.said[row]
    if answer.is_classes:
        sure = math.floor(1000 * float(scored.sureness[row])) / 10  # never rounded up to a certainty
        return f"{sure:.1f} % {names[int(said)]}", names[int(truth)]
    if scored.kind == "multilabel":
        return _labels(said, names), _labels(truth, names)
    return _numbers(said), _numbers(truth)


def _labels(row: np.ndarray, names: tuple[str, ...]) -> str:
    """The labels that are there."""
    return ", ".join(name for name, there in zip(names, row, strict=True) if there) or "none of the labels"


def _numbers(values: np.ndarray) -> str:
    """One number or several."""
    return ", ".join(shown(float(value)) for value in np.atleast_1d(values))

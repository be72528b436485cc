"""Measures beside the baseline, curves over the epochs, and promises beside facts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from striate.pages.html import escape, paragraph
from striate.pages.svg import Line, chart
from striate.tasks.answers import Calibration, Measure, Scored
from striate.tasks.answers.scored import SHARES, shown
from striate.tasks.reporting.scatter import scatter

POINTS = 2000


def worth(scored: Scored) -> list[str]:
    """Every measure with its interval, the baseline, and the margin over it."""
    head = "".join(
        f"<th>{words}</th>" for words in ("measure", "value", "95 % interval", "baseline", "margin")
    )
    rows = "".join(_measure(each) for each in scored.measures)
    body = f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody>"
    legend = (
        f"The baseline is {scored.baseline.rstrip(',')}. A margin is how much better the model is, with the "
        "95 % interval of paired differences; above 0 it beats the baseline. Intervals are from 1,000 "
        "resamples of the test pictures."
    )
    if scored.confusion is not None:
        legend += " That of the accuracy is Wilson's."
    return [f'<div class="wide"><table>{body}</table></div>', paragraph(legend, "dim")]


def _measure(found: Measure) -> str:
    """A row of the table."""
    share = found.name in SHARES
    base = "" if found.baseline is None else shown(found.baseline, share)
    margin, kind = "", ""
    if found.margin is not None:
        value, low, high = (shown(each, share) for each in found.margin)
        margin = f"{value} ({low} to {high})"
        kind = "better" if found.beats_baseline else "worse" if found.margin[2] < 0 else ""
    texts = (
        found.name,
        shown(found.value, share),
        f"{shown(found.low, share)} to {shown(found.high, share)}",
    )
    cells = "".join(f"<td>{escape(text)}</td>" for text in (*texts, base))
    return f'<tr>{cells}<td class="{kind}">{escape(margin)}</td></tr>'


def curves(history: Mapping[str, Sequence[Any]]) -> str:
    """A chart for each number, training and held-out together."""
    charts = [_chart(name, history) for name in history if not name.startswith("val_")]
    charts = [each for each in charts if each]
    if not charts:
        return paragraph("There are none.")
    legend = '<p class="dim">Whole line: training. Dashed: pictures held out.</p>'
    return f'{legend}<div class="figures">{"".join(charts)}</div>'


def _chart(name: str, history: Mapping[str, Sequence[Any]]) -> str:
    """One number's chart; what is no number is left out."""
    lines = []
    for kind, key in (("train", name), ("val", f"val_{name}")):
        values = history.get(key, ())
        if all(value is None or isinstance(value, int | float) for value in values):
            lines.append(Line(kind, range(1, len(values) + 1), list(values)))
    return chart(name, lines) if lines else ""


def calibration(scored: Scored) -> list[str]:
    """For probabilities promised against found shares; for numbers predicted against true ones."""
    found = scored.calibration
    if found.unit == "probability":
        axes = ("promised", "there") if scored.kind == "multilabel" else ("sure by", "right")
        points = scatter(*axes, found.promised, found.found, sizes=found.counts, ends=(0.0, 1.0))
        return [paragraph(_words(found)), points]
    said, truth = scored.said.reshape(-1), scored.truth.reshape(-1).astype(float)
    rows = np.unique(np.linspace(0, len(said) - 1, min(POINTS, len(said))).astype(int))
    means = (found.promised, found.found)
    some = "" if len(rows) == len(said) else f" {len(rows):,} of {len(said):,} are drawn."
    text = (
        "Each dot is a picture: across what the model said, up what is true. Large dots are means of bins, "
    )
    text += f"which are off by {shown(found.error)} on average.{some}"
    return [paragraph(text), scatter("said", "true", said[rows], truth[rows], means=means)]


def _words(found: Calibration) -> str:
    """The error of the promises in a sentence."""
    gap = float((found.counts * (found.promised - found.found)).sum() / found.counts.sum())
    way = "too sure" if gap > 0 else "not sure enough"
    bins = f"ECE, {len(found.counts)} bins of about equal counts"
    text = f"Expected calibration error {100 * found.error:.1f} % ({bins})."
    if math.isclose(gap, 0, abs_tol=0.005):
        return f"{text} On the whole it is as sure as it may be."
    return f"{text} On the whole it is {way}, by {100 * abs(gap):.1f} %."

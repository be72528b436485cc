"""A row for each class, each label, or each part of the range of a number."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from striate.pages.html import paragraph, table
from striate.tasks.answers import Scored
from striate.tasks.answers.measures import ratio
from striate.tasks.answers.scored import shown

PARTS = 5


def parts(scored: Scored, names: Sequence[str]) -> list[str]:
    """Title and table."""
    if scored.confusion is not None:
        counts = scored.confusion.sum(axis=1)
        return ["Each class", _classes(names, counts, scored.recall, scored.precision)]
    if scored.kind == "multilabel":
        hits = ((scored.truth == 1) & (scored.said == 1)).sum(axis=0)
        counts, said = scored.truth.sum(axis=0), scored.said.sum(axis=0)
        return ["Each label", _classes(names, counts, ratio(hits, counts), ratio(hits, said))]
    columns = scored.truth.reshape(scored.examples, -1), scored.said.reshape(scored.examples, -1)
    tables = []
    for number, name in enumerate(names):
        tables += [paragraph(name), _ranges(columns[0][:, number], columns[1][:, number])]
    return ["From small to large", *tables]


def percent(share: float) -> str:
    """A share, or a dash for none."""
    return "–" if np.isnan(share) else f"{100 * share:.2f} %"


def _classes(names: Sequence[str], counts: np.ndarray, recall: np.ndarray, precision: np.ndarray) -> str:
    """How many were found, and how often the answer was right."""
    rows = [
        (name, f"{count:,}", percent(found), percent(right))
        for name, count, found, right in zip(names, counts, recall, precision, strict=True)
    ]
    return table(("name", "pictures", "found (recall)", "right when said (precision)"), rows)


def _ranges(truth: np.ndarray, said: np.ndarray) -> str:
    """Parts of about as many pictures, by the true number; equal numbers share a part."""
    order = np.argsort(truth, kind="stable")
    wanted = np.unique(np.linspace(0, len(truth), PARTS + 1).astype(int))[:-1]
    starts = np.unique(np.searchsorted(truth[order], truth[order][wanted], side="left"))
    rows = []
    for some in np.split(order, starts[1:]):
        error = said[some] - truth[some]
        ends = [shown(float(end)) for end in (truth[some].min(), truth[some].max())]
        mean = f"{error.mean():+.3g}"
        rows.append((" to ".join(ends), f"{len(some):,}", shown(float(np.abs(error).mean())), mean))
    return table(("true number", "pictures", "mean error", "bias"), rows)

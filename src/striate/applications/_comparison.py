"""Published accuracy against what it costs: one row a network and source, as text, table and figure."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from striate.applications._published import PUBLISHED, Published, Score
from striate.applications.registry import get
from striate.errors import ArgumentError, Problem
from striate.network import Network
from striate.pages import Note, Part, Shown, Table, html

if TYPE_CHECKING:
    import plotly.graph_objects as go

MIB = 2**20
_WIDE = (
    ":root{color-scheme:light;--ink:#1f2937;--dim:#6b7280;--line:#e5e7eb;--paper:#fff}"
    "body{max-width:80rem}h2{display:none}"
)
"""The figure is drawn on white, and the title stands above it already."""


@dataclass(frozen=True)
class Entry:
    """A network with its costs and one published score.

    Args:
        name: in the registry. about: what is known of it. score: one of its scores.
        params: trainable weights. macs: multiply-accumulates for one picture.
        memory: bytes of the input and every layer's output for one picture, in float32.
    """

    name: str
    about: Published
    score: Score
    params: int
    macs: int
    memory: int

    def accuracy(self, top: Literal[1, 5]) -> float | None:
        """Per cent of the pictures that are right, None where nobody has published it."""
        error = self.score.top1 if top == 1 else self.score.top5
        return None if error is None else round(100 - error, 3)


@dataclass(frozen=True)
class Comparison(Shown):
    """Accuracy as published against operations, weights and memory as counted here."""

    entries: tuple[Entry, ...]
    title: str = "Published accuracy against what it costs"

    def parts(self) -> Sequence[Part]:
        """The table and what its numbers mean."""
        head = ("network", "year", "top-1 %", "top-5 %", "weights", "MACs", "memory", "measured on", "source")
        rows = [_cells(entry) for entry in self.entries]
        note = (
            "Accuracies on ImageNet's validation pictures as the source prints them; more crops make a "
            "network look better. Weights are the trainable ones; MACs and memory (input and every layer's "
            "output, float32) are for one picture."
        )
        return [Table(head, rows), Note(note)]

    def figure(self) -> go.Figure:
        """The bubbles: accuracy against MACs and against weights; their areas are the memory."""
        from striate.applications._bubbles import bubbles

        return bubbles(self.entries, self.title)

    def page(self) -> str:
        """A whole document with the figure and the table; it needs no network."""
        figure = self.figure().update_layout(title=None, margin_t=72)
        drawn = figure.to_html(include_plotlyjs=True, full_html=False)
        return (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{html.escape(self.title)}</title><style>{html.STYLE}{_WIDE}</style></head>"
            f"<body><h1>{html.escape(self.title)}</h1>{drawn}{self.html()}</body></html>\n"
        )

    def write_html(self, path: str | os.PathLike[str]) -> Path:
        """Write the page, as Plotly's figures do."""
        return self.save(path)


def compare(names: str | Sequence[str] | None = None) -> Comparison:
    """Set published accuracies beside what the networks cost.

    Args:
        names: some of the networks that were measured on ImageNet; all of them unless given.

    Returns:
        A Comparison: `.text()` for a terminal, `.figure()` in Plotly, `.save("page.html")`.

    Raises:
        ArgumentError: nothing is published about a name.

    >>> print(compare(["alexnet-2012", "resnet50"]).text().splitlines()[2][:64].rstrip())
    alexnet-2012  2012    59.30    81.80   60,965,224    726,791,936
    """
    measured = [name for name, about in PUBLISHED.items() if about.scores]
    given = measured if names is None else [names] if isinstance(names, str) else names
    wanted = [str(name).replace("_", "-") for name in given]
    if problems := [_unknown(name, measured) for name in wanted if name not in measured]:
        raise ArgumentError(problems)
    return Comparison(tuple(entry for name in wanted for entry in entries_of(name, get(name).network)))


def entries_of(name: str, network: Network) -> list[Entry]:
    """An entry for each published score of a network."""
    totals, about = network.totals, PUBLISHED[name]
    costs = (totals.trainable, totals.macs, totals.activation_bytes)
    return [Entry(name, about, score, *costs) for score in about.scores]


def sees(network: Network) -> str:
    """The receptive field of the last map that does not see everything: "212x212 every 32"."""
    fields = [row.receptive for row in network.rows() if len(row.output_shape) == 3]
    known = [field for field in fields if field is not None and not field.everything]
    return str(known[-1]) if known else "all"


def _cells(entry: Entry) -> tuple[str, ...]:
    """A row of the table."""
    accuracies = (entry.accuracy(1), entry.accuracy(5))
    return (
        entry.name,
        str(entry.about.year),
        *("" if one is None else f"{one:.2f}" for one in accuracies),
        f"{entry.params:,}",
        f"{entry.macs:,}",
        f"{entry.memory / MIB:.1f} MiB",
        entry.score.how,
        entry.score.source,
    )


def _unknown(name: str, known: Sequence[str]) -> Problem:
    near = difflib.get_close_matches(name, known, n=1)
    cure = f"Did you mean {near[0]!r}?" if near else "Choose some of these, or leave names out."
    happened = f"nothing is published about {name!r} on ImageNet"
    return Problem("compare", happened, "some of " + ", ".join(known), cure)

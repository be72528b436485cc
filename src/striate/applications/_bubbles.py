"""The figure of a comparison, drawn with Plotly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import plotly.graph_objects as go
from plotly.subplots import make_subplots

if TYPE_CHECKING:
    from striate.applications._comparison import Entry

COLOURS = {
    "AlexNet": "#b45309",
    "VGG": "#7c3aed",
    "GoogLeNet": "#0f766e",
    "ResNet": "#2563eb",
    "Mobile": "#be185d",
}
"""Families; names beside the bubbles tell them apart too."""

GRID, INK = "#e5e7eb", "#1f2937"
LARGEST = 70
"""The diameter of the largest bubble, in pixels."""

BESIDE = {
    "googlenet": "middle left",
    "googlenet-2014": "middle right",
    "resnet18": "middle right",
    "vgg11": "middle left",
    "vgg13": "middle left",
    "vgg16": "middle left",
    "vgg19": "middle right",
}
"""Names that stand beside their bubble, because they would cover a neighbour's above it."""

TOPS: tuple[Literal[1, 5], ...] = (5, 1)


def bubbles(entries: Sequence[Entry], title: str) -> go.Figure:
    """Accuracy against MACs on the left and against weights on the right; areas are the memory.

    Full bubbles are the papers' numbers, rings those of a framework's weights. A button changes between the
    five likeliest classes and the likeliest one.

    Args:
        entries: what is drawn. title: above.
    """
    figure = make_subplots(
        rows=1, cols=2, shared_yaxes=True, horizontal_spacing=0.03, subplot_titles=("", "")
    )
    families = list(dict.fromkeys(entry.about.family for entry in entries))
    largest = max((entry.memory for entry in entries), default=1)
    kinds = []
    for top in TOPS:
        for family in families:
            some = [one for one in entries if one.about.family == family and one.accuracy(top) is not None]
            for column, cost in enumerate(("macs", "params"), 1):
                figure.add_trace(_trace(some, top, cost, family, largest, column == 1), row=1, col=column)
                kinds.append(top)
    return _dressed(figure, kinds, title)


def _trace(
    entries: Sequence[Entry], top: Literal[1, 5], cost: str, family: str, largest: int, first: bool
) -> go.Scatter:
    """The bubbles of a family in one panel."""
    colour = COLOURS.get(family, INK)
    papers = [_is_papers(entry) for entry in entries]
    return go.Scatter(
        x=[getattr(entry, cost) for entry in entries],
        y=[entry.accuracy(top) for entry in entries],
        text=[_label(entries, place) for place in range(len(entries))],
        textposition=[BESIDE.get(entry.name, "top center") for entry in entries],
        cliponaxis=False,
        customdata=[_hover(entry) for entry in entries],
        hovertemplate="%{customdata}<extra></extra>",
        mode="markers+text",
        textfont={"size": 11, "color": INK},
        name=family,
        legendgroup=family,
        showlegend=first,
        visible=top == TOPS[0],
        marker={
            "size": [entry.memory for entry in entries],
            "sizemode": "area",
            "sizeref": 2 * largest / LARGEST**2,
            "sizemin": 4,
            "symbol": ["circle" if paper else "circle-open" for paper in papers],
            "color": colour,
            "opacity": 0.55,
            "line": {"width": 1.5, "color": colour},
        },
    )


def _label(entries: Sequence[Entry], place: int) -> str:
    """Each network is named once, at its first bubble."""
    name = entries[place].name
    return "" if any(entry.name == name for entry in entries[:place]) else name


def _is_papers(entry: Entry) -> bool:
    """Whether the score is the authors' own."""
    return not entry.score.source.startswith("torchvision")


def _hover(entry: Entry) -> str:
    """What is said under the pointer."""
    accuracies = [(top, entry.accuracy(top)) for top in (1, 5)]
    said = ", ".join(f"top-{top} {value:.2f} %" for top, value in accuracies if value is not None)
    lines = (
        f"<b>{entry.name}</b> ({entry.about.paper}, {entry.about.year})",
        said,
        f"{entry.score.how}; {entry.score.source}",
        f"{entry.params:,} weights",
        f"{entry.macs:,} multiply-accumulates",
        f"{entry.memory / 2**20:.1f} MiB of activations",
    )
    return "<br>".join(lines)


def _dressed(figure: go.Figure, kinds: Sequence[int], title: str) -> go.Figure:
    """The house look, axes and buttons."""
    figure.update_layout(
        title={"text": title, "x": 0, "xref": "paper", "y": 0.97},
        height=640,
        plot_bgcolor="white",
        paper_bgcolor="white",
        font={"family": "system-ui, sans-serif", "size": 13, "color": INK},
        legend={
            "orientation": "h",
            "y": 1.02,
            "yanchor": "bottom",
            "x": 1,
            "xanchor": "right",
            "itemsizing": "constant",
        },
        margin={"l": 64, "r": 48, "t": 96, "b": 88},
        updatemenus=[_buttons(kinds)],
        annotations=[_caption()],
    )
    figure.update_xaxes(
        type="log", showgrid=True, gridcolor=GRID, zeroline=False, dtick="D2", exponentformat="SI"
    )
    figure.update_yaxes(showgrid=True, gridcolor=GRID, zeroline=False)
    figure.update_xaxes(title_text="multiply-accumulates for one picture", row=1, col=1)
    figure.update_xaxes(title_text="trainable weights", row=1, col=2)
    figure.update_yaxes(title_text="accuracy on ImageNet, %", row=1, col=1)
    return figure


def _buttons(kinds: Sequence[int]) -> dict[str, Any]:
    """Which accuracy is shown."""
    words = {5: "among the five likeliest", 1: "the likeliest"}
    buttons = [
        {"label": words[top], "method": "update", "args": [{"visible": [kind == top for kind in kinds]}]}
        for top in TOPS
    ]
    place = {"x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"}
    return {"type": "buttons", "direction": "right", "buttons": buttons, "showactive": True, **place}


def _caption() -> dict[str, Any]:
    """What full and open bubbles are."""
    words = (
        "Full: as the papers measured it. Open: torchvision's weights, one crop. Area: memory of activations."
    )
    place = {"xref": "paper", "yref": "paper", "x": 0, "y": -0.14, "xanchor": "left", "yanchor": "top"}
    return {"text": words, "showarrow": False, "font": {"size": 12}, **place}

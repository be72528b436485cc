"""The picture of a training: a panel for each number, drawn with Plotly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

TRAIN, VALIDATION, GRID, INK = "#2563eb", "#ea580c", "#e5e7eb", "#1f2937"
"""Blue and orange, which colour-blind readers can tell apart; the dashes tell them apart in print."""

PANEL_HEIGHT = 280


def curves(
    epochs: Mapping[str, Sequence[int]], history: Mapping[str, Sequence[Any]], title: str = ""
) -> go.Figure:
    """Draw the numbers of a history, "val_…" in the panel of the number it belongs to.

    Args:
        epochs: name -> the epochs of its values, counted from 0; the axis counts from 1.
        history: name -> one value an epoch; arrays are left out. title: above the panels.
    """
    numbers = {name: values for name, values in history.items() if all(map(_is_number, values))}
    names = list(dict.fromkeys(name.removeprefix("val_") for name in numbers))
    figure = make_subplots(
        rows=max(len(names), 1),
        shared_xaxes=True,
        vertical_spacing=0.12 / max(len(names), 1),
        subplot_titles=[name.replace("_", " ") for name in names],
    )
    for row, name in enumerate(names, 1):
        for key in (name, f"val_{name}"):
            if key in numbers:
                figure.add_trace(_line(epochs[key], numbers[key], key), row=row, col=1)
        if name == "learning_rate" and min(numbers[name], default=0) > 0:
            figure.update_yaxes(type="log", dtick="D2", row=row, col=1)
    return _dressed(figure, len(names), title)


def _line(epochs: Sequence[int], values: Sequence[float], name: str) -> go.Scatter:
    """One curve; the legend belongs to the loss, and its entries switch all panels."""
    validation = name.startswith("val_")
    group, colour, dash = ("validation", VALIDATION, "dash") if validation else ("training", TRAIN, "solid")
    return go.Scatter(
        x=[epoch + 1 for epoch in epochs],
        y=list(values),
        name=group,
        legendgroup=group,
        showlegend=name in ("loss", "val_loss"),
        mode="lines+markers",
        line={"color": colour, "width": 2, "dash": dash},
        marker={"size": 5},
        hovertemplate=f"{name} %{{y:.5g}}<extra></extra>",
    )


def _dressed(figure: go.Figure, panels: int, title: str) -> go.Figure:
    """The house look: white, a quiet grid, and a hover that tells both curves at once."""
    figure.update_layout(
        title=title or None,
        height=PANEL_HEIGHT * max(panels, 1) + 80,
        plot_bgcolor="white",
        paper_bgcolor="white",
        font={"family": "system-ui, sans-serif", "size": 13, "color": INK},
        hovermode="x unified",
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 1, "xanchor": "right"},
        margin={"l": 64, "r": 24, "t": 72, "b": 48},
    )
    figure.update_xaxes(showgrid=True, gridcolor=GRID, zeroline=False, tickformat="d", rangemode="normal")
    figure.update_yaxes(showgrid=True, gridcolor=GRID, zeroline=False)
    figure.update_xaxes(title_text="epoch", row=max(panels, 1), col=1)
    return figure


def _is_number(value: Any) -> bool:
    """Whether a value is one number."""
    return isinstance(value, float | int)

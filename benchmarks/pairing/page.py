"""The rows as a page of Plotly figures that needs no network."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from typing import Any

import plotly.graph_objects as go

from pairing.table import HEAD, cells

Row = dict[str, Any]
OURS, THEIRS, HALF_OURS, HALF_THEIRS = "#2563eb", "#9ca3af", "#1e3a8a", "#4b5563"
STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#1f2937;max-width:72rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.85rem}
th,td{padding:.15rem .6rem;border-bottom:1px solid #e5e7eb;text-align:right;white-space:nowrap}
td:nth-child(-n+4),th:nth-child(-n+4){text-align:left}
.dim{color:#6b7280}.met{color:#15803d}.missed{color:#b91c1c}
.wide{overflow-x:auto}"""


def page(result: Row) -> str:
    """The whole document.

    Args:
        result: what `side_by_side.py` writes as JSON.
    """
    figures: list[str] = []
    for title, figure in _figures(result["rows"]):
        script = not any("<script" in each for each in figures)  # the library comes with the first
        made = figure.to_html(full_html=False, include_plotlyjs=script, config={"displayModeBar": False})
        figures.append(f"<h2>{_escape(title)}</h2>{made}")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Side by side</title>'
        f"<style>{STYLE}</style></head><body><h1>Side by side</h1>{_facts(result)}{_aims(result['aims'])}"
        f"{''.join(figures)}<h2>All numbers</h2>{_table(result['rows'])}"
        f"{_left_out(result['left_out'])}</body></html>"
    )


def _figures(rows: Sequence[Row]) -> Iterator[tuple[str, go.Figure]]:
    """A figure for each work and shape, one for all convolutions."""
    for work in dict.fromkeys(row["work"] for row in rows):
        chosen = [row for row in rows if row["work"] == work]
        if work == "convs":
            yield "Convolutions", convolutions(chosen)
            continue
        for shape in dict.fromkeys(tuple(row["shape"]) for row in chosen):
            title = f"{work}, {'x'.join(map(str, shape))}"
            yield title, bars([row for row in chosen if tuple(row["shape"]) == shape])


def bars(rows: Sequence[Row]) -> go.Figure:
    """A bar for each contender, the fastest on top."""
    figure, unit = go.Figure(), "s" if "s" in rows[0] else "ms"
    for row in sorted(rows, key=lambda row: row[unit], reverse=True):
        said = "<br>".join(f"{head}: {cell}" for head, cell in zip(HEAD, cells(row), strict=True) if cell)
        figure.add_bar(
            x=[row[unit]],
            y=[f"{row['peer']} {row['setting']}".replace("_", " ")],
            orientation="h",
            marker_color=_colour(row),
            text=f"{row[unit]:.4g} {unit}",
            hovertemplate=said + "<extra></extra>",
            showlegend=False,
        )
    figure.update_layout(height=80 + 26 * len(rows), xaxis_title=unit, xaxis_rangemode="tozero")
    return _dressed(figure)


def convolutions(rows: Sequence[Row]) -> go.Figure:
    """A row of points for each shape and pass: everyone's rate, so that further right is faster."""
    figure = go.Figure()
    for who in dict.fromkeys((row["peer"], row["setting"]) for row in rows):
        mine = [row for row in rows if (row["peer"], row["setting"]) == who and "gflops" in row]
        figure.add_scatter(
            x=[row["gflops"] for row in mine],
            y=[f"{'x'.join(map(str, row['shape']))} {row['pass']}" for row in mine],
            mode="markers",
            name=" ".join(who).replace("_", " "),
            marker={
                "size": 11 if who[0] == "striate" else 8,
                "symbol": "diamond" if who[0] == "striate" else "circle",
            },
            customdata=[[row["ms"], row["ratio"]] for row in mine],
            hovertemplate="%{y}<br>%{x:.0f} GFLOP/s, %{customdata[0]:.3g} ms<extra>%{fullData.name}</extra>",
        )
    count = len({(tuple(row["shape"]), row["pass"]) for row in rows})
    figure.update_layout(height=160 + 24 * count, xaxis_title="GFLOP/s", xaxis_rangemode="tozero")
    figure.update_yaxes(autorange="reversed")
    return _dressed(figure)


def _dressed(figure: go.Figure) -> go.Figure:
    figure.update_layout(
        plot_bgcolor="white",
        font={"family": "system-ui, sans-serif", "size": 13, "color": "#1f2937"},
        margin={"l": 10, "r": 10, "t": 10, "b": 40},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
    )
    figure.update_xaxes(gridcolor="#e5e7eb", zeroline=False)
    figure.update_yaxes(automargin=True)
    return figure


def _colour(row: Row) -> str:
    if row["precision"] == "bfloat16":
        return HALF_OURS if row["peer"] == "striate" else HALF_THEIRS
    return OURS if row["peer"] == "striate" else THEIRS


def _facts(result: Row) -> str:
    said = {
        **result["machine"],
        **{f"peak, {name}": f"{rate:,.0f} GFLOP/s" for name, rate in result["peak"].items()},
    }
    versions = "; ".join(
        f"{peer}: "
        + ", ".join(f"{name} {number}" for name, number in numbers.items() if number != "not installed")
        for peer, numbers in result["versions"].items()
    )
    lines = [f"{name}: {value}" for name, value in said.items()]
    return f'<p class="dim">{_escape(" · ".join(lines))}</p><p class="dim">{_escape(versions)}</p>'


def _aims(aims: Sequence[Row]) -> str:
    items = "".join(
        f'<li class="{"met" if aim["met"] else "missed"}">{_escape(aim["text"])}: {aim["value"]:.2f} '
        f"(at most {aim['limit']:g})</li>"
        for aim in aims
    )
    return f"<h2>Aims</h2><ul>{items}</ul>" if aims else ""


def _table(rows: Sequence[Row]) -> str:
    head = "".join(f"<th>{_escape(cell)}</th>" for cell in HEAD)
    body = "".join(
        "<tr>" + "".join(f"<td>{_escape(cell)}</td>" for cell in cells(row)) + "</tr>" for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _left_out(lines: Sequence[str]) -> str:
    if not lines:
        return ""
    return "<h2>Left out</h2><ul>" + "".join(f"<li>{_escape(line)}</li>" for line in lines) + "</ul>"


def _escape(text: object) -> str:
    return html.escape(str(text), quote=True)

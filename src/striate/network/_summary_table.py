"""The table of a summary: its cells, and as many columns as fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rich import box
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from striate.errors import Problem
from striate.layers._base import Shape
from striate.network.costs import Row, Totals, known_rows, total
from striate.network.graph import Network
from striate.network.shapes import Step

_RIGHT = frozenset({"Params", "MACs", "Activations"})
_FIRST_TO_GO = ("Activations", "Built by", "MACs", "Sees", "Params", "Output shape")
_GAP = 2


def render(network: Network, width: int | None, ascii_only: bool) -> Group:
    """The table, the totals and the checks, for a console as wide as `width`."""
    rows = known_rows(network, network.program)
    table = _table(_lines(network, {row.name: row for row in rows}), width, ascii_only)
    title = [Text(f" {network.name}", style="bold")] if network.name else []
    lines = _total_lines(total(network, rows))
    if len(rows) < len(network.program.steps):
        lines.append("Layers behind an error are not counted.")
    sums = [Text(""), *(Padding(Text(line), (0, 1)) for line in lines)]
    problems = [Padding(_problem_text(problem), (0, 1)) for problem in network.check()]
    checks = problems or [Text(" Checks: nothing to report.", style="green")]
    return Group(*title, table, *sums, Text(""), *checks)


def _lines(network: Network, rows: dict[str, Row]) -> list[dict[str, str]]:
    """The cells of every line by the title of their column."""
    inputs = [{"Layer": spec.name, "Output shape": _batch(spec.shape)} for spec in network.inputs]
    return inputs + [_line(step, rows.get(path)) for path, step in network.program.steps.items()]


def _line(step: Step, row: Row | None) -> dict[str, str]:
    cells = {"Layer": step.path, "Built by": call_of(step), "Output shape": _batch(step.shape)}
    if row is None:
        return cells
    numbers = {"Params": f"{row.params:,}", "MACs": f"{row.macs:,}", "Activations": f"{row.activations:,}"}
    numbers["Params"] = f"of {row.shares}" if row.shares else numbers["Params"]
    return {**cells, **numbers, "Sees": str(row.receptive) if row.receptive else ""}


def _table(lines: Sequence[dict[str, str]], width: int | None, ascii_only: bool) -> Table:
    """The table with as many columns as fit."""
    titles = ["Layer", "Built by", "Output shape", "Params", "MACs", "Activations", "Sees"]
    widths = {title: max(len(title), *(len(line.get(title, "")) for line in lines)) for title in titles}
    for title in _FIRST_TO_GO:
        if width is None or sum(widths[one] + _GAP + 1 for one in titles) + 1 <= width:
            break
        titles.remove(title)
    table = Table(box=_PLAIN if ascii_only else box.SIMPLE_HEAD, show_edge=False)
    for title in titles:
        justify = "right" if title in _RIGHT else "left"
        table.add_column(
            Text(title), justify=justify, overflow="fold", style="cyan" if title == "Layer" else ""
        )
    for line in lines:
        table.add_row(*(Text(line.get(title, "")) for title in titles))
    return table


_PLAIN = box.Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)
"""Rich's simple box with hyphens, for pipes and old terminals."""


def call_of(step: Step) -> str:
    """The call that makes the layer, without its name."""
    return repr(replace(step.layer, name=None, input_shape=None))


def _batch(shape: Shape | None) -> str:
    """A shape with N for the batch axis."""
    if shape is None:
        return "?"
    return f"({', '.join(['N', *map(str, shape)])}{'' if shape else ','})"


def _total_lines(totals: Totals) -> list[str]:
    weights = f"Parameters: {totals.params:,} ({_bytes(totals.weight_bytes)})"
    more = f"; {totals.trainable:,} trainable, {totals.non_trainable:,} not" if totals.non_trainable else ""
    floats = f"Activations: {totals.activations:,} floats ({_bytes(totals.activation_bytes)}) for one example"
    inside = f"; {totals.activations_with_preactivations:,} with pre-activations"
    return [weights + more, f"Multiply-accumulates: {totals.macs:,} for one example", floats + inside]


def _bytes(count: int) -> str:
    """Bytes as people read them.

    >>> _bytes(60_950_432)
    '58.1 MiB'
    """
    size, unit = float(count), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"


def _problem_text(problem: Problem) -> Text:
    style = "bold red" if problem.severity == "error" else "yellow"
    return Text.assemble((problem.severity.capitalize(), style), " ", str(problem))

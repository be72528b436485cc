"""A network as a table for people, and as plain values for programs."""

from __future__ import annotations

import io
import os
from typing import Any

from rich.console import Console

from striate.network._summary_table import render
from striate.network._summary_values import plain_problem, plain_row, plain_totals
from striate.network.costs import known_rows, total
from striate.network.graph import Network


def summary_text(network: Network, *, width: int | None = None) -> str:
    """The summary as plain text.

    Args:
        network: the network; it may have errors, which the text then names.
        width: columns to fit into; columns of the table are left out rather than squeezed. None for as wide
            as it gets.

    >>> from striate.layers import Conv2D, Flatten
    >>> from striate.network import sequential, summary_text
    >>> print(summary_text(sequential([Conv2D(8, 3), Flatten()], input_shape=(28, 28, 1)), width=40))
     Layer      Output shape     Params
    ------------------------------------
     input1     (N, 28, 28, 1)
     conv1      (N, 26, 26, 8)       80
     flatten1   (N, 5408)             0
    <BLANKLINE>
     Parameters: 80 (320 B)
    ...
    """
    stream = io.StringIO()
    wide = width or 10_000
    console = Console(file=stream, width=wide, no_color=True, force_terminal=False, legacy_windows=False)
    console.print(render(network, width, ascii_only=True))
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def print_summary(network: Network, console: Console | None = None) -> None:
    """Print the summary: in colour and as wide as the terminal, or plain and whole into a pipe or a file.

    Args:
        network: the network. console: where to; the standard output when left out. `NO_COLOR` is respected.
    """
    console = console or Console()
    if console.is_terminal:
        console.print(render(network, console.width, console.options.ascii_only))
    else:
        console.file.write(summary_text(network, width=_columns()) + "\n")


def summary_dict(network: Network) -> dict[str, Any]:
    """The summary as plain JSON values; fields that a mistake hides are None.

    >>> from striate.layers import Flatten
    >>> from striate.network import sequential, summary_dict
    >>> summary_dict(sequential([Flatten()], input_shape=(2, 3)))["layers"][0]["output_shape"]
    [6]
    """
    rows = {row.name: row for row in known_rows(network, network.program)}
    return {
        "name": network.name,
        "inputs": [{"name": s.name, "shape": s.shape and list(s.shape)} for s in network.inputs],
        "outputs": list(network.program.outputs),
        "layers": [plain_row(step, rows.get(path)) for path, step in network.program.steps.items()],
        "totals": plain_totals(total(network, tuple(rows.values()))),
        "checks": [plain_problem(problem) for problem in network.check()],
    }


def _columns() -> int | None:
    """What the person says about the width of a pipe."""
    columns = os.environ.get("COLUMNS", "")
    return int(columns) if columns.isdigit() and int(columns) > 0 else None

"""The network as a table."""

from __future__ import annotations

from striate.network import Network
from striate.pages.html import paragraph, table


def network_parts(network: Network) -> list[str]:
    """A row for each layer, and the totals."""
    head = ("layer", "kind", "output", "parameters", "multiply-adds", "sees")
    rows = [
        (
            row.name,
            row.kind,
            "x".join(map(str, row.output_shape)),
            f"{row.params:,}",
            f"{row.macs:,}",
            str(row.receptive or ""),
        )
        for row in network.rows()
    ]
    totals = network.totals
    sums = f"{totals.params:,} parameters, {totals.trainable:,} of them trained, "
    sums += f"{totals.macs:,} multiply-adds a picture."
    return [table(head, rows), paragraph(sums, "dim")]

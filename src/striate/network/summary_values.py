"""A network's summary as plain values, for programs."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from striate.errors import Problem
from striate.network.costs import Row, Totals, known_rows, total
from striate.network.graph import Network
from striate.network.receptive import ReceptiveField
from striate.network.shapes import Step
from striate.network.summary import call_of


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
        "layers": [_plain_row(step, rows.get(path)) for path, step in network.program.steps.items()],
        "totals": _plain_totals(total(network, tuple(rows.values()))),
        "checks": [_plain_problem(problem) for problem in network.check()],
    }


def _plain_row(step: Step, row: Row | None) -> dict[str, Any]:
    plain: dict[str, Any] = {"path": step.path, "kind": step.layer.KIND, "built_by": call_of(step)}
    plain |= {"inputs": list(step.inputs), "output_shape": step.shape and list(step.shape)}
    names = (
        "trainable",
        "non_trainable",
        "params",
        "macs",
        "activations",
        "activation_bytes",
        "preactivations",
    )
    plain |= {name: None if row is None else getattr(row, name) for name in names}
    field = None if row is None else row.receptive
    return {**plain, "shares": row and row.shares, "receptive_field": field and _plain_field(field)}


def _plain_field(field: ReceptiveField) -> dict[str, Any]:
    return {
        "size": list(field.size),
        "stride": [_number(step) for step in field.stride],
        "offset": list(field.offset),
        "everything": field.everything,
        "flattened": field.flattened and list(field.flattened),
    }


def _number(fraction: Fraction) -> int | float:
    return int(fraction) if fraction.denominator == 1 else float(fraction)


def _plain_totals(totals: Totals) -> dict[str, int]:
    names = (
        "params",
        "trainable",
        "non_trainable",
        "macs",
        "inputs",
        "outputs",
        "activations",
        "preactivations",
    )
    more = ("activations_with_preactivations", "activation_bytes", "weight_bytes")
    return {name: getattr(totals, name) for name in names + more}


def _plain_problem(problem: Problem) -> dict[str, str]:
    return {name: getattr(problem, name) for name in ("severity", "where", "happened", "expected", "cure")}

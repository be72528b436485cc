"""Rows, totals and problems as plain JSON values."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from striate.errors import Problem
from striate.network._summary_table import call_of
from striate.network.costs import Row, Totals
from striate.network.receptive import ReceptiveField
from striate.network.shapes import Step


def plain_row(step: Step, row: Row | None) -> dict[str, Any]:
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


def plain_totals(totals: Totals) -> dict[str, int]:
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


def plain_problem(problem: Problem) -> dict[str, str]:
    return {name: getattr(problem, name) for name in ("severity", "where", "happened", "expected", "cure")}

"""Explanations as plain values, for JSON."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from striate.explain.addresses.terms import Made, Term


def plain(value: Any) -> Any:
    """Numbers as JSON has them: lists and floats; what is not finite as text.

    >>> plain(np.array([[1.5, np.nan]]))
    [[1.5, 'nan']]
    """
    if isinstance(value, np.ndarray) and value.ndim:
        return [plain(entry) for entry in value]
    number = float(value)
    return number if math.isfinite(number) else str(number)


def made_json(made: Made, most: int) -> dict[str, Any]:
    """The rule and the terms; of more than `most` only the largest, and the sum of the others."""
    terms, others, rest = made.largest(most)
    record: dict[str, Any] = {"rule": made.rule, "terms": [_term(term, most) for term in terms]}
    if others:
        record["others"] = {"count": others, "sum": plain(rest)}
    return {**record, "notes": list(made.notes)}


def _term(term: Term, most: int) -> dict[str, Any]:
    factors = []
    for factor in term.factors:
        record: dict[str, Any] = {"name": factor.name, "value": plain(factor.value)}
        if factor.addresses:
            record["addresses"] = [str(address) for address in factor.addresses]
        if factor.made is not None:
            record["made"] = made_json(factor.made, most)
        factors.append(record)
    return {"name": term.name, "factors": factors, "value": plain(term.value)}

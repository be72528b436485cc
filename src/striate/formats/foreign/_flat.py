"""Nested containers of a stream as one row of names: keys and places joined by "/"."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from striate.formats._entry_rules import name_fault, printable
from striate.formats.foreign._limits import refuse_bad_name
from striate.formats.foreign._refusal import refuse

MAX_DEPTH = 32
MAX_VALUES = 250_000
MAX_KEPT = 200
"""The most plain values that are kept beside the tensors, and the longest text among them."""


@dataclass
class Flat:
    """The leaves of a value from a stream.

    Args:
        leaves: tensors or arrays by name, in the order of the file.
        plain: the first plain values by name: numbers, truth values and short texts.
        others: how many values there are that are no tensors.
    """

    leaves: dict[str, Any] = field(default_factory=dict)
    plain: dict[str, Any] = field(default_factory=dict)
    others: int = 0

    def metadata(self) -> dict[str, Any]:
        """What is worth telling beside the tensors, as JSON values."""
        return {"other_values": self.others, "values": self.plain}


def flattened(value: Any, kind: type | tuple[type, ...], alone: str, where: str) -> Flat:
    """The leaves of that kind in nested dictionaries, lists and tuples.

    Args:
        value: what the stream left. kind: the type of a leaf.
        alone: the name of a leaf that has nothing around it.
        where: what an error message calls the file.

    Raises:
        FormatError: nested too deep (or within itself), too many values, names that are none or stand twice.
    """
    flat = Flat()
    waiting: list[tuple[tuple[str, ...], Any]] = [((), value)]
    seen = 0
    while waiting:
        path, value = waiting.pop()
        seen += 1
        if isinstance(value, kind):
            _enter(flat, "/".join(path) or alone, value, where)
        elif isinstance(value, dict | list | tuple):
            if seen + len(waiting) + len(value) > MAX_VALUES:
                refuse(where, f"its containers hold more than {MAX_VALUES} values", f"at most {MAX_VALUES}")
            waiting.extend(reversed(_inside(path, value, where)))
        else:
            flat.others += 1
            _keep(flat, "/".join(path), value)
    return flat


def _inside(
    path: tuple[str, ...], value: dict[Any, Any] | list[Any] | tuple[Any, ...], where: str
) -> list[tuple[tuple[str, ...], Any]]:
    """What a container holds, with the names it gives."""
    if len(path) >= MAX_DEPTH:
        refuse(where, f"its containers are nested deeper than {MAX_DEPTH} levels", f"at most {MAX_DEPTH}")
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    return [((*path, str(key)), one) for key, one in pairs]


def _enter(flat: Flat, name: str, value: Any, where: str) -> None:
    """One more leaf under a name of its own."""
    refuse_bad_name(name, where)
    if name in flat.leaves:
        refuse(f"{where}, tensor {printable(name)}", "the name stands for two tensors", "every name once")
    flat.leaves[name] = value


def _keep(flat: Flat, name: str, value: Any) -> None:
    """A plain value, if it is small and there are not too many yet."""
    number = isinstance(value, int) and abs(value) < 2**63
    number = number or (isinstance(value, float) and math.isfinite(value))
    text = isinstance(value, str) and len(value) <= MAX_KEPT and value.isprintable()
    if len(flat.plain) < MAX_KEPT and (number or text) and not name_fault(name):
        flat.plain[name] = value

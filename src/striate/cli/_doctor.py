"""`striate doctor`: what this machine offers, and what may make trouble."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.text import Text

from striate.cli._terminal import quantity, say, show, show_json


def doctor(as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False) -> None:
    """Show Python, JAX, devices, kernels, threads, memory and the cache folder."""
    from striate.tasks import doctor as facts_of

    found = facts_of.facts()
    trouble = facts_of.problems(found)
    if as_json:
        show_json({**found, "problems": trouble})
        return
    for room, values in found.items():
        show(Text(room, style="bold"))
        for name, value in values.items():
            label = name.removesuffix("_bytes").replace("_", " ")
            show(f"  {label}: {_said(name, value)}")
    for sentence in trouble:
        say(f"warning: {sentence}")


def _said(name: str, value: Any) -> str:
    """A fact in words."""
    if name.endswith("bytes"):
        return quantity(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)

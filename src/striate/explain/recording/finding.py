"""Names and steps of a recording, and what to say when one is not there."""

from __future__ import annotations

import bisect
import difflib
from collections.abc import Sequence

from striate.errors import ArgumentError, Problem
from striate.explain.recording._layout import Entry
from striate.explain.recording._selecting import GRAD

SECOND_NAMES = {"/output": "", "/weights": "/kernel"}
"""What people call things: conv1/output is conv1, conv1/weights is conv1/kernel."""


def find_entry(entries: Sequence[Entry], name: str, on: str | None, where: str) -> int:
    """The place of an array among the entries.

    Args:
        entries: of the recording. name: as it was recorded, or a second name. on: "probe", "batch" or None
            for whichever there is, the probe first. where: for messages.

    Raises:
        ArgumentError: there is no such array.
    """
    for candidate in (name, _first_name(name)):
        places = [n for n, entry in enumerate(entries) if entry.name == candidate and on in (None, entry.on)]
        if places:
            return places[0]
    names = list(dict.fromkeys(entry.name for entry in entries))
    near = difflib.get_close_matches(name, names, 1)
    happened = f"there is no {name!r}" + (f" on {on!r}" if on is not None and name in names else "")
    listed = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    cure = f"Did you mean {near[0]!r}?" if near and near[0] != name else "Record it with layers= and what=."
    raise ArgumentError(Problem(where, happened, f"one of {listed}", cure))


def find_step(steps: Sequence[int], step: int, where: str) -> int:
    """The place of a step among those that were recorded.

    Raises:
        ArgumentError: it was not recorded; the nearest ones are told.
    """
    place = bisect.bisect_left(steps, step)
    if place < len(steps) and steps[place] == step:
        return place
    near = [str(steps[n]) for n in (place - 1, place) if 0 <= n < len(steps)]
    cure = f"The nearest: {' and '.join(near)}." if near else "Nothing is recorded yet."
    raise ArgumentError(Problem(where, f"step {step!r} was not recorded", "a recorded step", cure))


def _first_name(name: str) -> str:
    """The recorded name behind a second one."""
    plain, grad = (name.removesuffix(GRAD), GRAD) if name.endswith(GRAD) else (name, "")
    for ending, meant in SECOND_NAMES.items():
        if plain.endswith(ending):
            return plain.removesuffix(ending) + meant + grad
    return name

"""A fetched data set, kept as arrays so that the second load needs no network and no decoding."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from striate.datasets._arrays import Arrays, Pins, check, recall, store
from striate.datasets._fetch import Source, fetch
from striate.datasets._home import home, locked


def folder_of(name: str) -> Path:
    """Where the arrays of a fetched data set are kept."""
    return home() / "datasets" / name


def load_cached(name: str, sources: Sequence[Source], pins: Pins) -> Arrays:
    """The stored arrays, or fetched ones that are stored on the way; two processes never fetch twice.

    Args:
        name: of the data set. sources: where to look when it is not stored. pins: what the arrays must be.

    Raises:
        DataError: nothing is stored and no source has it.
    """
    folder = folder_of(name)
    arrays = recall(folder, pins)
    if arrays is not None:
        return arrays
    with locked(home() / "locks" / f"{name}.lock"):
        arrays = recall(folder, pins)  # another process may have been here while we waited
        if arrays is None:
            arrays = fetch(name, sources, lambda found, where: check(found, pins, where))
            store(folder, arrays)
    return arrays

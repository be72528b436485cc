"""What a file of another framework holds, once it has been read as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from striate.errors import ArgumentError, Problem
from striate.formats._entry_rules import printable

KINDS = ("torch", "safetensors", "keras-h5", "keras-zip", "tfjs", "numpy", "pickled-arrays")
"""The kinds of file that are read."""


@dataclass(frozen=True)
class ForeignTensors:
    """Names and arrays of a file of another framework, and what else it says in plain values.

    Args:
        kind: one of KINDS.
        tensors: the arrays by name, in the order of the file; nested containers join their keys with "/".
            They cannot be written to: some may share their memory, as they did where they came from.
        metadata: plain JSON values; each reader says which.

    >>> weights = ForeignTensors("torch", {"model/fc.bias": np.zeros(2), "optimizer/step": np.zeros(())}, {})
    >>> weights.groups
    {'model': 1, 'optimizer': 1}
    >>> list(weights.under("model").tensors)
    ['fc.bias']
    """

    kind: str
    tensors: Mapping[str, np.ndarray]
    metadata: Mapping[str, Any]

    @property
    def parameters(self) -> int:
        """How many numbers there are in all."""
        return sum(array.size for array in self.tensors.values())

    @property
    def groups(self) -> dict[str, int]:
        """How many tensors lie under each name before the first "/"; "" for those without one."""
        counts: dict[str, int] = {}
        for name in self.tensors:
            group = name.partition("/")[0] if "/" in name else ""
            counts[group] = counts.get(group, 0) + 1
        return counts

    def under(self, group: str) -> ForeignTensors:
        """The tensors of one group, such as "state_dict" of a checkpoint, without its name in front.

        Raises:
            ArgumentError: there is no such group.
        """
        start = f"{group.strip('/')}/"
        found = {name[len(start) :]: array for name, array in self.tensors.items() if name.startswith(start)}
        if not found:
            known = ", ".join(printable(name) for name in self.groups if name) or "none"
            happened = f"there is no group {printable(group)!r}"
            raise ArgumentError(
                Problem("group", happened, f"one of: {known}", "Look at .groups of these tensors.")
            )
        return ForeignTensors(self.kind, found, self.metadata)

    def widened(self) -> ForeignTensors:
        """The same with float16, bfloat16 and float8 as float32, which holds all their numbers exactly."""
        return ForeignTensors(self.kind, {n: _widened(a) for n, a in self.tensors.items()}, self.metadata)


def _widened(array: np.ndarray) -> np.ndarray:
    """A float32 copy of a short float; any other array as it is."""
    if array.dtype.itemsize > 2 or array.dtype.kind in "biu":
        return array
    wide = array.astype(np.float32)
    wide.flags.writeable = False
    return wide

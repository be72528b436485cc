"""How a trained network is adopted, as one value that is kept with the order of a run."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from striate.errors import ArgumentError, Problem
from striate.images import Preprocessing


@dataclass(frozen=True)
class Tuning:
    """How the weights of a trained network become those of another one.

    Args:
        source: the name of weights, or the path of a file. model: the architecture of a file without one.
        digest: tells the source from others. preprocessing: how pictures become the input.
        learn: what learns once the head does: "all", "none", or from which layer on.
        head_epochs, head_rate: of the head alone, on the features that the rest gives.
        fall: the rates of three parts of the network fall by this factor from each to the one before it.
    """

    source: str
    digest: str
    preprocessing: Preprocessing
    model: str | None = None
    learn: str = "all"
    head_epochs: int = 100
    head_rate: float = 0.003
    fall: float = 0.5

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values that `from_json` reads."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {**values, "preprocessing": self.preprocessing.to_json()}

    @classmethod
    def from_json(cls, values: Any, where: str) -> Tuning:
        """What `to_json` wrote.

        Raises:
            StriateError: the fields are not those that were written.
        """
        kinds: dict[str, Any] = {
            "source": str, "digest": str, "preprocessing": dict, "model": str | None, "learn": str,
            "head_epochs": int, "head_rate": float, "fall": float,
        }  # fmt: skip
        found = dict(values) if isinstance(values, Mapping) else {}
        if sorted(kinds) != sorted(map(str, found)) or not all(
            isinstance(found[name], kind) for name, kind in kinds.items()
        ):
            happened = f"its fields are {', '.join(map(str, found)) or 'none'}"
            raise ArgumentError(Problem(where, happened, ", ".join(kinds), "Start a new run."))
        return cls(**{**found, "preprocessing": Preprocessing.from_json(found["preprocessing"], where)})

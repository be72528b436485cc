"""What a schedule is, and the rules its fields share."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from striate.layers._rule_kinds import number, whole
from striate.layers._rules import Rule, check_fields
from striate.training._registry import to_config

RATE = number("Choose a learning rate such as 0.001.", 0.0)
STEPS = whole("Choose the number of steps, for instance epochs · steps of an epoch.", 1)
FRACTION = number("Choose a fraction such as 0.1.", 0.0, 1.0)
FACTOR = number("Choose a factor such as 0.5.", 0.0)


@dataclass(frozen=True)
class Schedule(abc.ABC):
    """A frozen value; called with a step, or an array of steps, it gives float32 rates of the same shape."""

    RULES: ClassVar[Mapping[str, Rule]] = {}

    def __post_init__(self) -> None:
        """Bring each field to its canonical form and refuse, all at once, what its rule refuses."""
        check_fields(self)

    def __call__(self, step: int | np.ndarray) -> np.ndarray:
        """The learning rate at each step; the first step is 0.

        Args:
            step: one step, or an array of them.

        Returns:
            float32 of the same shape.
        """
        return np.asarray(self.rate(np.asarray(step, np.float64)), np.float32)

    @abc.abstractmethod
    def rate(self, step: np.ndarray) -> np.ndarray:
        """The formula, in float64."""

    def get_config(self) -> dict[str, Any]:
        """Plain JSON values that `get` turns back into this schedule."""
        return to_config(self)

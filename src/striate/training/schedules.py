"""Learning rates that change from step to step, by Keras name; evaluated on the host for many steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from striate.errors import Problem
from striate.layers._rule_kinds import flag, number
from striate.layers._rules import RefusedError, Rule, as_number, as_sequence
from striate.training._cosine import CosineDecay, CosineDecayRestarts, OneCycle
from striate.training._registry import Registry
from striate.training._schedule import FACTOR, RATE, STEPS, Schedule

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "OneCycle",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "Schedule",
    "get",
]


def _numbers(value: Any, axes: int) -> tuple[float, ...]:
    """A tuple of finite numbers."""
    numbers = as_sequence(value)
    if any(as_number(each) < 0 for each in numbers):
        raise RefusedError
    return tuple(numbers)


_NUMBERS = Rule(
    "value", "a tuple of numbers of at least 0", "Write for instance (100, 200).", _numbers, (None, 3, "ab")
)


@dataclass(frozen=True)
class ExponentialDecay(Schedule):
    """rate = initial · decay_rate ^ (step / decay_steps); the exponent is a whole number with `staircase`.

    >>> ExponentialDecay(0.8, decay_steps=10, decay_rate=0.5)(np.array([0, 10, 20]))
    array([0.8, 0.4, 0.2], dtype=float32)
    """

    RULES: ClassVar[Mapping[str, Rule]] = {
        "initial_learning_rate": RATE,
        "decay_steps": STEPS,
        "decay_rate": FACTOR,
        "staircase": flag("True decays in jumps."),
    }

    initial_learning_rate: float
    decay_steps: int
    decay_rate: float
    staircase: bool = False

    def rate(self, step: np.ndarray) -> np.ndarray:
        """A geometric decay."""
        return self.initial_learning_rate * self.decay_rate ** _periods(
            step, self.decay_steps, self.staircase
        )


@dataclass(frozen=True)
class InverseTimeDecay(Schedule):
    """rate = initial / (1 + decay_rate · step / decay_steps)."""

    RULES: ClassVar[Mapping[str, Rule]] = ExponentialDecay.RULES

    initial_learning_rate: float
    decay_steps: int
    decay_rate: float
    staircase: bool = False

    def rate(self, step: np.ndarray) -> np.ndarray:
        """A hyperbolic decay."""
        return self.initial_learning_rate / (
            1 + self.decay_rate * _periods(step, self.decay_steps, self.staircase)
        )


@dataclass(frozen=True)
class PiecewiseConstantDecay(Schedule):
    """rate = values[i] up to and including step boundaries[i], values[-1] afterwards.

    >>> PiecewiseConstantDecay((100,), (0.1, 0.01))(np.array([100, 101]))
    array([0.1 , 0.01], dtype=float32)
    """

    RULES: ClassVar[Mapping[str, Rule]] = {"boundaries": _NUMBERS, "values": _NUMBERS}

    boundaries: tuple[float, ...]
    values: tuple[float, ...]

    def conflicts(self) -> Iterator[Problem]:
        """One value more than boundaries, and boundaries that rise."""
        where = "PiecewiseConstantDecay"
        if len(self.values) != len(self.boundaries) + 1:
            happened = f"there are {len(self.boundaries)} boundaries and {len(self.values)} values"
            yield Problem(where, happened, "one value more than boundaries", "Add or take away a value.")
        if any(low >= high for low, high in zip(self.boundaries, self.boundaries[1:], strict=False)):
            yield Problem(
                where, f"the boundaries are {self.boundaries}", "boundaries that rise", "Sort them."
            )

    def rate(self, step: np.ndarray) -> np.ndarray:
        """A staircase."""
        return np.asarray(self.values, np.float64)[
            np.searchsorted(np.asarray(self.boundaries), step, side="left")
        ]


@dataclass(frozen=True)
class PolynomialDecay(Schedule):
    """rate = (initial - end) · (1 - step / decay_steps) ^ power + end; `cycle` starts it over."""

    RULES: ClassVar[Mapping[str, Rule]] = {
        "initial_learning_rate": RATE,
        "decay_steps": STEPS,
        "end_learning_rate": RATE,
        "power": number("Choose a power such as 1, a straight line.", 0.0),
        "cycle": flag("True starts over."),
    }

    initial_learning_rate: float
    decay_steps: int
    end_learning_rate: float = 0.0001
    power: float = 1.0
    cycle: bool = False

    def rate(self, step: np.ndarray) -> np.ndarray:
        """A line for power 1."""
        periods = np.maximum(np.ceil(step / self.decay_steps), 1.0) if self.cycle else np.ones_like(step)
        done = np.minimum(step / (self.decay_steps * periods), 1.0)
        span = self.initial_learning_rate - self.end_learning_rate
        return span * (1 - done) ** self.power + self.end_learning_rate


def _periods(step: np.ndarray, steps: int, staircase: bool) -> np.ndarray:
    """How many times `steps` have gone by, in whole numbers with `staircase`."""
    return np.floor(step / steps) if staircase else step / steps


_REGISTRY: Registry[Schedule] = Registry(
    "schedule",
    "schedules",
    (
        ExponentialDecay,
        InverseTimeDecay,
        PiecewiseConstantDecay,
        PolynomialDecay,
        CosineDecay,
        CosineDecayRestarts,
        OneCycle,
    ),
)


def get(config: Schedule | Mapping[str, Any]) -> Schedule:
    """The schedule that `get_config` described, or the schedule itself.

    >>> get(CosineDecay(0.1, 100).get_config())
    CosineDecay(initial_learning_rate=0.1, decay_steps=100, alpha=0.0, warmup_target=None, warmup_steps=0)
    """
    return _REGISTRY.get(config, Schedule)  # type: ignore[type-abstract]

"""Schedules made of half cosines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from striate.layers._rule_kinds import flag, number, whole
from striate.layers._rules import Rule, optional
from striate.training._schedule import FACTOR, FRACTION, RATE, STEPS, Schedule


@dataclass(frozen=True)
class CosineDecay(Schedule):
    """A line from initial to `warmup_target`, then half a cosine down to alpha times it (arXiv 1608.03983).

    rate = top · ((1 - alpha) · (1 + cos(π · step / decay_steps)) / 2 + alpha), counted from the warm-up's end

    >>> CosineDecay(0.0, 100, warmup_target=0.2, warmup_steps=10)(np.array([0, 5, 10, 60, 110]))
    array([0. , 0.1, 0.2, 0.1, 0. ], dtype=float32)
    """

    RULES: ClassVar[Mapping[str, Rule]] = {
        "initial_learning_rate": RATE,
        "decay_steps": STEPS,
        "alpha": FRACTION,
        "warmup_target": optional(RATE),
        "warmup_steps": whole("Choose a number of steps.", 0),
    }

    initial_learning_rate: float
    decay_steps: int
    alpha: float = 0.0
    warmup_target: float | None = None
    warmup_steps: int = 0

    def rate(self, step: np.ndarray) -> np.ndarray:
        """Warm-up where step < warmup_steps, the cosine after it."""
        warmup = 0 if self.warmup_target is None else self.warmup_steps
        top = self.initial_learning_rate if self.warmup_target is None else self.warmup_target
        done = np.clip((step - warmup) / self.decay_steps, 0.0, 1.0)
        cosine = top * ((1 - self.alpha) * _half_cosine(done) + self.alpha)
        line = self.initial_learning_rate + (top - self.initial_learning_rate) * step / max(warmup, 1)
        return np.where(step < warmup, line, cosine)


@dataclass(frozen=True)
class CosineDecayRestarts(Schedule):
    """Half cosines in a row, each `t_mul` times longer and `m_mul` times as high (arXiv 1608.03983)."""

    RULES: ClassVar[Mapping[str, Rule]] = {
        "initial_learning_rate": RATE,
        "first_decay_steps": STEPS,
        "alpha": FRACTION,
        "m_mul": FACTOR,
        "t_mul": number("Choose a factor of at least 1, such as 2.", 1.0),
    }

    initial_learning_rate: float
    first_decay_steps: int
    t_mul: float = 2.0
    m_mul: float = 1.0
    alpha: float = 0.0

    def rate(self, step: np.ndarray) -> np.ndarray:
        """The cosine of the period that holds the step."""
        periods = step / self.first_decay_steps
        if self.t_mul == 1.0:
            restart = np.floor(periods)
            done = periods - restart
        else:
            # The tiny addition keeps a restart that is exact in theory from falling short by rounding.
            restart = np.floor(np.log(1 + periods * (self.t_mul - 1)) / np.log(self.t_mul) + 1e-9)
            begin = (self.t_mul**restart - 1) / (self.t_mul - 1)
            done = np.maximum(periods - begin, 0.0) / self.t_mul**restart
        cosine = self.m_mul**restart * _half_cosine(done)
        return self.initial_learning_rate * ((1 - self.alpha) * cosine + self.alpha)


@dataclass(frozen=True)
class OneCycle(Schedule):
    """Up to `max_learning_rate`, then down to nearly nothing by the last step (arXiv 1708.07120).

    Args:
        max_learning_rate: the top. total_steps: epochs · steps of an epoch.
        warmup: the fraction of the steps that climb.
        start_fraction, end_fraction: where it starts and ends, as fractions of the top.
        linear: straight lines instead of half cosines.

    >>> cycle = OneCycle(0.4, 100, warmup=0.5, start_fraction=0.0, end_fraction=0.0, linear=True)
    >>> cycle(np.array([0, 25, 50, 75]))
    array([0. , 0.2, 0.4, 0.2], dtype=float32)
    """

    RULES: ClassVar[Mapping[str, Rule]] = {
        "max_learning_rate": RATE,
        "total_steps": STEPS,
        "warmup": FRACTION,
        "start_fraction": FRACTION,
        "end_fraction": FRACTION,
        "linear": flag("True climbs and falls in straight lines."),
    }

    max_learning_rate: float
    total_steps: int
    warmup: float = 0.3
    start_fraction: float = 0.04
    end_fraction: float = 4e-6
    linear: bool = False

    def rate(self, step: np.ndarray) -> np.ndarray:
        """Two pieces that meet at the top."""
        top = self.warmup * self.total_steps
        rising = 1 - np.clip(step / max(top, 1e-9), 0.0, 1.0)
        falling = np.clip((step - top) / max(self.total_steps - top, 1e-9), 0.0, 1.0)
        away = np.where(step < top, rising, falling)
        height = 1 - away if self.linear else _half_cosine(away)
        low = np.where(step < top, self.start_fraction, self.end_fraction)
        return self.max_learning_rate * (low + (1 - low) * height)


def _half_cosine(done: np.ndarray) -> np.ndarray:
    """From 1 at 0 down to 0 at 1."""
    return 0.5 * (1 + np.cos(np.pi * done))

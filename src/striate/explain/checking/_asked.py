"""What every check is given, and what it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import jax.numpy as jnp
import numpy as np

from striate.explain._reading import Reading
from striate.explain.attribution._attribution import Attribution
from striate.explain.attribution._badge import Badge
from striate.explain.attribution._intervals import mean_interval
from striate.explain.attribution.methods import Method
from striate.models import Model


@dataclass(frozen=True, eq=False)
class Asked:
    """A method at work on a model and some pictures.

    Args:
        model, reading: the model, and the pictures in it. method, options: how they are explained.
        found: its attribution. seed: draws whatever is drawn.
        training: (x, y) to train a twin on random labels, or None.
    """

    model: Model
    reading: Reading
    method: Method
    options: Mapping[str, Any]
    found: Attribution
    seed: int = 0
    training: tuple[Any, Any] | None = None

    def again(self, reading: Reading) -> Attribution:
        """The same method, options and classes on another reading."""
        return self.method(reading, self.found.aim.classes.tolist(), **self.options)

    def with_weights(self, variables: Mapping[str, Any]) -> Attribution:
        """The attribution of the same pictures by a network of the same make with other weights."""
        return self.again(replace(self.reading, variables=variables))

    def with_pictures(self, x: Any) -> Attribution:
        """The attribution of other pictures."""
        return self.again(self.moved(x))

    def moved(self, x: Any) -> Reading:
        """The reading with other pictures in the network's own scale."""
        name = self.reading.network.inputs[0].name
        return replace(self.reading, inputs={**self.reading.inputs, name: jnp.asarray(x, jnp.float32)})


@dataclass(frozen=True, eq=False)
class Measured:
    """What a check measured.

    Args:
        check: its name. numbers: (N,) one for each picture, NaN where there is none.
        measures: what the numbers are. criterion: what decides, in words.
        least, most: the mean's interval must lie above or below; None where that does not decide.
        curves: {name: (T,)} for a chart, `axis` being its label and `places` its x.
    """

    check: str
    numbers: np.ndarray
    measures: str
    criterion: str
    least: float | None = None
    most: float | None = None
    curves: Mapping[str, np.ndarray] = field(default_factory=dict)
    axis: str = ""
    places: np.ndarray | None = None
    note: str = ""

    def badge(self) -> Badge:
        """The mean, its interval, and whether the criterion is met.

        With a single picture there is no interval, and the number itself decides.
        """
        mean, low, high = mean_interval(self.numbers)
        count = int(np.isfinite(self.numbers).sum())
        worst_low, worst_high = (mean, mean) if count == 1 else (low, high)
        holds: bool | None = None
        if count and self.least is not None:
            holds = worst_low > self.least
        if count and self.most is not None:
            holds = worst_high < self.most
        return Badge(self.check, mean, low, high, holds, self.criterion, self.measures, count)

"""A number, and a count of things."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from striate.errors import ArgumentError, Problem
from striate.tasks.answers.answer import Answer, Case
from striate.tasks.answers.calibration import calibrate
from striate.tasks.answers.measures import Measure, first, measure, ratio, root
from striate.tasks.answers.scored import Scored, shown
from striate.training import losses
from striate.training.losses import Loss

LOSSES = {"mse": losses.MeanSquaredError, "mae": losses.MeanAbsoluteError, "huber": losses.Huber}


@dataclass(frozen=True)
class _Number(Answer):
    """The part that counts and other numbers share."""

    def prepare(self, targets: np.ndarray) -> np.ndarray:
        """(N, units) float32."""
        return np.asarray(targets, np.float32).reshape(len(targets), self.units)

    def metrics(self) -> list[str]:
        """The mean absolute error."""
        return ["mae"]

    def outputs(self, raw: np.ndarray) -> np.ndarray:
        """The network's numbers in the unit of the targets."""
        return np.asarray(raw, np.float64)

    def score(self, outputs: np.ndarray, targets: np.ndarray, known: np.ndarray, *, seed: int = 0) -> Scored:
        """Errors beside those of always saying the training pictures' mean."""
        said = self.outputs(outputs).reshape(len(outputs), self.units)
        truth = np.asarray(targets, np.float64).reshape(said.shape)
        mean = np.asarray(known, np.float64).reshape(len(known), self.units).mean(axis=0)
        usual = np.broadcast_to(mean, said.shape)
        error = np.abs(said - truth).mean(axis=1)
        return Scored(
            self.KIND,
            len(truth),
            tuple(self.measures(said, truth, usual, seed)),
            f"always saying the mean, {', '.join(shown(float(one)) for one in mean)},",
            calibrate(said.ravel(), truth.ravel(), "value"),
            truth[:, 0] if self.units == 1 else truth,
            said[:, 0] if self.units == 1 else said,
            error,
            np.ones(len(truth), bool),
        )

    def measures(self, said: np.ndarray, truth: np.ndarray, usual: np.ndarray, seed: int) -> list[Measure]:
        """What is measured."""
        down: dict[str, Any] = {"higher_is_better": False, "seed": seed}
        apart = [np.abs(each - truth).mean(axis=1, keepdims=True) for each in (said, usual)]
        squares = [((each - truth) ** 2).mean(axis=1, keepdims=True) for each in (said, usual)]
        return [
            measure("mean absolute error", apart[0], apart[1], first, **down),
            measure("root mean square error", squares[0], squares[1], root, **down),
            measure("R²", _spread(said, truth), None, _explained, seed=seed),
        ]

    def numbers(self, output: np.ndarray) -> list[float]:
        """In the unit of the targets."""
        return self.outputs(output[None])[0].tolist()

    def say(self, output: np.ndarray, top: int = 3) -> Case:
        """The number itself."""
        found = self.numbers(output)
        text = ", ".join(f"{name} {shown(one)}" for name, one in zip(self.names, found, strict=True))
        return Case(text, {"numbers": dict(zip(self.names, found, strict=True))})


@dataclass(frozen=True)
class Continuous(_Number):
    """Any number: a linear unit; the network learns it on a scale of its own.

    output · spread + middle is in the unit of the targets, so that a network's first guess is never far off.

    Args:
        middle, spread: mean and standard deviation of the training targets. error: "mse", "mae" or "huber".

    >>> Continuous(("angle",), middle=10.0, spread=5.0).say(np.array([2.0])).text
    'angle 20'
    """

    KIND: ClassVar[str] = "continuous"
    ACTIVATION: ClassVar[str | None] = None

    middle: float = 0.0
    spread: float = 1.0
    error: str = "mse"

    def __post_init__(self) -> None:
        """The error must be known and the spread real."""
        if not isinstance(self.error, str) or self.error not in LOSSES:
            cure = "Choose 'huber' where a few targets are far off."
            raise ArgumentError(Problem("error", f"got {self.error!r}", f"one of {', '.join(LOSSES)}", cure))
        if not self.spread > 0:
            happened, cure = f"got {self.spread!r}", "There is nothing to learn where all targets are equal."
            raise ArgumentError(Problem("spread", happened, "a number above 0", cure))

    def loss(self, smoothing: float = 0.0, from_logits: bool = False) -> Loss:
        """The error, in units of the spread; numbers have no smoothing."""
        return LOSSES[self.error]()

    def prepare(self, targets: np.ndarray) -> np.ndarray:
        """(N, units) float32 on the network's own scale."""
        whole = np.asarray(targets, np.float64).reshape(len(targets), self.units)
        return ((whole - self.middle) / self.spread).astype(np.float32)

    def outputs(self, raw: np.ndarray) -> np.ndarray:
        """Back in the unit of the targets."""
        return np.asarray(raw, np.float64) * self.spread + self.middle

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {**super().to_json(), "middle": self.middle, "spread": self.spread, "error": self.error}


@dataclass(frozen=True)
class Count(_Number):
    """How many: a softplus unit gives the rate of a Poisson distribution.

    loss = rate - count · log rate, up to what does not depend on the rate

    >>> Count(("digits",)).say(np.array([3.2])).text
    'digits 3.2'
    """

    KIND: ClassVar[str] = "count"
    ACTIVATION: ClassVar[str | None] = "softplus"

    def loss(self, smoothing: float = 0.0, from_logits: bool = False) -> Loss:
        """Poisson's; counts have no smoothing."""
        return losses.Poisson()

    def measures(self, said: np.ndarray, truth: np.ndarray, usual: np.ndarray, seed: int) -> list[Measure]:
        """Errors, the Poisson deviance, and the share that is exactly right when rounded."""
        apart, squares, explained = super().measures(said, truth, usual, seed)
        deviances = [_deviance(each, truth) for each in (said, usual)]
        exact = [(np.round(each) == truth).all(axis=1, keepdims=True).astype(float) for each in (said, usual)]
        return [
            apart,
            measure("exactly right", exact[0], exact[1], first, seed=seed),
            measure("Poisson deviance", deviances[0], deviances[1], first, higher_is_better=False, seed=seed),
            squares,
            explained,
        ]


def _deviance(rate: np.ndarray, count: np.ndarray) -> np.ndarray:
    """(N, 1): 2 (count log(count / rate) - count + rate); 0 where the rate is the count."""
    safe = np.maximum(rate, 1e-12)
    logs = np.where(count > 0, count * np.log(np.where(count > 0, count, 1) / safe), 0)
    return 2 * (logs - count + safe).mean(axis=1, keepdims=True)


def _spread(said: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(N, 3): squared error, truth, and its square, from whose means R² follows."""
    error = ((said - truth) ** 2).mean(axis=1)
    centred = truth - truth.mean(axis=0)
    return np.stack([error, centred.mean(axis=1), (centred**2).mean(axis=1)], axis=1)


def _explained(means: np.ndarray) -> np.ndarray:
    """1 - error / variance."""
    return 1 - ratio(means[..., 0], means[..., 2] - means[..., 1] ** 2)

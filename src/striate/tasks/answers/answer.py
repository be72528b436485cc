"""What a kind of answer is: the head it needs, how it learns, and what it is worth."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from striate.layers import Dense
from striate.tasks.answers.scored import Scored
from striate.training.losses import Loss


@dataclass(frozen=True)
class Case:
    """One answer in words.

    Args:
        text: what the model says, such as "82 % cat". values: the same as plain JSON values.
    """

    text: str
    values: dict[str, Any]


@dataclass(frozen=True)
class Answer(abc.ABC):
    """A kind of answer, frozen: everything about a job that depends on what is asked and not on the pictures.

    Args:
        names: of the classes or labels in order; of the number that is predicted.
    """

    KIND: ClassVar[str]
    ACTIVATION: ClassVar[str | None]

    names: tuple[str, ...]

    @property
    def units(self) -> int:
        """How many numbers the network gives."""
        return len(self.names)

    @property
    def is_classes(self) -> bool:
        """Whether each picture belongs to exactly one class."""
        return False

    def head(self, name: str = "answer") -> Dense:
        """The last layer."""
        return Dense(self.units, activation=self.ACTIVATION, name=name)

    @abc.abstractmethod
    def loss(self, smoothing: float = 0.0, from_logits: bool = False) -> Loss:
        """What training makes small.

        Args:
            smoothing: the share of each label that is spread over all. from_logits: whether the network ends
                before the activation of its answer.
        """

    @abc.abstractmethod
    def metrics(self) -> list[str]:
        """What is shown while training."""

    @abc.abstractmethod
    def prepare(self, targets: np.ndarray) -> np.ndarray:
        """Targets as the loss wants them."""

    @abc.abstractmethod
    def score(self, outputs: np.ndarray, targets: np.ndarray, known: np.ndarray, *, seed: int = 0) -> Scored:
        """Compare outputs with targets.

        Args:
            outputs: (N, units) of the network. targets: (N, ...) the truth, as in the data.
            known: (M, ...) the training targets, from which the baseline is made. seed: of the intervals.
        """

    def gist(self, targets: np.ndarray) -> list[float]:
        """What a baseline must know of the training targets, for the model file: their mean."""
        return np.asarray(targets, np.float64).reshape(len(targets), self.units).mean(axis=0).tolist()

    def known(self, gist: Sequence[float]) -> np.ndarray:
        """Targets with this gist, for `score`."""
        return np.asarray(gist, np.float64).reshape(1, self.units)

    def from_raw(self, outputs: np.ndarray) -> np.ndarray:
        """(N, units) of a network that ends before its answer's activation, brought to what it stands for."""
        return outputs

    @abc.abstractmethod
    def say(self, output: np.ndarray, top: int = 3) -> Case:
        """One picture's output, (units,), in words."""

    def numbers(self, output: np.ndarray) -> list[float]:
        """One picture's numbers, one for each name: probabilities, or numbers in the unit of the targets."""
        return [float(value) for value in output]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values that `answers.from_json` reads."""
        return {"kind": self.KIND, "names": list(self.names)}


def likeliest(chances: Sequence[float] | np.ndarray, names: Sequence[str], top: int) -> Case:
    """The likeliest classes in words; equal chances in the order of the classes."""
    order = np.argsort(-np.asarray(chances), kind="stable")[:top]
    found = [(names[int(i)], float(chances[int(i)])) for i in order]
    text = ", ".join(f"{percent(chance)} {name}" for name, chance in found)
    return Case(text, {"top": [{"class": name, "probability": chance} for name, chance in found]})


def percent(share: float) -> str:
    """A share as a person says it.

    >>> percent(0.824), percent(0.0004), percent(0.9996), percent(1.0)
    ('82 %', '<1 %', '>99 %', '100 %')
    """
    if 0 < share < 0.005:
        return "<1 %"
    return ">99 %" if 0.995 <= share < 1 else f"{100 * share:.0f} %"

"""One of two, one of many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from striate.errors import ArgumentError, Problem
from striate.tasks.answers.answer import Answer, Case, likeliest
from striate.tasks.answers.calibration import calibrate
from striate.tasks.answers.measures import Measure, first, interval, measure, ratio, with_wilson
from striate.tasks.answers.scored import Scored
from striate.training.losses import BinaryCrossentropy, Loss, SparseCategoricalCrossentropy

TINY = 1e-7
"""Probabilities are kept this far from 0 before their logarithm is taken, as in Keras."""


@dataclass(frozen=True)
class _Classes(Answer):
    """The part that does not depend on the number of classes."""

    @property
    def is_classes(self) -> bool:
        """Each picture belongs to exactly one class."""
        return True

    def metrics(self) -> list[str]:
        """The share of right answers."""
        return ["accuracy"]

    def gist(self, targets: np.ndarray) -> list[float]:
        """How many pictures each class has."""
        return np.bincount(np.asarray(targets).reshape(-1), minlength=len(self.names)).tolist()

    def known(self, gist: Sequence[float]) -> np.ndarray:
        """As many targets of each class."""
        return np.repeat(np.arange(len(self.names)), np.asarray(gist, int))

    def chances(self, outputs: np.ndarray) -> np.ndarray:
        """(N, K) probabilities from the network's outputs."""
        return np.asarray(outputs, np.float64)

    def score(self, outputs: np.ndarray, targets: np.ndarray, known: np.ndarray, *, seed: int = 0) -> Scored:
        """Accuracy, balanced accuracy and log loss; the baseline always says the most frequent class."""
        chances, truth = self.chances(outputs), np.asarray(targets).reshape(-1).astype(int)
        classes = len(self.names)
        frequent = np.bincount(np.asarray(known).reshape(-1).astype(int), minlength=classes) / len(known)
        said, sureness = chances.argmax(axis=1), chances.max(axis=1)
        majority = int(frequent.argmax())
        right, base = (said == truth).astype(float), (truth == majority).astype(float)
        rows = np.arange(len(truth))
        losses = -np.log(np.clip(chances[rows, truth], TINY, 1))
        prior = -np.log(np.clip(frequent[truth], TINY, 1))
        measures = [
            with_wilson(measure("accuracy", right[:, None], base[:, None], first, seed=seed), len(truth)),
            balanced(truth, right, base, classes, seed),
            measure("log loss", losses[:, None], prior[:, None], first, higher_is_better=False, seed=seed),
            *ranked(chances, truth, frequent, seed),
            *self.more(chances, truth, seed),
        ]
        confusion = np.bincount(truth * classes + said, minlength=classes**2).reshape(classes, classes)
        return Scored(
            self.KIND,
            len(truth),
            tuple(measures),
            f"always saying {self.names[majority]!r}",
            calibrate(sureness, right),
            truth,
            said,
            sureness,
            said != truth,
            confusion,
        )

    def more(self, chances: np.ndarray, truth: np.ndarray, seed: int) -> list[Measure]:
        """Measures of one kind only."""
        return []

    def numbers(self, output: np.ndarray) -> list[float]:
        """The probability of each class."""
        return self.chances(output[None])[0].tolist()

    def say(self, output: np.ndarray, top: int = 3) -> Case:
        """The likeliest classes."""
        return likeliest(self.chances(output[None])[0], self.names, top)


@dataclass(frozen=True)
class Multinomial(_Classes):
    """One of several classes: softmax and cross-entropy.

    >>> answer = Multinomial(("cat", "dog", "owl"))
    >>> answer.head()
    Dense(3, activation='softmax', name='answer')
    >>> answer.say(np.array([0.82, 0.15, 0.03])).text
    '82 % cat, 15 % dog, 3 % owl'
    """

    KIND: ClassVar[str] = "multinomial"
    ACTIVATION: ClassVar[str | None] = "softmax"

    def loss(self, smoothing: float = 0.0, from_logits: bool = False) -> Loss:
        """Cross-entropy of class numbers."""
        return SparseCategoricalCrossentropy(from_logits=from_logits, label_smoothing=smoothing)

    def from_raw(self, outputs: np.ndarray) -> np.ndarray:
        """Logits through a softmax."""
        return softmax(outputs)

    def prepare(self, targets: np.ndarray) -> np.ndarray:
        """(N,) class numbers."""
        return np.asarray(targets).reshape(-1).astype(np.int32)


@dataclass(frozen=True)
class Binary(_Classes):
    """One of two classes: a single sigmoid unit that gives the chance of the second.

    >>> Binary(("no", "yes")).say(np.array([0.9])).text
    '90 % yes, 10 % no'
    """

    KIND: ClassVar[str] = "binary"
    ACTIVATION: ClassVar[str | None] = "sigmoid"

    def __post_init__(self) -> None:
        """There must be two."""
        if len(self.names) != 2:
            happened = f"there are {len(self.names)} classes"
            cure = "Use a multinomial answer for more than two."
            raise ArgumentError(Problem("binary answer", happened, "two classes", cure))

    @property
    def units(self) -> int:
        """One unit: the chance of the second class."""
        return 1

    def loss(self, smoothing: float = 0.0, from_logits: bool = False) -> Loss:
        """Cross-entropy of yes or no."""
        return BinaryCrossentropy(from_logits=from_logits, label_smoothing=smoothing)

    def from_raw(self, outputs: np.ndarray) -> np.ndarray:
        """Logits through a sigmoid."""
        return logistic(outputs)

    def prepare(self, targets: np.ndarray) -> np.ndarray:
        """(N, 1) of 0 and 1."""
        return np.asarray(targets).reshape(-1, 1).astype(np.float32)

    def chances(self, outputs: np.ndarray) -> np.ndarray:
        """(N, 2)."""
        yes = np.asarray(outputs, np.float64).reshape(-1, 1)
        return np.concatenate([1 - yes, yes], axis=1)

    def more(self, chances: np.ndarray, truth: np.ndarray, seed: int) -> list[Measure]:
        """The area under the ROC curve."""
        return [area(chances[:, 1], truth, seed)]


def ranked(chances: np.ndarray, truth: np.ndarray, frequent: np.ndarray, seed: int) -> list[Measure]:
    """The shares of pictures whose class is among the 3 and the 5 likeliest; equals rank by number."""
    found = []
    for k in (3, 5):
        if k < chances.shape[1]:
            columns = [
                _within(k, each, truth) for each in (chances, np.broadcast_to(frequent, chances.shape))
            ]
            found.append(measure(f"top {k} accuracy", columns[0], columns[1], first, seed=seed))
    return found


def _within(k: int, chances: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(N, 1) of 1 where fewer than k classes come before the true one."""
    own, before = chances[np.arange(len(truth)), truth][:, None], np.arange(chances.shape[1]) < truth[:, None]
    ahead = (chances > own) | (chances == own) & before
    return (ahead.sum(axis=1) < k).astype(float)[:, None]


def softmax(logits: np.ndarray) -> np.ndarray:
    """exp(z) / Σ exp(z) along the last axis.

    >>> softmax(np.array([[0.0, 0.0], [1000.0, 0.0]])).tolist()
    [[0.5, 0.5], [1.0, 0.0]]
    """
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def logistic(logits: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-z)), which overflows nowhere.

    >>> logistic(np.array([0.0, 1000.0, -1000.0])).tolist()
    [0.5, 1.0, 0.0]
    """
    return (1 + np.tanh(np.asarray(logits, np.float64) / 2)) / 2


def balanced(truth: np.ndarray, right: np.ndarray, base: np.ndarray, classes: int, seed: int) -> Measure:
    """The mean over the classes of the share that was found."""
    own = np.eye(classes)[truth]

    def combine(means: np.ndarray) -> np.ndarray:
        found = ratio(means[..., :classes], means[..., classes:])
        known = ~np.isnan(found)
        return ratio(np.where(known, found, 0).sum(-1), known.sum(-1))

    columns = [np.concatenate([own * hit[:, None], own], axis=1) for hit in (right, base)]
    return measure("balanced accuracy", columns[0], columns[1], combine, seed=seed)


def area(chances: np.ndarray, truth: np.ndarray, seed: int, resamples: int = 200) -> Measure:
    """The chance that a picture of the second class gets a higher number than one of the first (AUC).

    AUC = Σ_i Σ_j [s_i > s_j] + [s_i = s_j] / 2 over pairs of a yes i and a no j, divided by their number.

    >>> round(area(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1]), 0).value, 2)
    0.75
    """
    order = np.argsort(chances, kind="stable")
    values, yes = chances[order], truth[order].astype(bool)
    groups = np.concatenate([[0], np.flatnonzero(np.diff(values)) + 1])

    def auc(weights: np.ndarray) -> np.ndarray:
        high = np.add.reduceat(weights * yes, groups, axis=-1)
        low = np.add.reduceat(weights * ~yes, groups, axis=-1)
        below = np.cumsum(low, axis=-1) - low / 2
        return ratio((high * below).sum(-1), high.sum(-1) * low.sum(-1))

    count = len(chances)
    weights = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=resamples)
    value = float(auc(np.ones((1, count)))[0])
    spread = auc(weights.astype(np.float64))
    low, high = interval(spread)
    return Measure("area under ROC", value, low, high, 0.5, (value - 0.5, low - 0.5, high - 0.5))

"""Several labels at once, each there or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from striate.tasks.answers.answer import Answer, Case, percent
from striate.tasks.answers.calibration import calibrate
from striate.tasks.answers.classes import TINY, logistic
from striate.tasks.answers.measures import first, measure, ratio
from striate.tasks.answers.scored import Scored
from striate.training.losses import BinaryCrossentropy, Loss

THRESHOLD = 0.5


@dataclass(frozen=True)
class MultiLabel(Answer):
    """Any number of labels: a sigmoid unit each.

    >>> MultiLabel(("red", "round")).say(np.array([0.9, 0.2])).text
    '90 % red; not round (20 %)'
    """

    KIND: ClassVar[str] = "multilabel"
    ACTIVATION: ClassVar[str | None] = "sigmoid"

    def loss(self, smoothing: float = 0.0, from_logits: bool = False) -> Loss:
        """Cross-entropy of each label, averaged."""
        return BinaryCrossentropy(from_logits=from_logits, label_smoothing=smoothing)

    def from_raw(self, outputs: np.ndarray) -> np.ndarray:
        """Logits through a sigmoid."""
        return logistic(outputs)

    def metrics(self) -> list[str]:
        """The share of single labels that are right."""
        return ["binary_accuracy"]

    def prepare(self, targets: np.ndarray) -> np.ndarray:
        """(N, L) of 0 and 1."""
        return np.asarray(targets).reshape(len(targets), self.units).astype(np.float32)

    def score(self, outputs: np.ndarray, targets: np.ndarray, known: np.ndarray, *, seed: int = 0) -> Scored:
        """Labels right, all of them right, and F1; the baseline says what most training pictures have."""
        chances = np.asarray(outputs, np.float64)
        truth = self.prepare(targets).astype(int)
        frequent = self.prepare(known).mean(axis=0)
        said, usual = chances > THRESHOLD, np.broadcast_to(frequent > THRESHOLD, chances.shape)
        guessed = np.broadcast_to(frequent, chances.shape)
        measures = [
            measure("label accuracy", *_each(said == truth, usual == truth), first, seed=seed),
            measure("all labels right", *_all(said == truth, usual == truth), first, seed=seed),
            measure("F1", _hits(said, truth), _hits(usual, truth), _f1, seed=seed),
            measure(
                "log loss",
                _surprise(chances, truth),
                _surprise(guessed, truth),
                first,
                higher_is_better=False,
                seed=seed,
            ),
        ]
        sureness = np.where(said == truth, 0, np.abs(chances - 0.5)).max(axis=1)
        return Scored(
            self.KIND,
            len(truth),
            tuple(measures),
            "giving each label that most pictures have",
            calibrate(chances.ravel(), truth.ravel()),
            truth,
            said.astype(int),
            sureness,
            (said != truth).any(axis=1),
        )

    def say(self, output: np.ndarray, top: int = 3) -> Case:
        """The labels that are there, the likeliest first; without any, the nearest ones."""
        order = np.argsort(-output, kind="stable")
        there = [int(i) for i in order if output[i] > THRESHOLD]
        absent = [int(i) for i in order if output[i] <= THRESHOLD][: max(0, top - len(there))]
        words = [f"{percent(float(output[i]))} {self.names[i]}" for i in there]
        others = [f"not {self.names[i]} ({percent(float(output[i]))})" for i in absent]
        text = "; ".join(part for part in (", ".join(words), ", ".join(others)) if part)
        values = {name: float(chance) for name, chance in zip(self.names, output, strict=True)}
        return Case(text, {"labels": [self.names[i] for i in there], "probabilities": values})


def _each(right: np.ndarray, base: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return right.mean(axis=1, keepdims=True), base.mean(axis=1, keepdims=True)


def _all(right: np.ndarray, base: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return right.all(axis=1, keepdims=True).astype(float), base.all(axis=1, keepdims=True).astype(float)


def _hits(said: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(N, 2): labels said rightly, and labels said plus labels there."""
    both = (said & (truth == 1)).sum(axis=1)
    return np.stack([both, said.sum(axis=1) + truth.sum(axis=1)], axis=1).astype(float)


def _f1(means: np.ndarray) -> np.ndarray:
    """2 TP / (said + there), over all labels together; 0 where nothing was said and nothing was there."""
    return np.nan_to_num(ratio(2 * means[..., 0], means[..., 1]))


def _surprise(chances: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(N, 1) mean cross-entropy of a picture's labels."""
    own = np.where(truth == 1, chances, 1 - chances)
    return -np.log(np.clip(own, TINY, 1)).mean(axis=1, keepdims=True)

"""What the answers of a classifier are worth: exact counts, an honest interval, and its surest mistakes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

TINY = 1e-7
"""Probabilities are kept this far from 0 and 1 before their logarithm is taken, as in Keras."""


@dataclass(frozen=True)
class Mistake:
    """A picture that was taken for something else.

    Args:
        index: which of the pictures. label: what it is. guess: what the model said.
        probability: how sure the model was.
    """

    index: int
    label: int
    guess: int
    probability: float


@dataclass(frozen=True)
class Scores:
    """The result of a test.

    Args:
        examples: number of pictures. correct: how many were right.
        loss: mean cross-entropy in nats.
        top: {k: share of pictures whose label is among the k likeliest}.
        confusion: (K, K) counts, a row for each true class, a column for each answer.
        mistakes: the surest first.
    """

    examples: int
    correct: int
    loss: float
    top: dict[int, float]
    confusion: np.ndarray
    mistakes: tuple[Mistake, ...]

    @property
    def accuracy(self) -> float:
        """Share of right answers."""
        return self.correct / self.examples

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the accuracy."""
        return wilson(self.correct, self.examples)

    @property
    def recall(self) -> np.ndarray:
        """(K,) share of each true class that was found; NaN for a class without pictures."""
        return _ratio(np.diag(self.confusion), self.confusion.sum(axis=1))

    @property
    def precision(self) -> np.ndarray:
        """(K,) share of each answer that was right; NaN for an answer never given."""
        return _ratio(np.diag(self.confusion), self.confusion.sum(axis=0))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, without the mistakes."""
        low, high = self.interval
        tops = {f"top_{k}_accuracy": share for k, share in self.top.items()}
        return {
            "examples": self.examples,
            "loss": self.loss,
            "accuracy": self.accuracy,
            "accuracy_low": low,
            "accuracy_high": high,
            **tops,
            "confusion": self.confusion.tolist(),
        }


def score(probabilities: np.ndarray, labels: np.ndarray, most: int = 24) -> Scores:
    """Compare answers with labels.

    Args:
        probabilities: (N, K), rows that sum to 1. labels: (N,) whole numbers from 0 to K - 1.
        most: how many mistakes to keep.

    >>> scores = score(np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]]), np.array([0, 1, 1]))
    >>> scores.correct, scores.confusion.tolist(), scores.mistakes[0].index
    (2, [[1, 0], [1, 1]], 1)
    """
    classes = probabilities.shape[1]
    guesses = probabilities.argmax(axis=1)
    confusion = np.bincount(labels * classes + guesses, minlength=classes**2).reshape(classes, classes)
    own = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    rank = (probabilities > own[:, None]).sum(axis=1)
    return Scores(
        examples=len(labels),
        correct=int((guesses == labels).sum()),
        loss=float(-np.log(np.clip(own, TINY, 1 - TINY)).mean()),
        top={k: float((rank < k).mean()) for k in (3, 5) if k < classes},
        confusion=confusion,
        mistakes=_mistakes(probabilities, labels, guesses, most),
    )


def wilson(correct: int, examples: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """Wilson's score interval of a share, which stays within 0 … 1 and is honest near its ends.

    (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n);  E. B. Wilson, J. Am. Stat. Assoc. 22, 1927

    >>> [round(end, 4) for end in wilson(9900, 10000)]
    [0.9879, 0.9918]
    """
    share, width = correct / examples, z * z / examples
    middle = share + width / 2
    spread = z * math.sqrt(share * (1 - share) / examples + width / (4 * examples))
    return max(0.0, (middle - spread) / (1 + width)), min(1.0, (middle + spread) / (1 + width))


def _mistakes(
    probabilities: np.ndarray, labels: np.ndarray, guesses: np.ndarray, most: int
) -> tuple[Mistake, ...]:
    """The surest wrong answers; equal ones in the order of the pictures."""
    wrong = np.flatnonzero(guesses != labels)
    sure = probabilities[wrong, guesses[wrong]]
    order = np.argsort(-sure, kind="stable")[:most]
    return tuple(
        Mistake(int(wrong[i]), int(labels[wrong[i]]), int(guesses[wrong[i]]), float(sure[i])) for i in order
    )


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """part / whole, NaN where there is nothing."""
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)

"""Metrics that count by class: F1 and the confusion matrix."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from striate.layers._rule_kinds import choice, number, whole
from striate.layers._rules import Rule, optional
from striate.training._metric_base import (
    Metric,
    State,
    known_classes,
    labels_of,
    like_prediction,
    weights_of,
)

EPSILON = 1e-7
"""What Keras adds to the denominators of F1."""

_COUNTS = ("true_positives", "false_positives", "false_negatives")


@dataclass(frozen=True)
class F1Score(Metric):
    """The harmonic mean of precision and recall of each class: 2 P R / (P + R).

    Args:
        average: None gives (C,) an F1 for each class; "micro" counts all classes together, "macro" is the
            mean over classes and "weighted" weighs it by how often each class occurs.
        threshold: p > threshold is yes; None says yes to the largest prediction of each row.
        num_classes: C; `compile` finds it from the network's output.

    Where we differ from Keras: class numbers will do for targets.
    """

    RULES: ClassVar[Mapping[str, Rule]] = {
        "average": optional(choice("Choose how classes are put together.", "micro", "macro", "weighted")),
        "threshold": optional(number("Choose a number such as 0.5, or None.", 0.0, 1.0)),
        "num_classes": optional(whole("Give the number of classes.", 1)),
    }

    average: str | None = None
    threshold: float | None = None
    num_classes: int | None = None

    def for_output(self, shape: tuple[int, ...]) -> F1Score:
        """This metric for so many classes, unless it was told already."""
        return self if self.num_classes else replace(self, num_classes=math.prod(shape))

    def init(self) -> State:
        """No answers yet."""
        zeros = jnp.zeros(known_classes("F1Score", self.num_classes), jnp.float32)
        return dict.fromkeys(_COUNTS, zeros)

    def update(
        self, state: State, y: jax.typing.ArrayLike, p: jax.typing.ArrayLike, weight: Any = None
    ) -> State:
        """The counts of each class with one batch more."""
        prediction = jnp.asarray(p)
        truth = like_prediction(jnp.asarray(y), prediction)
        weights = weights_of(weight, prediction.shape[0])[:, None]
        prediction = prediction.reshape(len(weights), -1)
        truth = truth.reshape(prediction.shape).astype(jnp.float32)
        yes = self._answers(prediction).astype(jnp.float32)
        return {
            "true_positives": state["true_positives"] + jnp.sum(yes * truth * weights, axis=0),
            "false_positives": state["false_positives"] + jnp.sum(yes * (1 - truth) * weights, axis=0),
            "false_negatives": state["false_negatives"] + jnp.sum((1 - yes) * truth * weights, axis=0),
        }

    def result(self, state: Mapping[str, Any]) -> float | np.ndarray:
        """F1 of each class, or one number of them all."""
        right, wrong, missed = (np.asarray(state[name], np.float64) for name in _COUNTS)
        if self.average == "micro":
            right, wrong, missed = right.sum(), wrong.sum(), missed.sum()
        precision, recall = right / (right + wrong + EPSILON), right / (right + missed + EPSILON)
        score = 2 * precision * recall / (precision + recall + EPSILON)
        if self.average == "weighted":
            often = right + missed
            return float(np.sum(score * often / (often.sum() + EPSILON)))
        return score if self.average is None else float(np.mean(score))

    def _answers(self, prediction: jax.Array) -> jax.Array:
        """Yes or no for each number."""
        if self.threshold is not None:
            return prediction > self.threshold
        largest = jnp.max(prediction, axis=-1, keepdims=True)
        # A row of zeros says no to every class.
        return (prediction >= largest) & (jnp.abs(prediction) > 1e-9)


@dataclass(frozen=True)
class ConfusionMatrix(Metric):
    """How often each class (row) was taken for each class (column), (C, C).

    An output of one number p says class 1 when p > 0.5.

    >>> metric = ConfusionMatrix(2)
    >>> guesses = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]])
    >>> metric.result(metric.update(metric.init(), np.array([0, 1, 1]), guesses))
    array([[1., 0.],
           [1., 1.]])
    """

    RULES: ClassVar[Mapping[str, Rule]] = {"num_classes": optional(whole("Give the number of classes.", 2))}

    num_classes: int | None = None

    def for_output(self, shape: tuple[int, ...]) -> ConfusionMatrix:
        """This metric for so many classes, unless it was told already."""
        return self if self.num_classes else replace(self, num_classes=max(2, *shape[-1:]))

    def init(self) -> State:
        """An empty table."""
        classes = known_classes("ConfusionMatrix", self.num_classes)
        return {"counts": jnp.zeros((classes, classes), jnp.float32)}

    def update(
        self, state: State, y: jax.typing.ArrayLike, p: jax.typing.ArrayLike, weight: Any = None
    ) -> State:
        """The table with one batch more."""
        target, prediction = jnp.asarray(y), jnp.asarray(p)
        if prediction.ndim > 1 and prediction.shape[-1] > 1:
            same = target.shape == prediction.shape
            truth = jnp.argmax(target, axis=-1) if same else labels_of(target, prediction)
            guess = jnp.argmax(prediction, axis=-1)
        else:
            truth, guess = target, prediction > 0.5
        weights = weights_of(weight, prediction.shape[0])
        weights = jnp.repeat(weights, truth.size // truth.shape[0])
        classes = len(state["counts"])
        rows = jax.nn.one_hot(truth.reshape(-1).astype(jnp.int32), classes) * weights[:, None]
        columns = jax.nn.one_hot(guess.reshape(-1).astype(jnp.int32), classes)
        # The highest precision, for accelerators multiply matrices in half of it by default.
        return {"counts": state["counts"] + jnp.matmul(rows.T, columns, precision="highest")}

    def result(self, state: Mapping[str, Any]) -> np.ndarray:
        """The table."""
        return np.asarray(state["counts"], np.float64)

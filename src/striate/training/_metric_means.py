"""Metrics that are means over the examples: the kinds of accuracy and the sizes of errors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from striate.layers._rule_kinds import number, whole
from striate.layers._rules import Rule
from striate.training._loss import Loss
from striate.training._metric_base import MeanMetric, labels_of, like_prediction

_K = {"k": whole("Choose how many guesses count, such as 5.", 1)}


@dataclass(frozen=True)
class Accuracy(MeanMetric):
    """How often a prediction equals its target exactly.

    The string "accuracy" means one of the accuracies for probabilities instead, whichever fits the output.
    """

    def per_example(self, y: jax.Array, p: jax.Array) -> jax.Array:
        """1 where equal."""
        return y.reshape(p.shape).astype(p.dtype) == p


@dataclass(frozen=True)
class BinaryAccuracy(MeanMetric):
    """How often p > threshold says what the target says.

    >>> import numpy as np
    >>> metric = BinaryAccuracy()
    >>> metric.result(metric.update(metric.init(), np.array([1, 0, 1]), np.array([0.9, 0.2, 0.4])))
    0.6666666666666666
    """

    RULES: ClassVar[Mapping[str, Rule]] = {"threshold": number("0.5 for probabilities, 0 for logits.")}

    threshold: float = 0.5

    def per_example(self, y: jax.Array, p: jax.Array) -> jax.Array:
        """1 where both are yes or both are no."""
        return (p > self.threshold).astype(jnp.float32) == y.reshape(p.shape).astype(jnp.float32)


@dataclass(frozen=True)
class CategoricalAccuracy(MeanMetric):
    """How often the largest prediction stands where the one of the one-hot row stands."""

    def per_example(self, y: jax.Array, p: jax.Array) -> jax.Array:
        """1 where the two places are the same; the first of equal numbers counts."""
        return jnp.argmax(y.reshape(p.shape), axis=-1) == jnp.argmax(p, axis=-1)


@dataclass(frozen=True)
class SparseCategoricalAccuracy(MeanMetric):
    """How often the largest prediction stands at the class number.

    >>> import numpy as np
    >>> metric = SparseCategoricalAccuracy()
    >>> metric.result(metric.update(metric.init(), np.array([1, 0]), np.array([[0.2, 0.8], [0.1, 0.9]])))
    0.5
    """

    def per_example(self, y: jax.Array, p: jax.Array) -> jax.Array:
        """1 where the guess is right; the first of equal numbers counts."""
        return labels_of(y, p) == jnp.argmax(p, axis=-1).astype(jnp.int32)


@dataclass(frozen=True)
class TopKCategoricalAccuracy(MeanMetric):
    """How often fewer than k predictions are larger than that of the one-hot row's class."""

    RULES: ClassVar[Mapping[str, Rule]] = _K

    k: int = 5

    def per_example(self, y: jax.Array, p: jax.Array) -> jax.Array:
        """1 where the class is among the k guesses."""
        return _in_top(jnp.argmax(y.reshape(p.shape), axis=-1), p, self.k)


@dataclass(frozen=True)
class SparseTopKCategoricalAccuracy(MeanMetric):
    """How often fewer than k predictions are larger than that of the class number."""

    RULES: ClassVar[Mapping[str, Rule]] = _K

    k: int = 5

    def per_example(self, y: jax.Array, p: jax.Array) -> jax.Array:
        """1 where the class is among the k guesses."""
        return _in_top(labels_of(y, p), p, self.k)


@dataclass(frozen=True)
class MeanAbsoluteError(MeanMetric):
    """The mean of |p - y|."""

    RISES: ClassVar[bool] = False

    def per_example(self, y: jax.Array, p: jax.Array) -> jax.Array:
        """The sizes of the errors."""
        return jnp.abs(p - like_prediction(y, p).astype(p.dtype))


@dataclass(frozen=True)
class MeanSquaredError(MeanMetric):
    """The mean of (p - y)²."""

    RISES: ClassVar[bool] = False

    def per_example(self, y: jax.Array, p: jax.Array) -> jax.Array:
        """The squares of the errors."""
        return jnp.square(p - like_prediction(y, p).astype(p.dtype))


@dataclass(frozen=True)
class RootMeanSquaredError(MeanSquaredError):
    """√ of the mean of (p - y)²."""

    def result(self, state: Mapping[str, Any]) -> float:
        """The root of the whole mean, not a mean of roots."""
        return math.sqrt(super().result(state))


@dataclass(frozen=True)
class Mean(MeanMetric):
    """The weighted mean of the predictions themselves; the targets do not matter."""

    def per_example(self, y: jax.Array, p: jax.Array) -> jax.Array:
        """The predictions."""
        return p


@dataclass(frozen=True)
class LossMean(MeanMetric):
    """The mean of a loss over the examples, for watching one loss while training on another.

    >>> from striate.training.losses import Poisson
    >>> LossMean(Poisson(), name="poisson").name
    'poisson'
    """

    RISES: ClassVar[bool] = False

    loss: Loss

    def per_example(self, y: jax.Array, p: jax.Array) -> jax.Array:
        """The loss of each."""
        return self.loss.per_example(y, p)


def _in_top(labels: jax.Array, p: jax.Array, k: int) -> jax.Array:
    """Whether fewer than k predictions are larger than that of the label; NaN is never large."""
    own = jnp.take_along_axis(p, labels[..., None], axis=-1)
    own = jnp.where(jnp.isnan(own), -jnp.inf, own)
    return jnp.sum(p > own, axis=-1) < k

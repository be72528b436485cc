"""What a metric is: summed arrays on the device, one number (or an array) of them on the host."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from striate.errors import ArgumentError, Problem
from striate.layers._rule_kinds import text
from striate.layers._rules import Rule, check_fields
from striate.training._registry import snake_case

State = dict[str, jax.Array]
"""Sums over the examples seen so far; two states add up to the state of all their examples."""


@dataclass(frozen=True)
class Metric(abc.ABC):
    """A frozen value that sums what it needs, so that batches of any size count exactly.

    Args:
        name: what histories and progress bars call it; the class name in snake case unless given.
    """

    RULES: ClassVar[Mapping[str, Rule]] = {"name": text("Give it a short name.")}
    RISES: ClassVar[bool] = True
    """Whether more of it is better."""

    name: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        """Find the name; bring each field to its canonical form and refuse, all at once, what is wrong."""
        if not self.name:
            object.__setattr__(self, "name", snake_case(type(self).__name__))
        check_fields(self)

    @abc.abstractmethod
    def init(self) -> State:
        """Nothing seen yet."""

    def for_output(self, shape: tuple[int, ...]) -> Metric:
        """This metric for outputs of this shape; metrics that count by class learn how many there are."""
        return self

    @abc.abstractmethod
    def update(
        self, state: State, y: jax.typing.ArrayLike, p: jax.typing.ArrayLike, weight: Any = None
    ) -> State:
        """The state with one batch more; pure, for use in compiled programs.

        Args:
            state: the sums so far. y: (N, ...) targets. p: (N, ...) predictions. weight: (N,), or None for 1.
        """

    @abc.abstractmethod
    def result(self, state: Mapping[str, Any]) -> float | np.ndarray:
        """What the sums say, computed on the host in float64."""


class MeanMetric(Metric):
    """A weighted mean of a number for each example: Σ w · value / Σ w."""

    @abc.abstractmethod
    def per_example(self, y: jax.Array, p: jax.Array) -> jax.Array:
        """The number of each example, (N,) or (N, ...) to be averaged over the other axes."""

    def init(self) -> State:
        """No total and no weight."""
        zero: Any = np.zeros((), np.float32)  # the training makes it an array of the device
        return {"total": zero, "weight": zero}

    def update(
        self, state: State, y: jax.typing.ArrayLike, p: jax.typing.ArrayLike, weight: Any = None
    ) -> State:
        """The sums with one batch more."""
        values = self.per_example(jnp.asarray(y), jnp.asarray(p)).astype(jnp.float32)
        values = values.reshape(values.shape[0], -1).mean(axis=1)
        weights = weights_of(weight, values.shape[0])
        total, count = jnp.sum(values * weights), jnp.sum(weights)
        return {"total": state["total"] + total, "weight": state["weight"] + count}

    def result(self, state: Mapping[str, Any]) -> float:
        """The mean; 0 when nothing was seen, as in Keras."""
        return float(divide(state["total"], state["weight"]))


def weights_of(weight: Any, examples: int) -> jax.Array:
    """(N,) float32 weights, 1 where none are given."""
    if weight is None:
        return jnp.ones(examples, jnp.float32)
    return jnp.asarray(weight).astype(jnp.float32).reshape(examples)


def divide(numerator: Any, denominator: Any) -> np.ndarray:
    """numerator / denominator in float64, and 0 where the denominator is 0."""
    top, bottom = np.asarray(numerator, np.float64), np.asarray(denominator, np.float64)
    return np.divide(
        top, bottom, out=np.zeros(np.broadcast_shapes(top.shape, bottom.shape)), where=bottom != 0
    )


def known_classes(metric: str, classes: int | None) -> int:
    """The number of classes, or an error that says how to give it."""
    if classes is None:
        cure = f"Write {metric}(num_classes=10), or let compile() find it from the network's output."
        raise ArgumentError(Problem(metric, "num_classes is not known yet", "the number of classes", cure))
    return classes


def like_prediction(y: jax.Array, p: jax.Array) -> jax.Array:
    """Targets in the shape of the predictions: (N,) may be (N, 1), and class numbers become one-hot rows."""
    if y.shape == p.shape:
        return y
    if y.size == p.size:
        return y.reshape(p.shape)
    return jax.nn.one_hot(labels_of(y, p), p.shape[-1])


def labels_of(y: jax.Array, p: jax.Array) -> jax.Array:
    """Class numbers, (N, ...), from class numbers with or without a last axis of 1."""
    return y.reshape(p.shape[:-1]).astype(jnp.int32)

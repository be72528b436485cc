"""Metrics made of counts of right and wrong yes-or-no answers: precision and recall."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from striate.layers._rule_kinds import whole
from striate.layers._rules import RefusedError, Rule, as_number, as_sequence, optional
from striate.training._metric_base import Metric, State, divide, like_prediction, weights_of


def _thresholds(value: Any, axes: int) -> Any:
    """A number, or a tuple of them, from 0 to 1."""
    numbers = as_sequence(value) if isinstance(value, list | tuple | np.ndarray) else (value,)
    found = tuple(as_number(each) for each in numbers)
    if not found or any(each < 0 or each > 1 for each in found):
        raise RefusedError
    return found if isinstance(value, list | tuple | np.ndarray) else found[0]


_THRESHOLDS = Rule(
    "value",
    "a number from 0 to 1, or several",
    "Give for instance 0.5 or (0.1, 0.5, 0.9).",
    _thresholds,
    (-0.1, 1.5, "half", ()),
)


@dataclass(frozen=True)
class _Answers(Metric):
    """Yes-or-no answers against truths, counted at each threshold; what Precision and Recall share.

    Args:
        thresholds: an answer is yes when p > threshold; 0.5 unless given.
        top_k: only the k largest predictions of a row can be yes; the threshold is then no bar unless given.
        class_id: look at this column only.
    """

    RULES: ClassVar[Mapping[str, Rule]] = {
        "thresholds": optional(_THRESHOLDS),
        "top_k": optional(whole("Choose how many guesses count, such as 5.", 1)),
        "class_id": optional(whole("Choose a class number from 0.", 0)),
    }
    MISSED: ClassVar[str] = ""

    thresholds: float | tuple[float, ...] | None = None
    top_k: int | None = None
    class_id: int | None = None

    def init(self) -> State:
        """No answers yet."""
        zeros = jnp.zeros(len(self._bars()), jnp.float32)
        return {"true_positives": zeros, self.MISSED: zeros}

    def update(
        self, state: State, y: jax.typing.ArrayLike, p: jax.typing.ArrayLike, weight: Any = None
    ) -> State:
        """The counts with one batch more."""
        prediction = jnp.asarray(p)
        truth = like_prediction(jnp.asarray(y), prediction) != 0
        weights = weights_of(weight, prediction.shape[0])
        truth, prediction = truth.reshape(len(weights), -1), prediction.reshape(len(weights), -1)
        if self.top_k is not None:
            prediction = _only_top(prediction, self.top_k)
        if self.class_id is not None:
            column = slice(self.class_id, self.class_id + 1)
            truth, prediction = truth[:, column], prediction[:, column]
        bars = jnp.asarray(self._bars(), prediction.dtype)
        yes = prediction[..., None] > bars[None, None, :]
        wrong = yes & ~truth[..., None] if self.MISSED == "false_positives" else ~yes & truth[..., None]
        return {
            "true_positives": state["true_positives"] + _weighed(yes & truth[..., None], weights),
            self.MISSED: state[self.MISSED] + _weighed(wrong, weights),
        }

    def result(self, state: Mapping[str, Any]) -> float | np.ndarray:
        """True positives over all that were found, or over all that should have been."""
        right = np.asarray(state["true_positives"], np.float64)
        shares = divide(right, right + np.asarray(state[self.MISSED], np.float64))
        return float(shares[0]) if len(shares) == 1 else shares

    def _bars(self) -> tuple[float, ...]:
        if self.thresholds is None:
            return (0.5,) if self.top_k is None else (-1e10,)
        return self.thresholds if isinstance(self.thresholds, tuple) else (self.thresholds,)


@dataclass(frozen=True)
class Precision(_Answers):
    """The share of the yes answers that are right: TP / (TP + FP).

    >>> metric = Precision()
    >>> metric.result(metric.update(metric.init(), np.array([0, 1, 1]), np.array([0.8, 0.9, 0.1])))
    0.5
    """

    MISSED: ClassVar[str] = "false_positives"


@dataclass(frozen=True)
class Recall(_Answers):
    """The share of the true ones that were found: TP / (TP + FN)."""

    MISSED: ClassVar[str] = "false_negatives"


def _only_top(prediction: jax.Array, k: int) -> jax.Array:
    """The k largest numbers of each row, the first of equal ones; the others below any threshold."""
    _, places = jax.lax.top_k(prediction, k)
    kept = jax.nn.one_hot(places, prediction.shape[-1]).sum(axis=-2) > 0
    return jnp.where(kept, prediction, -1e10)


def _weighed(answers: jax.Array, weights: jax.Array) -> jax.Array:
    """Answers (N, numbers, thresholds) counted with the weight of their example."""
    return jnp.sum(answers.astype(jnp.float32) * weights[:, None, None], axis=(0, 1))

"""The area under a curve that a moving threshold draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from striate.layers._rule_kinds import choice, flag, whole
from striate.layers._rules import RefusedError, Rule, as_number, as_sequence, optional
from striate.training._metric_base import Metric, State, divide, known_classes, like_prediction, weights_of

_EDGE = 1e-7
"""How far the first and last thresholds lie outside 0 and 1."""


def _numbers(value: Any, axes: int) -> tuple[float, ...]:
    found = tuple(as_number(each) for each in as_sequence(value))
    if not found or any(each < 0 or each > 1 for each in found):
        raise RefusedError
    return found


def _fractions(cure: str) -> Rule:
    wrong = (0.5, "0.5", (2.0,), (-0.5,), ())
    return Rule("value", "a tuple of numbers from 0 to 1", cure, _numbers, wrong, optional=True)


@dataclass(frozen=True)
class AUC(Metric):
    """The area under the ROC or precision–recall curve, from a histogram of predictions between thresholds.

    Args:
        num_thresholds: how many thresholds, evenly from 0 to 1.
        curve: "ROC" (recall over false alarms) or "PR" (precision over recall).
        summation_method: "interpolation" (PR: Davis and Goadrich, 2006), "minoring" or "majoring".
        thresholds: your own instead, strictly between 0 and 1.
        multi_label: True makes an AUC for each column and means over them; False takes all numbers together.
        num_labels: how many columns; `compile` finds it from the network's output.
        label_weights: (columns,) weights of the columns.
        from_logits: True puts the predictions through a sigmoid first.

    >>> metric = AUC()
    >>> scores = np.array([0.1, 0.4, 0.35, 0.8])
    >>> round(metric.result(metric.update(metric.init(), np.array([0, 0, 1, 1]), scores)), 4)
    0.75
    """

    RULES: ClassVar[Mapping[str, Rule]] = {
        "num_thresholds": whole("Choose a number such as 200.", 2),
        "curve": choice("Choose a curve.", "ROC", "PR"),
        "summation_method": choice("Choose a method.", "interpolation", "minoring", "majoring"),
        "thresholds": _fractions("Give for instance (0.25, 0.5, 0.75)."),
        "multi_label": flag("True means over the columns."),
        "num_labels": optional(whole("Give the number of columns.", 1)),
        "label_weights": _fractions("Give a weight for each column, such as (0.5, 1.0)."),
        "from_logits": flag("True says that the last layer has no sigmoid."),
    }

    num_thresholds: int = 200
    curve: str = "ROC"
    summation_method: str = "interpolation"
    thresholds: tuple[float, ...] | None = None
    multi_label: bool = False
    num_labels: int | None = None
    label_weights: tuple[float, ...] | None = None
    from_logits: bool = False

    def for_output(self, shape: tuple[int, ...]) -> AUC:
        """This metric for so many columns, unless it was told already."""
        return replace(self, num_labels=shape[-1]) if self.multi_label and not self.num_labels else self

    def init(self) -> State:
        """Two empty histograms."""
        columns = (known_classes("AUC", self.num_labels),) if self.multi_label else ()
        zeros = jnp.zeros((*columns, len(self._bars())), jnp.float32)
        return {"positives": zeros, "negatives": zeros}

    def update(
        self, state: State, y: jax.typing.ArrayLike, p: jax.typing.ArrayLike, weight: Any = None
    ) -> State:
        """The histograms with one batch more."""
        prediction = jnp.asarray(p).astype(jnp.float32)
        truth = (like_prediction(jnp.asarray(y), prediction) != 0).astype(jnp.float32)
        prediction = jnp.clip(jax.nn.sigmoid(prediction) if self.from_logits else prediction, 0.0, 1.0)
        weights = weights_of(weight, prediction.shape[0])
        truth, prediction = truth.reshape(len(weights), -1), prediction.reshape(len(weights), -1)
        weights = jnp.broadcast_to(weights[:, None], truth.shape)
        if self.label_weights is not None and not self.multi_label:
            weights = weights * jnp.asarray(self.label_weights, jnp.float32)[None, :]
        place = self._place(prediction)
        positives, negatives = truth * weights, (1 - truth) * weights
        return {
            "positives": state["positives"] + self._histogram(positives, place),
            "negatives": state["negatives"] + self._histogram(negatives, place),
        }

    def result(self, state: Mapping[str, Any]) -> float:
        """The area, a mean over columns with `multi_label`."""
        found = _above(state["positives"])
        alarms = _above(state["negatives"])
        if self.curve == "PR" and self.summation_method == "interpolation":
            areas = _interpolated_pr(found, alarms)
        else:
            recall = divide(found, found[..., :1])
            other = divide(found, found + alarms) if self.curve == "PR" else divide(alarms, alarms[..., :1])
            x, height = (recall, other) if self.curve == "PR" else (other, recall)
            areas = np.sum((x[..., :-1] - x[..., 1:]) * self._heights(height), axis=-1)
        weights = self.label_weights if self.multi_label else None
        return float(np.average(areas, weights=weights))

    def _bars(self) -> np.ndarray:
        """The thresholds, with one below 0 and one above 1."""
        inner = np.linspace(0, 1, self.num_thresholds)[1:-1] if self.thresholds is None else self.thresholds
        return np.array([-_EDGE, *sorted(inner), 1 + _EDGE])

    def _place(self, prediction: jax.Array) -> jax.Array:
        """Which threshold is the last one below each prediction."""
        if self.thresholds is None:
            return jnp.maximum(jnp.ceil(prediction * (self.num_thresholds - 1)) - 1, 0).astype(jnp.int32)
        return jnp.searchsorted(jnp.asarray(self._bars(), jnp.float32), prediction) - 1

    def _histogram(self, counts: jax.Array, place: jax.Array) -> jax.Array:
        """The counts (N, columns) summed by place, for each column or for all together."""
        bars = len(self._bars())
        if not self.multi_label:
            return jax.ops.segment_sum(counts.reshape(-1), place.reshape(-1), bars)
        return jax.vmap(lambda count, at: jax.ops.segment_sum(count, at, bars))(counts.T, place.T)

    def _heights(self, y: np.ndarray) -> np.ndarray:
        """The height of the curve between each two thresholds."""
        left, right = y[..., :-1], y[..., 1:]
        if self.summation_method == "interpolation":
            return (left + right) / 2
        return np.minimum(left, right) if self.summation_method == "minoring" else np.maximum(left, right)


def _above(histogram: Any) -> np.ndarray:
    """How much lies above each threshold."""
    return np.cumsum(np.asarray(histogram, np.float64)[..., ::-1], axis=-1)[..., ::-1]


def _interpolated_pr(found: np.ndarray, alarms: np.ndarray) -> np.ndarray:
    """The area under precision over recall when both counts move on a line between two thresholds.

    With P = TP + FP and TP = a + s P between them, the area is s (ΔTP + a log(P_left / P_right)) / positives.
    """
    answers = found + alarms
    gain = found[..., :-1] - found[..., 1:]
    slope = divide(gain, np.maximum(answers[..., :-1] - answers[..., 1:], 0))
    intercept = found[..., 1:] - slope * answers[..., 1:]
    both = (answers[..., :-1] > 0) & (answers[..., 1:] > 0)
    ratio = np.where(both, divide(answers[..., :-1], answers[..., 1:]), 1.0)
    return np.sum(divide(slope * (gain + intercept * np.log(ratio)), found[..., :1]), axis=-1)

"""Metrics by Keras name: frozen values whose state is summed arrays, so that a short batch counts exactly."""

from __future__ import annotations

from typing import Any

from striate.training import losses
from striate.training._loss import Loss
from striate.training._metric_auc import AUC
from striate.training._metric_base import MeanMetric, Metric, State
from striate.training._metric_classes import ConfusionMatrix, F1Score
from striate.training._metric_counts import Precision, Recall
from striate.training._metric_means import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    LossMean,
    Mean,
    MeanAbsoluteError,
    MeanSquaredError,
    RootMeanSquaredError,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
)
from striate.training._registry import Registry, snake_case

__all__ = [
    "AUC",
    "Accuracy",
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "ConfusionMatrix",
    "F1Score",
    "LossMean",
    "Mean",
    "MeanAbsoluteError",
    "MeanMetric",
    "MeanSquaredError",
    "Metric",
    "Precision",
    "Recall",
    "RootMeanSquaredError",
    "SparseCategoricalAccuracy",
    "SparseTopKCategoricalAccuracy",
    "State",
    "TopKCategoricalAccuracy",
    "get",
]

_REGISTRY: Registry[Metric] = Registry(
    "metric",
    "metrics",
    (
        Accuracy,
        BinaryAccuracy,
        CategoricalAccuracy,
        SparseCategoricalAccuracy,
        TopKCategoricalAccuracy,
        SparseTopKCategoricalAccuracy,
        AUC,
        Precision,
        Recall,
        F1Score,
        MeanAbsoluteError,
        MeanSquaredError,
        RootMeanSquaredError,
        ConfusionMatrix,
        Mean,
    ),
    {"mse": "MeanSquaredError", "mae": "MeanAbsoluteError", "rmse": "RootMeanSquaredError"},
)

_LOSSES = {snake_case(name): name for name in losses._REGISTRY.classes}


def get(identifier: Any, loss: Loss | None = None, output_shape: tuple[int, ...] | None = None) -> Metric:
    """The metric of this name; a metric, its class or its config will do as well.

    A string is also the metric's name in histories, as in Keras: "accuracy", "acc", "mse". "accuracy" means
    BinaryAccuracy for an output of one number, SparseCategoricalAccuracy for class numbers as targets and
    CategoricalAccuracy for rows.

    Args:
        identifier: what `compile(metrics=[…])` was given.
        loss: the loss of the output; it tells class numbers from rows, and logits from probabilities.
        output_shape: the shape of one example of the output; metrics that count by class learn their number.

    Where we differ from Keras: "accuracy" of yes-or-no logits asks p > 0; Keras asks p > 0.5 even of logits.

    Raises:
        ArgumentError: listing the names that are known.

    >>> get("accuracy", losses.SparseCategoricalCrossentropy(), (10,))
    SparseCategoricalAccuracy(name='accuracy')
    """
    metric = _named(identifier, loss, output_shape) if isinstance(identifier, str) else None
    metric = _REGISTRY.get(identifier, Metric) if metric is None else metric  # type: ignore[type-abstract]
    return metric if output_shape is None else metric.for_output(output_shape)


def _named(name: str, loss: Loss | None, output_shape: tuple[int, ...] | None) -> Metric | None:
    """The metric of a string, bearing that name, or None when it is not a special one."""
    if name.lower() in ("accuracy", "acc"):
        return _accuracy(name, loss, output_shape)
    if name in _LOSSES and name not in ("mean_squared_error", "mean_absolute_error"):
        # The loss that is trained on keeps its settings, so that the metric is the same number.
        same = loss is not None and type(loss).__name__ == _LOSSES[name]
        return LossMean(loss if same and loss is not None else losses.get(name), name=name)
    return _REGISTRY.find(name)(name=name)


def _accuracy(name: str, loss: Loss | None, output_shape: tuple[int, ...] | None) -> Metric:
    """The accuracy that fits an output and what its loss wants."""
    target = "value" if loss is None else loss.TARGET
    if target == "index":
        return SparseCategoricalAccuracy(name=name)
    if (output_shape is not None and output_shape[-1:] in ((1,), ())) or (
        output_shape is None and target == "probability"
    ):
        return BinaryAccuracy(0.0 if getattr(loss, "from_logits", False) else 0.5, name=name)
    return CategoricalAccuracy(name=name)

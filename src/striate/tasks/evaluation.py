"""How good a classifier is on a data set."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from striate import datasets
from striate.datasets import DatasetInfo
from striate.errors import ArgumentError, DataError, Problem
from striate.tasks.classifier import Classifier, load_classifier
from striate.tasks.scores import Scores, score
from striate.training._scaling import has_scaling_layer

Split = Literal["test", "train"]


@dataclass(frozen=True)
class Evaluation:
    """A classifier's scores on a part of a data set.

    Args:
        data: the data set's name. split: "test" or "train".
        class_names: in label order. scores: the result.
    """

    data: str
    split: str
    class_names: tuple[str, ...]
    scores: Scores

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values: data, split, class names, loss, accuracy, …"""
        return {
            "data": self.data,
            "split": self.split,
            **self.scores.to_json(),
            "class_names": list(self.class_names),
        }


def evaluate(
    model: str | Path | Classifier, data: str, split: Split = "test", limit: int | None = None
) -> Evaluation:
    """Test a classifier on a data set.

    Args:
        model: a run's folder, a model file, or a classifier.
        data: the name of a data set. split: which part of it.
        limit: only the first so many pictures.

    Raises:
        StriateError: the model or the data cannot be had, or do not fit each other.
    """
    dataset = datasets.get(data)
    classifier = model if isinstance(model, Classifier) else load_classifier(model, dataset.info.class_names)
    check_fit(classifier, dataset.info)
    train, test = dataset.load()
    x, y = first(*(test if split == "test" else train), limit)
    scores = score(classifier.probabilities(as_input(classifier, x)), y.reshape(-1).astype(np.int64))
    return Evaluation(dataset.info.name, split, classifier.class_names, scores)


def first(x: np.ndarray, y: np.ndarray, limit: int | None) -> tuple[np.ndarray, np.ndarray]:
    """The first `limit` examples.

    Raises:
        ArgumentError: there would be none.
    """
    if limit is None:
        return x, y
    if limit < 1:
        cure = "Give for instance --limit 1000, or leave it out."
        raise ArgumentError(Problem("--limit", f"got {limit}", "a whole number from 1", cure))
    return x[:limit], y[:limit]


def check_fit(classifier: Classifier, info: DatasetInfo) -> None:
    """Refuse a model whose input or number of classes is not that of the data set."""
    wanted = classifier.model.network.inputs[0].shape or ()
    shape = example_shape(info)
    problems = []
    if tuple(wanted) != shape and int(np.prod(wanted)) != int(np.prod(shape)):
        problems.append(
            Problem(
                f"data set {info.name}",
                f"its pictures are {_times(shape)} and the model takes {_times(tuple(wanted))}",
                "pictures of the model's size",
                "Choose the data set that the model was trained on, or train another model.",
            )
        )
    if classifier.classes != info.classes:
        problems.append(
            Problem(
                f"data set {info.name}",
                f"it has {info.classes} classes and the model tells {classifier.classes} apart",
                "the same number of classes",
                "Choose the data set that the model was trained on, or train another model.",
            )
        )
    if problems:
        raise DataError(problems)


def example_shape(info: DatasetInfo) -> tuple[int, int, int]:
    """(H, W, C) of the data set's pictures; grey ones have one channel."""
    height, width, *channels = info.image_shape
    return height, width, channels[0] if channels else 1


def as_input(classifier: Classifier, x: np.ndarray) -> np.ndarray:
    """Pictures in the shape that the model takes; a model without scaling gets numbers from 0 to 1."""
    shape = classifier.model.network.inputs[0].shape or ()
    pictures = x.reshape(len(x), *shape)
    scaled = classifier.model.preprocessing is not None or has_scaling_layer(classifier.model.network)
    return pictures if scaled else pictures.astype(np.float32) / np.float32(255)


def _times(shape: tuple[int, ...]) -> str:
    """28x28x1."""
    return "x".join(map(str, shape))

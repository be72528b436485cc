"""A trained classifier as a person means it: from a file or a run, with named probabilities for answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from striate.errors import DataError, Problem
from striate.models import Model, load
from striate.network import Network
from striate.tasks.run_folder import model_file

BATCH = 500


@dataclass(frozen=True)
class Classifier:
    """A model whose one output is a number for each class.

    Args:
        model: the model. class_names: of its answers, in order.
        path: the file it came from, or None.
    """

    model: Model
    class_names: tuple[str, ...]
    path: Path | None = None

    @property
    def classes(self) -> int:
        """How many classes it tells apart."""
        return len(self.class_names)

    def probabilities(self, x: np.ndarray) -> np.ndarray:
        """(N, K) float64 rows that sum to 1, for (N, ...) inputs; logits go through a softmax."""
        outputs = np.asarray(self.model.predict(x, batch_size=BATCH, verbose=0), np.float64)
        if outputs.shape[1] == 1:
            yes = outputs if gives_probabilities(self.model.network) else 1 / (1 + np.exp(-outputs))
            return np.concatenate([1 - yes, yes], axis=1)
        return outputs if gives_probabilities(self.model.network) else softmax(outputs)


def load_classifier(path: str | Path, class_names: Sequence[str] | None = None) -> Classifier:
    """The classifier of a run's folder or a model file.

    Args:
        path: the folder or the file.
        class_names: names to use when the file holds none.

    Raises:
        StriateError: there is no such model, the file is refused, or the model is no classifier.
    """
    file = model_file(path)
    return make_classifier(load(file), class_names, file)


def make_classifier(
    model: Model, class_names: Sequence[str] | None = None, path: Path | None = None
) -> Classifier:
    """A classifier around a model.

    Raises:
        DataError: the model has several inputs or outputs, or an output that is not one number a class.
    """
    network = model.network
    shapes = network.output_shapes
    where = str(path) if path is not None else model.name
    if len(network.inputs) != 1 or len(shapes) != 1 or len(shapes[0]) != 1:
        happened = (
            f"it has {len(network.inputs)} inputs and outputs of the shapes {', '.join(map(str, shapes))}"
        )
        cure = "Use it from Python instead: st.load(path).predict(x)."
        raise DataError(Problem(where, happened, "one input and one number for each class", cure))
    classes = max(2, shapes[0][0])
    names = model.class_names or tuple(class_names or ())
    return Classifier(model, names if len(names) == classes else tuple(map(str, range(classes))), path)


def gives_probabilities(network: Network) -> bool:
    """Whether the only output ends in a softmax or a sigmoid."""
    layer: Any = network.program.steps[network.program.outputs[0]].layer
    name = getattr(layer, "activation", None)
    return name in ("softmax", "sigmoid") or type(layer).__name__ == "Softmax"


def softmax(logits: np.ndarray) -> np.ndarray:
    """exp(z) / Σ exp(z) along the last axis.

    >>> softmax(np.array([[0.0, 0.0], [1000.0, 0.0]])).tolist()
    [[0.5, 0.5], [1.0, 0.0]]
    """
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)

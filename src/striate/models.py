"""Models in Keras' words: `Model`, `Sequential`, `Input`, and `load`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from striate import formats
from striate.errors import FormatError, Problem
from striate.network import Input
from striate.training._model import Model
from striate.training._sequential import Sequential
from striate.training.history import History

__all__ = ["Input", "Model", "Sequential", "load", "load_model"]


def load(path: str | os.PathLike[str]) -> Model:
    """The model that `model.save` wrote: architecture, weights, preprocessing, class names, training record.

    It can predict and evaluate at once, and train on: `compile` is done again as it was, unless it was given
    functions of your own, which no file holds. The optimizer's memory begins anew.

    Args:
        path: the file.

    Raises:
        FormatError: the file is not such a model; nothing in it is ever run.
    """
    saved = formats.load_model(path)
    record = saved.training or {}
    model = Model.from_network(
        saved.network,
        saved.variables,
        preprocessing=saved.preprocessing,
        class_names=saved.class_names,
        seed=_whole(record.get("seed")),
    )
    model.history = _history(record)
    about = record.get("about")
    model.about = dict(about) if isinstance(about, Mapping) else {}
    compiled = record.get("compile")
    if isinstance(compiled, Mapping):
        model.compile(**compiled)
        model.compiled().done = _whole(record.get("steps")) or 0
    return model


load_model = load


def _history(record: Mapping[str, Any]) -> History | None:
    """The History of the last training, if the file tells of one."""
    numbers, epochs = record.get("history"), record.get("epoch")
    if not isinstance(numbers, Mapping) or not isinstance(epochs, list):
        return None
    if not all(isinstance(values, list) for values in numbers.values()):
        cure = "Save the model again with model.save."
        raise FormatError(Problem("training record", "its history holds no lists", "a list a metric", cure))
    history = History()
    history.history = {str(name): list(values) for name, values in numbers.items()}
    history.epoch = list(epochs)
    return history


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None

"""The training record of a model file: how it was compiled and what its training showed, in JSON values."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from striate.training._compiled import Settings
from striate.training._optimizer import Optimizer
from striate.training._registry import to_config
from striate.training.losses import FunctionLoss


def training_record(
    optimizer: Optimizer | None, settings: Settings | None, history: Any, seed: int, steps: int
) -> dict[str, Any]:
    """What to save beside the weights, so that `evaluate` works after loading.

    Functions of the user's own cannot be saved: then "compile" is None, and a loaded model wants `compile`
    again.

    Args:
        optimizer, settings: what `compile` was given, or None. history: the last History, or None.
        seed: of the model. steps: the optimizer's steps so far.
    """
    compiled = None
    if optimizer is not None and settings is not None:
        parts = {"optimizer": _plain(optimizer)}
        parts |= {field.name: _plain(getattr(settings, field.name)) for field in dataclasses.fields(settings)}
        compiled = None if _Unsaved in map(type, _leaves(parts)) else parts
    record: dict[str, Any] = {"compile": compiled, "seed": seed, "steps": steps}
    if history is not None:
        record["history"] = {name: list(values) for name, values in history.history.items()}
        record["epoch"] = list(history.epoch)
    return record


class _Unsaved:
    """Stands for a function of the user's own."""


def _plain(value: Any) -> Any:
    """JSON values of a name, an object, or collections of them."""
    if isinstance(value, FunctionLoss) or (callable(value) and not dataclasses.is_dataclass(value)):
        return _Unsaved()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return to_config(value)
    if isinstance(value, type):
        return value.__name__
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        value = list(value.values())
    return [leaf for one in value for leaf in _leaves(one)] if isinstance(value, list) else [value]

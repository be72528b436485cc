"""Layers as plain JSON values and back, strictly: a file can name the layers of the table and no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from striate.errors import ArgumentError, FormatError, Problem
from striate.layers._base import Layer
from striate.layers._rules import spoken_fields
from striate.layers._table import LAYERS
from striate.layers.initializers import INITIALIZERS, Initializer
from striate.layers.regularizers import REGULARIZERS, Regularizer

_CURE = "Get the file again from where it came, or save it again with Striate."
_PARTS: Mapping[str, type] = {
    kind.__name__: kind for kind in (*INITIALIZERS.values(), *REGULARIZERS.values())
}


def to_config(layer: Layer) -> dict[str, Any]:
    """A layer as plain JSON values: its class and the fields that differ from their defaults.

    Args:
        layer: one of the layers of this package.

    Returns:
        {"class_name": ..., field: value, ...} of dicts, lists, strings, numbers, bools and None.

    Raises:
        ArgumentError: it is some other layer, which `from_config` would not know.

    >>> from striate.layers import Conv2D
    >>> to_config(Conv2D(8, 3, activation="relu"))
    {'class_name': 'Conv2D', 'filters': 8, 'kernel_size': [3, 3], 'activation': 'relu'}
    """
    kind = type(layer)
    if LAYERS.get(kind.__name__) is not kind:
        found, cure = (
            f"{kind.__name__} is not a layer of striate.layers",
            "Build it from those, or save the weights only.",
        )
        raise ArgumentError(Problem("to_config", found, "one of them", cure))
    return _plain(layer)


def from_config(config: Any) -> Layer:
    """The layer that `to_config` described.

    Args:
        config: plain values from a stranger's file: nothing in it is trusted, and no name in it is imported.

    Raises:
        FormatError: an unknown class or field, a missing field, or a value outside its rule; all at once.

    >>> from_config({"class_name": "Conv2D", "filters": 8, "kernel_size": 3})
    Conv2D(8, (3, 3))
    """
    return _build(config, LAYERS, "layer")


def _plain(value: Any) -> Any:
    """A field as JSON values."""
    if isinstance(value, Layer | Initializer | Regularizer):
        spoken = spoken_fields(value).items()
        return {"class_name": type(value).__name__} | {name: _plain(field) for name, field in spoken}
    return [_plain(entry) for entry in value] if isinstance(value, tuple) else value


def _build(config: Any, kinds: Mapping[str, type], where: str) -> Any:
    """An object of one of the kinds."""
    name = config.get("class_name") if isinstance(config, Mapping) else None
    if not isinstance(name, str) or name not in kinds:
        shown = "nothing" if name is None else repr(name)[:60]
        raise FormatError(Problem(where, f"class_name is {shown}", "one of " + ", ".join(kinds), _CURE))
    kind = kinds[name]
    given = {key: value for key, value in config.items() if key != "class_name"}
    if problems := _field_problems(kind, given):
        raise FormatError(problems)
    try:
        return kind(**{key: _part(value, f"{name}.{key}") for key, value in given.items()})
    except ArgumentError as error:
        raise FormatError(error.problems) from error


def _part(value: Any, where: str) -> Any:
    """A field's value; an object in it is an initializer or a regularizer."""
    return _build(value, _PARTS, where) if isinstance(value, Mapping) else value


def _field_problems(kind: type, given: Mapping[str, Any]) -> list[Problem]:
    """Fields that the class does not have, and fields it needs."""
    known = {field.name: field.default is MISSING for field in fields(kind)}
    listed = "one of " + ", ".join(known)
    problems = [
        Problem(kind.__name__, f"it has an unknown field {key!r:.60}", listed, _CURE)
        for key in given
        if key not in known
    ]
    problems += [
        Problem(f"{kind.__name__}.{name}", "it is missing", "a value", _CURE)
        for name, needed in known.items()
        if needed and name not in given
    ]
    return problems

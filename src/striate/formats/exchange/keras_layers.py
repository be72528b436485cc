"""A layer out of Keras' configuration of it: through a strict table, and nothing in it is ever imported.

Every field is taken, or is known to change nothing, or is refused by its name: a network that is built here
does what Keras' does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from typing import Any

from striate import ops
from striate.errors import ArgumentError, Problem
from striate.layers import Layer
from striate.layers._named import snake_case
from striate.layers._table import LAYERS
from striate.layers.initializers import INITIALIZERS
from striate.layers.regularizers import REGULARIZERS
from striate.network._json_reader import show

OURS_ALONE = frozenset(
    {"L2Pooling1D", "L2Pooling2D", "LocalResponseNormalization", "PartialConv2D", "RadialBasis"}
    | {"ScaledTanh", "Bias"}
)
"""Layers that Keras does not have; a class of this name in its files is somebody's own."""

KERAS_LAYERS: Mapping[str, type[Layer]] = {
    name: kind for name, kind in LAYERS.items() if name not in OURS_ALONE
}
"""The classes of Keras that are known here."""

CURE = "Build the network with Striate's layers, and load the weights alone with load_weights."


def read_layer(config: Any, class_name: Any, where: str, old: bool) -> Layer:
    """The layer of ours that a configuration tells of.

    Args:
        config: the fields. class_name: of the layer. where: what an error calls it.
        old: whether Keras 2 or 1 wrote it.

    Raises:
        ArgumentError: an unknown class, or fields that would be without effect here; all at once.

    >>> read_layer({"name": "conv1", "filters": 8, "kernel_size": [3, 3]}, "Conv2D", "a.keras", False)
    Conv2D(8, (3, 3), name='conv1')
    """
    if not isinstance(class_name, str) or class_name not in KERAS_LAYERS:
        expected = "one of " + ", ".join(sorted(KERAS_LAYERS))
        raise ArgumentError(Problem(where, f"its class is {show(class_name)}", expected, CURE))
    if not isinstance(config, Mapping):
        raise ArgumentError(Problem(where, f"its config is {show(config)}", "a JSON object", CURE))
    kind = KERAS_LAYERS[class_name]
    known = {field.name for field in fields(kind)} - {"input_shape"}
    given, problems = {}, []
    for key, value in config.items():
        name = str(_SECOND_NAMES.get((class_name, key), key))
        try:
            if name in known and name.endswith("_initializer"):
                given |= _initializer(name, value)
            elif name in known:
                given[name] = _value(name, value, class_name, old)
            else:
                _check_harmless(name, value)
        except _Refused as refused:
            problems.append(Problem(f"{where}, {key}", f"it is {show(value)}", refused.expected, CURE))
    problems += _missing(kind, given, where)
    if problems:
        raise ArgumentError(problems)
    try:
        return kind(**given)
    except ArgumentError as error:
        told = [Problem(f"{where}, {p.where}", p.happened, p.expected, p.cure) for p in error.problems]
        raise ArgumentError(told) from error


class _Refused(Exception):
    """A value that would not be honoured; never leaves `read_layer`."""

    def __init__(self, expected: str) -> None:
        """Args: expected: what would be."""
        super().__init__(expected)
        self.expected = expected


_SECOND_NAMES = {("LeakyReLU", "alpha"): "negative_slope"}


def _missing(kind: type[Layer], given: Mapping[str, Any], where: str) -> list[Problem]:
    """Fields that have no default and are not there."""
    needed = [field.name for field in fields(kind) if field.default is MISSING and field.name not in given]
    return [Problem(f"{where}, {name}", "it is missing", "a value", CURE) for name in needed]


def _value(name: str, value: Any, class_name: str, old: bool) -> Any:
    """A field's value in our form."""
    if name == "activation":
        return _activation(value, old)
    if name.endswith("_regularizer"):
        return None if value is None else _part(value, REGULARIZERS, "a regularizer of Keras")
    if name == "axis" and isinstance(value, list) and len(value) == 1 and class_name != "Normalization":
        return value[0]
    if isinstance(value, Mapping):
        raise _Refused("plain values")
    return value


def _activation(value: Any, old: bool) -> str | None:
    """An activation by its name; Keras 2 has another hard sigmoid, min(max(x / 5 + 1 / 2, 0), 1)."""
    known = [name for name in ops.ACTIVATIONS if not (old and name.startswith("hard_"))]
    if value is None or (isinstance(value, str) and value in known):
        return value
    raise _Refused("one of the names " + ", ".join(known))


def _initializer(name: str, value: Any) -> dict[str, Any]:
    """How a weight would start; what is not known here is left to our default, since a file overwrites it."""
    try:
        return {name: _part(value, INITIALIZERS, "")}
    except _Refused:
        return {}


def _part(value: Any, kinds: Mapping[str, type], expected: str) -> Any:
    """An object {"class_name": …, "config": {…}} or a name, as one of ours."""
    name = value.get("class_name") if isinstance(value, Mapping) else value
    config = value.get("config") if isinstance(value, Mapping) else {}
    kind = kinds.get(snake_case(name)) if isinstance(name, str) else None
    if kind is None or not isinstance(config, Mapping):
        raise _Refused(expected)
    taken = {field.name for field in fields(kind)}
    try:
        return kind(**{key: entry for key, entry in config.items() if key in taken})
    except (ArgumentError, TypeError):
        raise _Refused(expected) from None


def _is(*allowed: Any) -> Callable[[Any], bool]:
    return lambda value: any(value is one or (type(value) is type(one) and value == one) for one in allowed)


def _is_float32(value: Any) -> bool:
    """float32, as a word or as the object that Keras 3 makes of it."""
    if isinstance(value, Mapping):
        config = value.get("config")
        value = config.get("name") if isinstance(config, Mapping) else None
    return value in ("float32", None)


def _anything(value: Any) -> bool:
    return True


_NOTHING_ELSE: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "dtype": (_is_float32, "float32"),
    "data_format": (_is("channels_last", None), "'channels_last'"),
    "batch_input_shape": (_anything, ""),
    "batch_shape": (_anything, ""),
    "input_shape": (_anything, ""),
    "renorm": (_is(False, None), "false"),
    "renorm_clipping": (_is(None), "null"),
    "renorm_momentum": (_anything, ""),
    "synchronized": (_is(False, None), "false"),
    "virtual_batch_size": (_is(None), "null"),
    "adjustment": (_is(None), "null"),
    "fused": (_anything, ""),
    "implementation": (_is(1), "1"),
    "autocast": (_anything, ""),
    "quantization_config": (_is(None), "null"),
    "lora_rank": (_is(None), "null"),
    "lora_alpha": (_is(None), "null"),
    "gptq_unpacked_column_size": (_is(None), "null"),
}
"""Fields that ours do not have: the values that change nothing."""


def _check_harmless(name: str, value: Any) -> None:
    """A field that ours does not have must say nothing."""
    if name == "activity_regularizer" or name.endswith("_constraint"):
        harmless, expected = _is(None), "null"
    elif name.endswith(("_initializer", "_regularizer")):
        harmless, expected = _anything, ""  # of the pointwise part of a layer that has none
    else:
        harmless, expected = _NOTHING_ELSE.get(name, (_is(), "no such field"))
    if not harmless(value):
        raise _Refused(expected)

"""Activations as nodes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from striate.formats.onnx.building import Builder, Value
from striate.network.shapes import Step


def activate(build: Builder, value: Value, name: str | None) -> Value:
    """Put a fused activation behind a value."""
    if name is None or name == "linear":
        return value
    return Value(_BY_NAME[name](build, value), value.shape, value.first)


def activation(build: Builder, step: Step, value: Value) -> Value:
    """The layer Activation."""
    return activate(build, value, _layer(step).activation)


def relu(build: Builder, step: Step, value: Value) -> Value:
    """ReLU with its slope, ceiling and threshold."""
    layer = _layer(step)
    slope, ceiling, threshold = layer.negative_slope, layer.max_value, layer.threshold
    if not threshold and not slope:
        name = build.op("Relu", value.name) if ceiling is None else _clip(build, value, 0.0, ceiling)
        return _same(value, name)
    if not threshold and ceiling is None:
        return _same(value, build.op("LeakyRelu", value.name, alpha=slope))
    edge = build.constant("threshold", threshold)
    below = build.op("Mul", build.op("Sub", value.name, edge), build.constant("slope", slope))
    name = build.op("Where", build.op("LessOrEqual", value.name, edge), below, value.name)
    if ceiling is not None:
        top = build.constant("ceiling", ceiling)
        name = build.op("Where", build.op("GreaterOrEqual", value.name, top), top, name)
    return _same(value, name)


def leaky_relu(build: Builder, step: Step, value: Value) -> Value:
    """LeakyReLU."""
    return _same(value, build.op("LeakyRelu", value.name, alpha=_layer(step).negative_slope))


def elu(build: Builder, step: Step, value: Value) -> Value:
    """ELU."""
    return _same(value, build.op("Elu", value.name, alpha=_layer(step).alpha))


def prelu(build: Builder, step: Step, value: Value) -> Value:
    """PReLU, with alpha turned as the value lies."""
    alpha = build.weights[step.owner]["alpha"]
    turned = build.spread(alpha, value)[0]
    hint = "alpha_first" if value.first else "alpha"
    return _same(value, build.op("PRelu", value.name, build.weight(step.owner, hint, turned)))


def scaled_tanh(build: Builder, step: Step, value: Value) -> Value:
    """ScaledTanh."""
    layer = _layer(step)
    steep = build.op("Mul", value.name, build.constant("slope", layer.slope))
    high = build.op("Mul", build.op("Tanh", steep), build.constant("amplitude", layer.amplitude))
    return _same(value, high)


def softmax(build: Builder, step: Step, value: Value) -> Value:
    """Softmax along an axis."""
    return _same(value, build.op("Softmax", value.name, axis=value.axis(_layer(step).axis)))


def _layer(step: Step) -> Any:
    """The layer, whose fields its table knows."""
    return step.layer


def _same(value: Value, name: str) -> Value:
    return Value(name, value.shape, value.first)


def _simple(kind: str, **attributes: Any) -> Callable[[Builder, Value], str]:
    """One node of the same name."""
    return lambda build, value: build.op(kind, value.name, **attributes)


def _clip(build: Builder, value: Value, low: float, high: float) -> str:
    return build.op("Clip", value.name, build.constant("low", low), build.constant("high", high))


def _relu6(build: Builder, value: Value) -> str:
    return _clip(build, value, 0.0, 6.0)


def _gelu(build: Builder, value: Value) -> str:
    """x / 2 (1 + erf(x / sqrt 2)); a node of its own exists only in newer opsets."""
    root = build.constant("root", math.sqrt(0.5))
    bell = build.op("Add", build.op("Erf", build.op("Mul", value.name, root)), build.constant("one", 1.0))
    return build.op("Mul", build.op("Mul", value.name, bell), build.constant("half", 0.5))


def _silu(build: Builder, value: Value) -> str:
    return build.op("Mul", value.name, build.op("Sigmoid", value.name))


def _mish(build: Builder, value: Value) -> str:
    return build.op("Mul", value.name, build.op("Tanh", build.op("Softplus", value.name)))


def _along_channels(kind: str) -> Callable[[Builder, Value], str]:
    """Softmax and its logarithm go along our last axis."""
    return lambda build, value: build.op(kind, value.name, axis=value.axis(-1))


_HARD = {"alpha": float(np.float32(1 / 6)), "beta": 0.5}

_BY_NAME: Mapping[str, Callable[[Builder, Value], str]] = {
    "relu": _simple("Relu"),
    "relu6": _relu6,
    "leaky_relu": _simple("LeakyRelu", alpha=0.2),
    "elu": _simple("Elu", alpha=1.0),
    "selu": _simple("Selu"),
    "gelu": _gelu,
    "silu": _silu,
    "swish": _silu,
    "sigmoid": _simple("Sigmoid"),
    "hard_sigmoid": _simple("HardSigmoid", **_HARD),
    "hard_silu": _simple("HardSwish"),
    "hard_swish": _simple("HardSwish"),
    "tanh": _simple("Tanh"),
    "softplus": _simple("Softplus"),
    "softsign": _simple("Softsign"),
    "exponential": _simple("Exp"),
    "mish": _mish,
    "softmax": _along_channels("Softmax"),
    "log_softmax": _along_channels("LogSoftmax"),
}
"""Every activation by its name; "linear" is nothing."""

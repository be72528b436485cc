"""Layers of plain arithmetic, as nodes: dense, normalizations, scaling of pixels, distances."""

from __future__ import annotations

from typing import Any

import numpy as np

from striate.formats.onnx.activations import activate
from striate.formats.onnx.building import Builder, Value
from striate.images import Preprocessing
from striate.network.shapes import Step

_SMALLEST_DEVIATION = 1e-7


def dense(build: Builder, step: Step, value: Value) -> Value:
    """x @ kernel + bias on our last axis."""
    layer: Any = step.layer
    weights = build.weights[step.owner]
    kernel = build.weight(step.owner, "kernel", weights["kernel"])
    bias = [build.weight(step.owner, "bias", weights["bias"])] if layer.use_bias else []
    last = build.channels_last(value)
    if len(value.shape) == 1:
        made = build.op("Gemm", last.name, kernel, *bias)
    else:
        made = build.op("MatMul", last.name, kernel)
        made = build.op("Add", made, *bias) if bias else made
    return activate(build, Value(made, step.shape or ()), layer.activation)


def batch_norm(build: Builder, step: Step, value: Value) -> Value:
    """The node where the channels are our last axis; else one factor and one summand a channel."""
    layer: Any = step.layer
    weights = build.weights[step.owner]
    mean, variance = weights["moving_mean"], weights["moving_variance"]
    gamma, beta = weights.get("gamma", np.ones_like(mean)), weights.get("beta", np.zeros_like(mean))
    if layer.axis in (-1, len(value.shape)):
        image = build.channels_first(value)
        numbers = {"gamma": gamma, "beta": beta, "moving_mean": mean, "moving_variance": variance}
        names = [build.weight(step.owner, name, array) for name, array in numbers.items()]
        made = build.op("BatchNormalization", image.name, *names, epsilon=layer.epsilon)
        return Value(made, value.shape, image.first)
    factor = np.float64(gamma) / np.sqrt(np.float64(variance) + layer.epsilon)
    shape = [1] * value.axes
    shape[value.axis(layer.axis)] = -1
    scaled = build.op("Mul", value.name, build.constant("factor", factor.reshape(shape)))
    summand = (np.float64(beta) - np.float64(mean) * factor).reshape(shape)
    return Value(build.op("Add", scaled, build.constant("summand", summand)), value.shape, value.first)


def local_response_norm(build: Builder, step: Step, value: Value) -> Value:
    """The node for an odd number of neighbours in pictures; else the equation, since nodes differ there."""
    layer: Any = step.layer
    if layer.size % 2 and len(value.shape) == 3:
        image = build.channels_first(value).name
        how = {"size": layer.size, "alpha": layer.alpha * layer.size, "beta": layer.beta, "bias": layer.k}
        return Value(build.op("LRN", image, **how), value.shape, True)
    last = build.channels_last(value).name
    before = layer.size // 2
    margins = [0] * len(value.shape)
    pads = build.whole("pads", [*margins, before, *margins, layer.size - 1 - before])
    squares = build.op("Pad", build.op("Mul", last, last), pads)
    channels, axis = value.shape[-1], build.whole("axis", [len(value.shape)])
    near = [
        build.op(
            "Slice", squares, build.whole("start", [place]), build.whole("end", [place + channels]), axis
        )
        for place in range(layer.size)
    ]
    activity = build.op("Mul", build.op("Sum", *near), build.constant("alpha", layer.alpha))
    base = build.op("Add", activity, build.constant("k", layer.k))
    return Value(
        build.op("Div", last, build.op("Pow", base, build.constant("beta", layer.beta))), value.shape
    )


def rescaling(build: Builder, step: Step, value: Value) -> Value:
    """x * scale + offset, a number each or one for each channel."""
    layer: Any = step.layer
    made = _with(build, "Mul", value, "scale", layer.scale)
    return _with(build, "Add", made, "offset", layer.offset)


def normalization(build: Builder, step: Step, value: Value) -> Value:
    """(x - mean) / deviation, or the reverse."""
    layer: Any = step.layer
    kept = {axis % value.axes for axis in layer.axis}
    mean, variance = np.float32(layer.mean), np.float32(layer.variance)
    if mean.ndim:
        shape = [size if axis in kept else 1 for axis, size in enumerate(value.shape, 1)]
        mean, variance = mean.reshape(shape), variance.reshape(shape)
    deviation = np.maximum(np.sqrt(variance), np.float32(_SMALLEST_DEVIATION))
    if layer.invert:
        return _with(build, "Add", _with(build, "Mul", value, "deviation", deviation), "mean", mean)
    return _with(build, "Div", _with(build, "Sub", value, "mean", mean), "deviation", deviation)


def radial_basis(build: Builder, step: Step, value: Value) -> Value:
    """The squared distance to each center."""
    centers = build.weights[step.owner]["centers"]
    column = build.op("Unsqueeze", value.name, build.whole("axis", [2]))
    apart = build.op("Sub", column, build.weight(step.owner, "centers", centers))
    squares = build.op("Mul", apart, apart)
    made = build.op("ReduceSum", squares, build.whole("axes", [1]), keepdims=0)
    return Value(made, step.shape or ())


def scale_pixels(build: Builder, preprocessing: Preprocessing, value: Value) -> Value:
    """(scale x - mean) / std on whole pixels, (N, H, W, C)."""
    made = Value(build.op("Cast", value.name, to=1), value.shape)
    made = _with(build, "Mul", made, "scale", preprocessing.scale)
    if preprocessing.mean is not None:
        made = _with(build, "Sub", made, "mean", preprocessing.mean)
    if preprocessing.std is not None:
        made = _with(build, "Div", made, "std", preprocessing.std)
    return made


def _with(build: Builder, kind: str, value: Value, hint: str, numbers: Any) -> Value:
    """A value met by numbers of its last axes."""
    spread = build.spread(np.asarray(numbers, np.float32), value)
    return Value(build.op(kind, value.name, build.constant(hint, spread)), value.shape, value.first)

"""Layers that rearrange numbers, as nodes: flatten, reshape, permute, pad, crop, upsample, join."""

from __future__ import annotations

from typing import Any

import numpy as np

from striate.formats.onnx.building import Builder, Value
from striate.formats.onnx.windows import margins
from striate.network.shapes import Step

_FAR = 2**31 - 1


def identity(build: Builder, step: Step, value: Value) -> Value:
    """Nothing: also what dropout and noise do once training is over."""
    return value


def flatten(build: Builder, step: Step, value: Value) -> Value:
    """All numbers in our reading order, channels innermost."""
    return Value(build.op("Flatten", build.channels_last(value).name, axis=1), step.shape or ())


def reshape(build: Builder, step: Step, value: Value) -> Value:
    """Another shape in our reading order; 0 keeps the batch axis."""
    shape = build.whole("shape", [0, *(step.shape or ())])
    return Value(build.op("Reshape", build.channels_last(value).name, shape), step.shape or ())


def permute(build: Builder, step: Step, value: Value) -> Value:
    """The axes in another order."""
    layer: Any = step.layer
    last = build.channels_last(value)
    return Value(build.op("Transpose", last.name, perm=(0, *layer.dims)), step.shape or ())


def repeat_vector(build: Builder, step: Step, value: Value) -> Value:
    """The same vector n times."""
    layer: Any = step.layer
    row = build.op("Unsqueeze", value.name, build.whole("axis", [1]))
    return Value(build.op("Tile", row, build.whole("times", [1, layer.n, 1])), step.shape or ())


def zero_padding(build: Builder, step: Step, value: Value) -> Value:
    """Zeros around."""
    layer: Any = step.layer
    pads = build.whole("pads", margins(layer.padding, value.first))
    return Value(build.op("Pad", value.name, pads), step.shape or (), value.first)


def cropping(build: Builder, step: Step, value: Value) -> Value:
    """Margins cut off."""
    layer: Any = step.layer
    numbers = {
        "starts": [before for before, _ in layer.cropping],
        "ends": [-after or _FAR for _, after in layer.cropping],
        "axes": [value.axis(axis) for axis in range(1, len(layer.cropping) + 1)],
    }
    given = [build.whole(hint, each) for hint, each in numbers.items()]
    return Value(build.op("Slice", value.name, *given), step.shape or (), value.first)


def upsampling(build: Builder, step: Step, value: Value) -> Value:
    """Pixels repeated, or lines drawn between their centres."""
    layer: Any = step.layer
    image = build.channels_first(value)
    scales = build.constant("scales", [1, 1, *layer.size])
    how = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    if getattr(layer, "interpolation", "nearest") == "bilinear":
        how = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
    return Value(build.op("Resize", image.name, "", scales, **how), step.shape or (), True)


def merge(build: Builder, step: Step, *values: Value) -> Value:
    """Sum, difference, product, mean, maximum or minimum, number by number."""
    kind = type(step.layer).__name__
    node = {"Subtract": "Sub", "Multiply": "Mul", "Maximum": "Max", "Minimum": "Min"}.get(kind, "Add")
    first = next((value for value in values if value.first), values[0])
    names = [build.like(value, first).name for value in values]
    made = names[0]
    for name in names[1:]:
        made = build.op(node, made, name)
    if kind == "Average":
        made = build.op("Div", made, build.constant("count", float(len(values))))
    return Value(made, step.shape or (), first.first and len(step.shape or ()) > 1)


def concatenate(build: Builder, step: Step, *values: Value) -> Value:
    """One behind the other along an axis."""
    layer: Any = step.layer
    first = next((value for value in values if value.first), values[0])
    names = [build.like(value, first).name for value in values]
    made = build.op("Concat", *names, axis=first.axis(layer.axis))
    return Value(made, step.shape or (), first.first)


def bias(build: Builder, step: Step, value: Value) -> Value:
    """A bias of its own for every number."""
    numbers = build.spread(np.asarray(build.weights[step.owner]["bias"]), value)
    hint = "bias_first" if value.first else "bias"
    return Value(
        build.op("Add", value.name, build.weight(step.owner, hint, numbers)), value.shape, value.first
    )

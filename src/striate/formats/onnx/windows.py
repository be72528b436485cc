"""Layers that look through windows, as nodes: convolutions of every kind and poolings."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from striate.formats.exchange import layouts
from striate.formats.onnx.activations import activate
from striate.formats.onnx.building import Builder, Value
from striate.layers._base import Shape
from striate.network.shapes import Step
from striate.ops.geometry import resolve_transposed_padding


def conv(build: Builder, step: Step, value: Value) -> Value:
    """Conv1D and Conv2D."""
    layer: Any = step.layer
    kernel = build.weights[step.owner]["kernel"]
    name = build.weight(step.owner, "kernel", layouts.filters_first(kernel.shape).outward(kernel))
    made = _convolved(build, step, value, name, layer.groups)
    return activate(build, made, layer.activation)


def depthwise(build: Builder, step: Step, value: Value) -> Value:
    """DepthwiseConv1D and DepthwiseConv2D: as many groups as channels."""
    kernel = build.weights[step.owner]["kernel"]
    name = build.weight(step.owner, "kernel", layouts.depthwise(kernel.shape).outward(kernel))
    made = _convolved(build, step, value, name, value.shape[-1])
    return activate(build, made, getattr(step.layer, "activation", None))


def separable(build: Builder, step: Step, value: Value) -> Value:
    """SeparableConv1D and SeparableConv2D: a depthwise convolution and a pointwise one."""
    weights, layer = build.weights[step.owner], step.layer
    deep, wide = weights["depthwise_kernel"], weights["pointwise_kernel"]
    name = build.weight(step.owner, "depthwise_kernel", layouts.depthwise(deep.shape).outward(deep))
    image = build.channels_first(value)
    between = build.op("Conv", image.name, name, group=value.shape[-1], **_geometry(step))
    name = build.weight(step.owner, "pointwise_kernel", layouts.filters_first(wide.shape).outward(wide))
    made = build.op("Conv", between, name, *_bias(build, step), kernel_shape=(1,) * layer.AXES)
    return activate(build, _made(step, made), getattr(layer, "activation", None))


def transposed(build: Builder, step: Step, value: Value) -> Value:
    """Conv1DTranspose and Conv2DTranspose; rows that are added at the far side are output_padding."""
    layer: Any = step.layer
    kernel = build.weights[step.owner]["kernel"]
    name = build.weight(step.owner, "kernel", layouts.filters_first(kernel.shape).outward(kernel))
    numbers = (layer.kernel_size, layer.strides, layer.dilation_rate, layer.output_padding)
    cut = resolve_transposed_padding(layer.padding, *numbers)
    made = build.op(
        "ConvTranspose",
        build.channels_first(value).name,
        name,
        *_bias(build, step),
        kernel_shape=layer.kernel_size,
        strides=layer.strides,
        dilations=layer.dilation_rate,
        pads=_pads(tuple((before, max(after, 0)) for before, after in cut)),
        output_padding=tuple(max(-after, 0) for _, after in cut),
    )
    return activate(build, _made(step, made), layer.activation)


def partial(build: Builder, step: Step, value: Value) -> Value:
    """PartialConv2D as the whole convolution with zeros where nothing connects."""
    layer: Any = step.layer
    kernel = np.asarray(layer.whole_kernel(build.weights[step.owner]["kernel"], value.shape[-1]))
    name = build.weight(step.owner, "kernel", layouts.filters_first(kernel.shape).outward(kernel))
    return activate(build, _convolved(build, step, value, name, 1), layer.activation)


def local(build: Builder, step: Step, value: Value) -> Value:
    """LocallyConnected1D and 2D: the taps of each place side by side, times the matrix of the place."""
    layer: Any = step.layer
    image, places = build.channels_last(value), (step.shape or ())[:-1]
    window = layer.window(value.shape)
    padded = build.op("Pad", image.name, build.whole("pads", margins(window.padding, first=False)))
    taps = [_tap(build, padded, tap, places, window.stride) for tap in np.ndindex(*window.size)]
    seen = taps[0] if len(taps) == 1 else build.op("Concat", *taps, axis=-1)
    row = build.op("Unsqueeze", seen, build.whole("axis", [len(places) + 1]))
    kernel = build.weights[step.owner]["kernel"]
    product = build.op("MatMul", row, build.weight(step.owner, "kernel", kernel))
    made = build.op("Squeeze", product, build.whole("axis", [len(places) + 1]))
    if layer.use_bias:
        made = build.op("Add", made, *_bias(build, step))
    return activate(build, Value(made, step.shape or ()), layer.activation)


def max_pool(build: Builder, step: Step, value: Value) -> Value:
    """The largest of each window; what pads never wins."""
    return _made(
        step, build.op("MaxPool", build.channels_first(value).name, **_geometry(step, dilations=False))
    )


def average_pool(build: Builder, step: Step, value: Value) -> Value:
    """The mean of each window over the numbers that are there."""
    how = _geometry(step, dilations=False)
    return _made(step, build.op("AveragePool", build.channels_first(value).name, count_include_pad=0, **how))


def l2_pool(build: Builder, step: Step, value: Value) -> Value:
    """The length of each window: the root of its size times the mean of the squares, zeros counted."""
    how = _geometry(step, dilations=False)
    image = build.channels_first(value).name
    mean = build.op("AveragePool", build.op("Mul", image, image), count_include_pad=1, **how)
    sum_ = build.op("Mul", mean, build.constant("size", float(math.prod(how["kernel_shape"]))))
    return _made(step, build.op("Sqrt", sum_))


def global_average_pool(build: Builder, step: Step, value: Value) -> Value:
    """The mean of each channel."""
    made = build.op("GlobalAveragePool", build.channels_first(value).name)
    if len(step.shape or ()) > 1:
        return _made(step, made)
    return Value(build.op("Flatten", made, axis=1), step.shape or ())


def global_max_pool(build: Builder, step: Step, value: Value) -> Value:
    """The largest number of each channel."""
    keep = len(step.shape or ()) > 1
    places = build.whole("places", [value.axis(axis) for axis in range(1, value.axes - 1)])
    made = build.op("ReduceMax", value.name, places, keepdims=int(keep))
    return Value(made, step.shape or (), value.first and keep)


def _convolved(build: Builder, step: Step, value: Value, kernel: str, groups: int) -> Value:
    """A convolution with this kernel and the layer's bias, strides, padding and dilation."""
    image = build.channels_first(value).name
    return _made(step, build.op("Conv", image, kernel, *_bias(build, step), group=groups, **_geometry(step)))


def _made(step: Step, name: str) -> Value:
    """The layer's output, channels first."""
    return Value(name, step.shape or (), True)


def _bias(build: Builder, step: Step) -> tuple[str, ...]:
    """The name of the bias, if there is one."""
    weights = build.weights[step.owner]
    return (build.weight(step.owner, "bias", weights["bias"]),) if "bias" in weights else ()


def _geometry(step: Step, dilations: bool = True) -> dict[str, Any]:
    """The attributes of the window; padding is always in numbers, so that nobody's rule for "same" counts."""
    window: Any = step.layer.window(*(step.input_shapes or ()))
    how = {"kernel_shape": window.size, "strides": window.stride, "pads": _pads(window.padding)}
    return how | ({"dilations": window.dilation} if dilations else {})


def _pads(padding: tuple[tuple[int, int], ...]) -> tuple[int, ...]:
    """All numbers before, then all numbers after."""
    return (*(before for before, _ in padding), *(after for _, after in padding))


def margins(padding: tuple[tuple[int, int], ...], first: bool) -> tuple[int, ...]:
    """The same for every axis of an image, the batch and the channels included."""
    every = ((0, 0), (0, 0), *padding) if first else ((0, 0), *padding, (0, 0))
    return _pads(every)


def _tap(build: Builder, image: str, tap: tuple[int, ...], places: Shape, strides: Shape) -> str:
    """What one tap of the window sees at every place."""
    ends = [
        start + (count - 1) * stride + 1 for start, count, stride in zip(tap, places, strides, strict=True)
    ]
    numbers = {"starts": tap, "ends": ends, "axes": range(1, len(tap) + 1), "steps": strides}
    return build.op("Slice", image, *(build.whole(hint, list(given)) for hint, given in numbers.items()))

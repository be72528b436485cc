"""Which rule each kind of layer follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from striate import layers as L
from striate.explain.addresses.rules.base import Rule, Unknown
from striate.explain.addresses.rules.batch import BatchNorm
from striate.explain.addresses.rules.curves import (
    CURVES,
    SECOND_NAMES,
    exponential_below,
    leaky,
    rectifier,
    stretched_tangent,
)
from striate.explain.addresses.rules.grid import Grid
from striate.explain.addresses.rules.layouts import (
    Depthwise,
    Local,
    Partial,
    Shared,
    Turned,
    grouped_links,
    table_links,
)
from striate.explain.addresses.rules.linear import Lifted, Lines, Means, Sums
from striate.explain.addresses.rules.moving import Moved, Scaled
from striate.explain.addresses.rules.pointwise import LearnedSlope, Pointwise, Product
from striate.explain.addresses.rules.products import Distances, Products
from striate.explain.addresses.rules.rows import Lengths, LogSoftmax, Neighbours, Softmax
from striate.explain.addresses.rules.selecting import Extreme, Largest
from striate.explain.addresses.rules.wiring import Full, Layout, Windowed
from striate.layers._base import Layer, Shape
from striate.layers.preprocessing import _SMALLEST_DEVIATION

Shapes = tuple[Shape, ...]
Maker = Callable[[Any, Shapes, Shape], Rule]
"""(layer, shapes of what it reads, shape of its output), all without batch -> its rule."""


def rule_of(layer: Layer, reads: Shapes, shape: Shape) -> Rule:
    """The rule of a layer without its fused activation."""
    maker = MAKERS.get(type(layer))
    return Unknown(type(layer).__name__) if maker is None else maker(layer, reads, shape)


def activation_rule(name: str, axis: int = -1) -> Rule:
    """The rule of an activation by its name."""
    if name == "softmax":
        return Softmax(axis)
    if name == "log_softmax":
        return LogSoftmax(axis)
    return Pointwise(CURVES[SECOND_NAMES.get(name, name)])


def grid_of(layer: Layer, reads: Shapes, shape: Shape) -> Grid:
    """The windows of a layer."""
    window = layer.window(*reads)
    assert window is not None
    return Grid(window, reads[0][:-1], shape[:-1])


def depthwise_rule(layer: Any, reads: Shapes, between: Shape) -> Rule:
    """A convolution of each channel on its own."""
    channels = reads[0][-1]
    links = grouped_links(channels, between[-1], channels)
    return Products(Windowed(grid_of(layer, reads, between), Depthwise(links, layer.depth_multiplier)))


def mixing_rule(between: Shape, filters: int) -> Rule:
    """The pointwise half of a separable convolution."""
    sizes, ones = between[:-1], (1,) * (len(between) - 1)
    window = L.Conv2D(1, 1).window(between) if len(sizes) == 2 else L.Conv1D(1, 1).window(between)
    assert window is not None
    assert window.size == ones
    layout = Shared(grouped_links(between[-1], filters, 1), between[-1])
    return Products(Windowed(Grid(window, sizes, sizes), layout))


def _windowed(layer: Any, reads: Shapes, shape: Shape, layout: Layout) -> Rule:
    own_bias = isinstance(layout, Local)
    return Products(Windowed(grid_of(layer, reads, shape), layout), own_bias)


def _conv(layer: Any, reads: Shapes, shape: Shape) -> Rule:
    links = grouped_links(reads[0][-1], layer.filters, layer.groups)
    return _windowed(layer, reads, shape, Shared(links, reads[0][-1] // layer.groups))


def _transposed(layer: Any, reads: Shapes, shape: Shape) -> Rule:
    links = grouped_links(reads[0][-1], layer.filters, 1)
    return _windowed(layer, reads, shape, Turned(links, layer.kernel_size, reads[0][-1]))


def _local(layer: Any, reads: Shapes, shape: Shape) -> Rule:
    links = grouped_links(reads[0][-1], layer.filters, 1)
    return _windowed(layer, reads, shape, Local(links, layer.kernel_size, reads[0][-1]))


def _partial(layer: Any, reads: Shapes, shape: Shape) -> Rule:
    return _windowed(layer, reads, shape, Partial(table_links(layer.connections)))


def _full(reads: Shapes, units: int) -> Full:
    return Full(reads[0][:-1], reads[0][-1], units)


def _whole(kind: Callable[..., Rule]) -> Maker:
    """A pooling over the whole picture."""
    return lambda a, r, s: kind(Grid.whole(r[0][:-1]), a.keepdims)


def _sums(*coefficients: float) -> Maker:
    """The first inputs have these coefficients, all others the last of them."""

    def make(layer: Any, reads: Shapes, shape: Shape) -> Rule:
        more = coefficients + coefficients[-1:] * (len(reads) - len(coefficients))
        return Sums(more, tuple(f"{c:g}" for c in more), reads, shape)

    return make


def _average(layer: Any, reads: Shapes, shape: Shape) -> Rule:
    count = len(reads)
    return Sums((1 / count,) * count, (f"1/{count}",) * count, reads, shape)


def _upsampling(layer: Any, reads: Shapes, shape: Shape) -> Rule:
    if getattr(layer, "interpolation", "nearest") == "bilinear":
        return Lines(reads[0][:-1], layer.size)
    return Moved(layer, reads)


def _rescaling(layer: Any, reads: Shapes, shape: Shape) -> Rule:
    scale, shift = (_lifted(numbers, (len(shape),), shape) for numbers in (layer.scale, layer.offset))
    return Scaled(scale, shift, ("scale", "offset"), "y = x · scale + offset")


def _normalization(layer: Any, reads: Shapes, shape: Shape) -> Rule:
    kept = tuple(axis % (len(shape) + 1) for axis in layer.axis)
    mean, variance = (_lifted(numbers, kept, shape) for numbers in (layer.mean, layer.variance))
    deviation = np.maximum(np.sqrt(variance.astype(np.float32)), np.float32(_SMALLEST_DEVIATION))
    deviation = deviation.astype(np.float64)
    if layer.invert:
        return Scaled(deviation, mean, ("deviation", "mean"), "y = x · deviation + mean")
    text = "y = (x - mean) / deviation"
    return Scaled(1 / deviation, -mean / deviation, ("1 / deviation", "-mean / deviation"), text)


def _lifted(numbers: Any, kept: tuple[int, ...], shape: Shape) -> np.ndarray:
    """Numbers of some axes, counted from 1, with an axis of size 1 for each other axis of an example."""
    array = np.asarray(numbers, np.float32).astype(np.float64)
    sizes = [size if array.ndim and axis in kept else 1 for axis, size in enumerate(shape, 1)]
    return array.reshape(sizes)


def _moved(layer: Any, reads: Shapes, shape: Shape) -> Rule:
    return Moved(layer, reads)


MAKERS: Mapping[type[Layer], Maker] = {
    **dict.fromkeys((L.Conv1D, L.Conv2D), _conv),
    **dict.fromkeys((L.DepthwiseConv1D, L.DepthwiseConv2D), depthwise_rule),
    **dict.fromkeys((L.Conv1DTranspose, L.Conv2DTranspose), _transposed),
    **dict.fromkeys((L.LocallyConnected1D, L.LocallyConnected2D), _local),
    L.PartialConv2D: _partial,
    L.Dense: lambda a, r, s: Products(_full(r, a.units)),
    L.RadialBasis: lambda a, r, s: Distances(_full(r, a.units)),
    L.Bias: lambda a, r, s: Lifted(batched=False),
    **dict.fromkeys((L.MaxPooling1D, L.MaxPooling2D), lambda a, r, s: Largest(grid_of(a, r, s))),
    **dict.fromkeys((L.AveragePooling1D, L.AveragePooling2D), lambda a, r, s: Means(grid_of(a, r, s))),
    **dict.fromkeys((L.L2Pooling1D, L.L2Pooling2D), lambda a, r, s: Lengths(grid_of(a, r, s))),
    **dict.fromkeys((L.GlobalMaxPooling1D, L.GlobalMaxPooling2D), _whole(Largest)),
    **dict.fromkeys((L.GlobalAveragePooling1D, L.GlobalAveragePooling2D), _whole(Means)),
    **dict.fromkeys((L.Flatten, L.Reshape, L.Permute, L.RepeatVector, L.Identity, L.Concatenate), _moved),
    **dict.fromkeys((L.ZeroPadding1D, L.ZeroPadding2D, L.Cropping1D, L.Cropping2D), _moved),
    **dict.fromkeys((L.Dropout, L.SpatialDropout1D, L.SpatialDropout2D, L.GaussianNoise), _moved),
    **dict.fromkeys((L.UpSampling1D, L.UpSampling2D), _upsampling),
    L.BatchNormalization: lambda a, r, s: BatchNorm(a.axis % (len(s) + 1), a.epsilon, a.scale, a.center),
    L.LocalResponseNormalization: lambda a, r, s: Neighbours(a.size, a.alpha, a.beta, a.k),
    L.Activation: lambda a, r, s: activation_rule(a.activation),
    L.ReLU: lambda a, r, s: Pointwise(rectifier(a.negative_slope, a.max_value, a.threshold)),
    L.LeakyReLU: lambda a, r, s: Pointwise(leaky(a.negative_slope)),
    L.ELU: lambda a, r, s: Pointwise(exponential_below(a.alpha)),
    L.ScaledTanh: lambda a, r, s: Pointwise(stretched_tangent(a.amplitude, a.slope)),
    L.PReLU: lambda a, r, s: LearnedSlope(a.weights(*r)["alpha"].shape, r[0]),
    L.Softmax: lambda a, r, s: Softmax(a.axis),
    L.Add: _sums(1),
    L.Subtract: _sums(1, -1),
    L.Average: _average,
    L.Multiply: lambda a, r, s: Product(r, s),
    L.Maximum: lambda a, r, s: Extreme(1, r, s),
    L.Minimum: lambda a, r, s: Extreme(-1, r, s),
    L.Rescaling: _rescaling,
    L.Normalization: _normalization,
}
"""Every layer that is one site besides its activation; separable convolutions are two, see `sites.py`."""

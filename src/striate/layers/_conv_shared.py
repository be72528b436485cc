"""What all convolutions share: the rules of their fields and the arithmetic of their windows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from striate.layers._activations import FUSED_ACTIVATION
from striate.layers._base import Layer, Shape, Window
from striate.layers._rule_kinds import data_format, flag, padding, sizes, whole
from striate.layers._rules import Rule
from striate.layers._shapes import label, refuse
from striate.layers.initializers import INITIALIZER
from striate.layers.regularizers import REGULARIZER
from striate.ops.geometry import output_size, resolve_padding

CONV_RULES: Mapping[str, Rule] = {
    "filters": whole("Give the number of output channels, such as 32."),
    "kernel_size": sizes("Give the size of the kernel, such as 3 or (3, 5)."),
    "strides": sizes("Give the step between windows, such as 2."),
    "padding": padding("Choose 'same' to keep the size, 'valid' to pad nothing.", "valid", "same", "causal"),
    "data_format": data_format(),
    "dilation_rate": sizes("Give the gap between the kernel's taps, 1 for none."),
    "groups": whole("Give a number that divides the channels and the filters, such as 1."),
    "depth_multiplier": whole("Give how many outputs each input channel has, such as 1."),
    "activation": FUSED_ACTIVATION,
    "use_bias": flag("Write use_bias=False to leave the bias out."),
    **{f"{name}_initializer": INITIALIZER for name in ("kernel", "depthwise", "pointwise", "bias")},
    **{f"{name}_regularizer": REGULARIZER for name in ("kernel", "depthwise", "pointwise", "bias")},
}
"""The rules of every field that a convolution may have."""


def window_of(layer: Any, sizes: Shape) -> Window:
    """The window of a layer with kernel_size, strides, padding and dilation_rate on an image of these sizes."""
    kernel, strides, dilation = layer.kernel_size, layer.strides, layer.dilation_rate
    pads = resolve_padding(layer.padding, sizes, kernel, strides, dilation, where=label(layer))
    return Window(kernel, strides, dilation, pads)


def fit(layer: Layer, sizes: Shape, window: Window, noun: str = "kernel") -> Shape:
    """How many windows fit on each axis, or the ShapeError that names layer, kernel and image."""
    counted = (sizes, window.size, window.stride, window.padding, window.dilation)
    return output_size(*counted, where=label(layer), noun=noun)


def need_groups(layer: Layer, channels: int, groups: int) -> None:
    """Channels must fall into equal groups."""
    if channels % groups:
        found = f"{channels} channels cannot be split into {groups} equal groups"
        raise refuse(layer, found, f"a multiple of {groups} channels", "Change groups or the layer before.")

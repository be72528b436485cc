"""What all convolutions share: the rules of their fields and the arithmetic of their windows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from striate.errors import Problem
from striate.layers._activations import FUSED_ACTIVATION
from striate.layers._base import Layer, Shape, Weight, Window
from striate.layers._rule_kinds import data_format, flag, padding, sizes, whole
from striate.layers._rules import Rule
from striate.layers._shapes import label, refuse
from striate.layers.initializers import INITIALIZER
from striate.layers.regularizers import REGULARIZER
from striate.ops.geometry import output_size, resolve_padding

_WEIGHTS = ("kernel", "depthwise", "pointwise", "bias")
_PADDING_CURE = "Choose 'same' to keep the size, 'valid' to pad nothing."

CONV_RULES: Mapping[str, Rule] = {
    "filters": whole("Give the number of output channels, such as 32."),
    "kernel_size": sizes("Give the size of the kernel, such as 3 or (3, 5)."),
    "strides": sizes("Give the step between windows, such as 2."),
    "padding": padding(_PADDING_CURE, "valid", "same"),
    "data_format": data_format(),
    "dilation_rate": sizes("Give the distance between the kernel's taps, 1 for no gaps."),
    "groups": whole("Give a number that divides the channels and the filters, such as 1."),
    "depth_multiplier": whole("Give how many outputs each input channel has, such as 1."),
    "activation": FUSED_ACTIVATION,
    "use_bias": flag("Write use_bias=False to leave the bias out."),
    **{f"{name}_initializer": INITIALIZER for name in _WEIGHTS},
    **{f"{name}_regularizer": REGULARIZER for name in _WEIGHTS},
}
"""The rules of every field that a convolution may have."""

CAUSAL_PADDING: Mapping[str, Rule] = {"padding": padding(_PADDING_CURE, "valid", "same", "causal")}
"""The rule of the padding along one axis, which may also hide the future."""


def window_of(layer: Any, sizes: Shape) -> Window:
    """The window of a layer with kernel_size, strides and padding on an image of these sizes."""
    kernel, strides = layer.kernel_size, layer.strides
    dilation = getattr(layer, "dilation_rate", (1,) * len(kernel))
    pads = resolve_padding(layer.padding, sizes, kernel, strides, dilation, where=label(layer))
    return Window(kernel, strides, dilation, pads)


def fit(layer: Layer, sizes: Shape, window: Window, noun: str = "kernel") -> Shape:
    """How many windows fit on each axis, or the ShapeError that names layer, kernel and image."""
    counted = (sizes, window.size, window.stride, window.padding, window.dilation)
    return output_size(*counted, where=label(layer), noun=noun)


def declare(layer: Any, with_bias: Shape | None, **shapes: Shape) -> dict[str, Weight]:
    """The weights of a layer, each with its own initializer and regularizer fields.

    Args:
        layer: has `<role>_initializer` and `<role>_regularizer` for each role.
        with_bias: the shape of the bias, used when the layer's `use_bias` is on.
        shapes: weight name to shape; the role of "depthwise_kernel" is "depthwise", that of "kernel" itself.
    """
    wanted = dict(shapes) | ({"bias": with_bias} if layer.use_bias and with_bias is not None else {})
    return {name: _weight(layer, name.removesuffix("_kernel"), shape) for name, shape in wanted.items()}


def _weight(layer: Any, role: str, shape: Shape) -> Weight:
    initializer, regularizer = getattr(layer, f"{role}_initializer"), getattr(layer, f"{role}_regularizer")
    return Weight(shape, initializer, True, regularizer)


def group_conflicts(kind: str, filters: int, groups: int) -> Iterable[Problem]:
    """Filters that do not fall into equal groups."""
    if filters % groups:
        found = f"{filters} filters cannot be split into {groups} equal groups"
        yield Problem(f"{kind}.groups", found, "a divisor of filters", "Change filters or groups.")


def need_groups(layer: Layer, channels: int, groups: int) -> None:
    """Channels must fall into equal groups."""
    if channels % groups:
        found = f"{channels} channels cannot be split into {groups} equal groups"
        raise refuse(layer, found, f"a multiple of {groups} channels", "Change groups or the layer before.")

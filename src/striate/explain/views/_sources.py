"""From a layer of a model, or from bare arrays, to a convolution at work."""

from __future__ import annotations

from typing import Any

import numpy as np

from striate.errors import ArgumentError, Problem, ShapeError
from striate.explain._reading import Reading, read
from striate.explain.views.convolution import Convolution
from striate.explain.views.wiring import Wiring, pointwise, wiring_of
from striate.layers import (
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    DepthwiseConv1D,
    DepthwiseConv2D,
    SeparableConv1D,
    SeparableConv2D,
)
from striate.layers._base import Shape
from striate.models import Model
from striate.network.shapes import Step

KINDS = ("conv", "depthwise", "deconv", "local", "separable")
"""The kinds of layers that can be looked at, as a network calls them."""

_MADE = {
    ("conv", 1): Conv1D,
    ("conv", 2): Conv2D,
    ("depthwise", 1): DepthwiseConv1D,
    ("depthwise", 2): DepthwiseConv2D,
    ("transposed", 1): Conv1DTranspose,
    ("transposed", 2): Conv2DTranspose,
}
_HALF = "/depthwise"


def from_model(model: Model, name: str, x: Any, example: int) -> Convolution:
    """A layer of a model at work on one example of a batch.

    Raises:
        ArgumentError: there is no such layer, it is no convolution, or there is no such example.
        DataError, ShapeError: x does not fit the model.
    """
    step, half = _step(model, name)
    reading = read(model, x)
    count = len(reading.x)
    if not -count <= example < count:
        cure = f"Give example=0 to {count - 1}."
        raise ArgumentError(Problem("example", f"got {example} of {count}", "the number of an example", cure))
    return from_reading(reading, step, half, example)


def from_reading(reading: Reading, step: Step, half: bool, example: int) -> Convolution:
    """The convolution of one step; `half` asks for the first half of a separable one."""
    variables = {**reading.variables.get("params", {}).get(step.owner, {})}
    variables |= reading.variables.get("state", {}).get(step.owner, {})
    weights = {name: np.asarray(array) for name, array in variables.items()}
    before = np.asarray(reading.values[step.inputs[0]][example])
    first = wiring_of(step.layer, before.shape)
    inside = step.path + _HALF
    if half:
        seen = np.asarray(reading.values[inside][example])
        return Convolution(inside, first, before, weights["depthwise_kernel"], None, seen)
    argument = f"{step.path}/preactivation"
    output = np.asarray(reading.values[argument if argument in reading.values else step.path][example])
    if not isinstance(step.layer, SeparableConv1D | SeparableConv2D):
        return Convolution(step.path, first, before, weights["kernel"], weights.get("bias"), output)
    middle, kernel = np.asarray(reading.values[inside][example]), weights["pointwise_kernel"]
    wiring = pointwise(middle.shape, kernel.shape)
    return Convolution(step.path, wiring, middle, kernel, weights.get("bias"), output)


def from_arrays(x: Any, kernel: Any, bias: Any, kind: str, how: dict[str, Any]) -> Convolution:
    """A convolution of bare arrays.

    Raises:
        ArgumentError, ShapeError: what does not fit.
    """
    taps = _full_kernel(np.asarray(kernel))
    example = _example(np.asarray(x), taps.ndim - 2)
    wiring = bare_wiring(example.shape, taps.shape, kind, how)
    offset = None if bias is None else np.atleast_1d(np.asarray(bias))
    filters = wiring.output_shape[-1]
    if offset is not None and offset.shape != (filters,):
        happened, cure = f"its shape is {offset.shape}", "Give one number for each filter."
        raise ShapeError(Problem("bias", happened, f"({filters},)", cure))
    return Convolution("convolution", wiring, example, taps, offset)


def bare_wiring(input_shape: Shape, kernel_shape: Shape, kind: str, how: dict[str, Any]) -> Wiring:
    """The wiring of a kernel of this shape; the layer that would hold it checks everything.

    Raises:
        ArgumentError, ShapeError: what does not fit.
    """
    axes = len(kernel_shape) - 2
    kinds = sorted({known for known, _ in _MADE})
    if kind not in kinds:
        cure = "Choose one of them."
        raise ArgumentError(Problem("kind", f"got {kind!r}", ", ".join(kinds), cure))
    size, (inner, outer) = kernel_shape[:axes], kernel_shape[axes:]
    fields = {name: value for name, value in how.items() if value is not None}
    groups = fields.pop("groups", 1)
    if kind == "conv":
        fields |= {"filters": outer, "groups": groups}
    elif groups != 1:
        cure = "Leave groups out, or say kind='conv'."
        raise ArgumentError(Problem("groups", f"got {groups} for kind={kind!r}", "1", cure))
    else:
        fields |= {"depth_multiplier": outer} if kind == "depthwise" else {"filters": inner}
    layer = _MADE[kind, axes](kernel_size=size, name="convolution", **fields)
    wiring = wiring_of(layer, input_shape)
    if wiring.kernel_shape != tuple(kernel_shape):
        happened = f"its shape is {tuple(kernel_shape)} and x has {input_shape[-1]} channels"
        order = {"conv": "channels / groups, filters", "depthwise": "channels, multiplier"}
        cure = f"Its last axes are ({order.get(kind, 'filters, channels')})."
        raise ShapeError(Problem("kernel", happened, f"shape {wiring.kernel_shape}", cure))
    return wiring


def _step(model: Model, name: str) -> tuple[Step, bool]:
    """The step of a name, and whether its first half is meant."""
    program = model.network.verify().program
    half = name.endswith(_HALF) and name not in program.names
    path = program.names.get(name.removesuffix(_HALF) if half else name)
    step = None if path is None else program.steps.get(path)
    known = [each.path for each in program.steps.values() if each.layer.KIND in KINDS]
    if step is not None and step.path in known and (not half or step.layer.KIND == "separable"):
        return step, half
    happened = f"there is no layer {name!r}" if step is None else f"{name!r} is no convolution"
    cure = "model.summary() shows all layers."
    raise ArgumentError(Problem("layer", happened, f"one of {', '.join(known) or 'none here'}", cure))


def _full_kernel(kernel: np.ndarray) -> np.ndarray:
    """A kernel with its axes of channels and filters; a bare (kh, kw) or (kw,) has one of each."""
    if kernel.ndim in (1, 2):
        return kernel[..., None, None]
    if kernel.ndim in (3, 4):
        return kernel
    expected = "(kw,), (kh, kw), (kw, C / groups, F) or (kh, kw, C / groups, F)"
    raise ShapeError(Problem("kernel", f"its shape is {kernel.shape}", expected, "Reshape it."))


def _example(x: np.ndarray, axes: int) -> np.ndarray:
    """One example, channels last; the channel axis may be missing, and a batch axis of one is taken off."""
    if x.ndim == axes:
        return x[..., None]
    if x.ndim == axes + 2 and len(x) == 1:
        return x[0]
    if x.ndim == axes + 1:
        return x
    sizes = "(H, W) or (H, W, C)" if axes == 2 else "(W,) or (W, C)"
    cure = "Give one example, such as x[0]."
    raise ShapeError(Problem("x", f"its shape is {x.shape}", f"{sizes} for this kernel", cure))

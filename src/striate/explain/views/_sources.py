"""From a layer of a model, or from bare arrays, to a convolution at work."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jax
import numpy as np

from striate.errors import ArgumentError, Problem, ShapeError
from striate.explain._reading import Reading, read
from striate.explain._tracing import trace
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
from striate.network import Network
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
    one = {name: array[example % count][None] for name, array in reading.inputs.items()}
    found = _values(model.network, step.path)(reading.variables, one)
    values = {name: np.asarray(array[0]) for name, array in found.items()}
    return _at_work(step, half, values, _weights(reading, step))


def _at_work(
    step: Step, half: bool, values: Mapping[str, np.ndarray], weights: Mapping[str, np.ndarray]
) -> Convolution:
    """The convolution of one step; `half` asks for the first half of a separable one."""
    before = values[step.inputs[0]]
    first = wiring_of(step.layer, before.shape)
    inside = step.path + _HALF
    if half:
        return Convolution(inside, first, before, weights["depthwise_kernel"], None, values[inside])
    output = values.get(f"{step.path}/preactivation", values[step.path])
    if not isinstance(step.layer, SeparableConv1D | SeparableConv2D):
        return Convolution(step.path, first, before, weights["kernel"], weights.get("bias"), output)
    middle, kernel = values[inside], weights["pointwise_kernel"]
    wiring = pointwise(middle.shape, kernel.shape)
    return Convolution(step.path, wiring, middle, kernel, weights.get("bias"), output)


def _weights(reading: Reading, step: Step) -> dict[str, np.ndarray]:
    """The weights of a step, frozen ones too."""
    groups = (reading.variables.get(group, {}) for group in ("params", "state"))
    return {name: np.asarray(a) for group in groups for name, a in group.get(step.owner, {}).items()}


@lru_cache(maxsize=16)
def _values(network: Network, path: str) -> Any:
    """(variables, inputs) -> what a step reads and gives, compiled; nothing behind it is computed."""
    names = (network.program.steps[path].inputs[0], path, f"{path}/preactivation", path + _HALF)

    def run(variables: Any, inputs: Mapping[str, jax.Array]) -> dict[str, jax.Array]:
        values = trace(network.program, variables, inputs).values
        return {name: values[name] for name in names if name in values}

    return jax.jit(run)


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

"""Checks that shape rules share, each with its message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from striate.errors import Problem, ShapeError

if TYPE_CHECKING:
    from striate.layers._base import Layer, Shape

_AXES = {1: "(length, channels)", 2: "(height, width, channels)"}


def label(layer: Layer) -> str:
    """What an error calls the layer: its name, or its kind as long as it has none."""
    return layer.name or layer.KIND


def refuse(layer: Layer, happened: str, expected: str, cure: str) -> ShapeError:
    """The error of a shape rule, ready to be raised."""
    return ShapeError(Problem(label(layer), happened, expected, cure))


def single(layer: Layer, inputs: tuple[Shape, ...]) -> Shape:
    """The only input of a layer that takes one."""
    if len(inputs) != 1:
        found, cure = f"it got {len(inputs)} inputs", "Join them first, for instance with Concatenate or Add."
        raise refuse(layer, found, "one input", cure)
    return tuple(inputs[0])


def image(layer: Layer, inputs: tuple[Shape, ...]) -> Shape:
    """The only input of a layer that works on pictures, or on rows when `AXES` is 1; its axes are counted."""
    shape = single(layer, inputs)
    if len(shape) == layer.AXES + 1:
        return shape
    if len(shape) == layer.AXES:
        cure = f"Add a channel axis, for instance with Reshape({(*shape, 1)})."
    elif len(shape) == 1:
        cure = "Put this layer before Flatten or Dense, or bring the axes back with Reshape."
    else:
        cure = "Leave the batch axis out of shapes, and check how many axes the data has."
    found = f"the input {shape} has {len(shape)} ax{'i' if len(shape) == 1 else 'e'}s"
    raise refuse(layer, found, f"{layer.AXES + 1} axes, {_AXES[layer.AXES]}", cure)

"""Receptive fields: how much of the input each layer's positions see, worked out without running anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from striate.layers._base import Layer, Shape, Window
from striate.network._axis_view import IDENTITY, AxisView, AxisWindow, through, union
from striate.network.shapes import Program, Step

View = tuple[AxisView | None, ...]
"""For each spatial axis of the input what a position sees of it, None for all of it."""


@dataclass(frozen=True)
class ReceptiveField:
    """What one output position sees of the input, an entry for each spatial axis (none for plain features).

    Args:
        size: pixels it spans, padding included and edges left aside; the largest where positions differ.
        stride: pixels from one position's field to the next; a fraction behind upsampling, 0 for all.
        offset: first pixel that position 0 sees; negative when it begins in the padding.
        everything: it sees the whole input.
        flattened: the map (H, W, C) whose positions lie in reading order on the only axis, or None.

    >>> from striate.layers import Conv2D, MaxPooling2D
    >>> from striate.network import sequential
    >>> network = sequential([Conv2D(8, 3), MaxPooling2D(), Conv2D(8, 3)], input_shape=(28, 28, 1))
    >>> for row in network.rows():
    ...     print(row.name, row.receptive)
    conv1 3x3
    pool1 4x4 every 2
    conv2 8x8 every 2

    Dumoulin and Visin, A guide to convolution arithmetic for deep learning, 2016; Araujo, Norris and Sim,
    Computing receptive fields of convolutional neural networks, 2019.
    """

    size: tuple[int, ...]
    stride: tuple[Fraction, ...]
    offset: tuple[int, ...]
    everything: bool = False
    flattened: Shape | None = None

    def __str__(self) -> str:
        """The field as people write it: its size, its stride when that is not 1, or "all"."""
        if self.everything:
            return "all"
        steps = [str(step) for step in self.stride]
        same = len(set(steps)) == 1
        every = "" if set(steps) <= {"1"} else " every " + (steps[0] if same else "x".join(steps))
        return "x".join(map(str, self.size)) + every


@dataclass(frozen=True)
class Link:
    """How one step looks at one of its inputs.

    Args:
        how: "same" position, through "windows", "flatten" in reading order, or at "all" of it.
        windows: for "windows" one for each spatial axis; None for looking at position 0 alone (broadcasting).
    """

    how: Literal["same", "windows", "flatten", "all"]
    windows: tuple[AxisWindow | None, ...] = ()


def link(step: Step, index: int) -> Link:
    """How a step looks at its input number `index`; both shapes are known."""
    found, made = (step.input_shapes or ())[index], step.shape or ()
    layer = step.layer
    if layer.KIND == "flatten":
        return Link("flatten") if len(found) > 1 else Link("same")
    if layer.SEES == "window" and (window := layer.window(*(step.input_shapes or ()))) is not None:
        return Link("windows", axis_windows(window))
    if len(found) != len(made) or (len(found) == 1 and (layer.SEES == "all" or _mixes_features(step))):
        return Link("all")
    if (layer.SEES == "all" and layer.KIND != "dense") or _mixes_positions(layer, found, made):
        return Link("all")
    return _pointwise(found[:-1], made[:-1]) if len(found) > 1 else Link("same")


def axis_windows(window: Window) -> tuple[AxisWindow, ...]:
    """A layer's window, axis by axis."""
    spread = window.spread or (1,) * len(window.size)
    befores = (before for before, _ in window.padding)
    fields = zip(window.size, window.stride, window.dilation, befores, spread, strict=True)
    return tuple(AxisWindow(*one) for one in fields)


def receptive_fields(program: Program) -> dict[str, dict[str, ReceptiveField]]:
    """{path: {input name: field}} for every step and every input that it depends on."""
    lengths = {
        name: shape[:-1] for name, shape in program.shapes.items() if shape and name not in program.steps
    }
    views: dict[str, dict[str, View]] = {
        name: {name: (IDENTITY,) * len(size)} for name, size in lengths.items()
    }
    grids: dict[str, Shape] = {}
    fields: dict[str, dict[str, ReceptiveField]] = {}
    for path, step in program.steps.items():
        links = [link(step, index) for index in range(len(step.inputs))]
        views[path] = _merged(
            [(views[name], how) for name, how in zip(step.inputs, links, strict=True)], lengths
        )
        if (grid := _grid(step, links, grids)) is not None:
            grids[path] = grid
        fields[path] = {name: _field(view, lengths[name], grid) for name, view in views[path].items()}
    return fields


def _merged(read: Sequence[tuple[Mapping[str, View], Link]], lengths: Mapping[str, Shape]) -> dict[str, View]:
    """For each network input the union over all ways to it."""
    merged: dict[str, View] = {}
    for views, how in read:
        for name, view in views.items():
            new = _looking(view, how, len(lengths[name]))
            old = merged.get(name)
            merged[name] = (
                new if old is None else tuple(a and b and union(a, b) for a, b in zip(old, new, strict=True))
            )
    return merged


def _looking(view: View, how: Link, axes: int) -> View:
    """What is seen through a link by a position of the step."""
    if how.how in ("same", "flatten"):
        return view
    if how.how == "all" or len(how.windows) != axes:
        return (None,) * axes
    pairs = zip(view, how.windows, strict=True)
    return tuple(
        one and (through(one, window) if window else AxisView((one.at(0),), 0)) for one, window in pairs
    )


def _field(view: View, lengths: Shape, grid: Shape | None) -> ReceptiveField:
    """The numbers of a view; an axis that is seen whole has the image's length and stride 0."""
    numbers = [
        (length, Fraction(0), 0) if one is None else (one.size, one.stride, (one.at(0) or (0, 0))[0])
        for one, length in zip(view, lengths, strict=True)
    ]
    size, stride, offset = zip(*numbers, strict=True) if numbers else ((), (), ())
    everything = all(one is None for one in view)
    return ReceptiveField(size, stride, offset, everything, None if everything else grid)


def _grid(step: Step, links: Sequence[Link], grids: Mapping[str, Shape]) -> Shape | None:
    """The map that was flattened, as long as nothing has mixed its positions since."""
    if links[0].how == "flatten":
        return (step.input_shapes or ((),))[0]
    return grids.get(step.inputs[0]) if all(one.how == "same" for one in links) else None


def _pointwise(found: Shape, made: Shape) -> Link:
    """The same position, or position 0 along axes that are broadcast."""
    if found == made:
        return Link("same")
    if all(one in (1, other) for one, other in zip(found, made, strict=True)):
        same = AxisWindow(1, 1, 1, 0)
        return Link(
            "windows", tuple(same if one == other else None for one, other in zip(found, made, strict=True))
        )
    return Link("all")


def _mixes_positions(layer: Layer, found: Shape, made: Shape) -> bool:
    """A softmax along a spatial axis; maps put one behind the other."""
    if layer.KIND == "softmax":
        return getattr(layer, "axis", -1) not in (-1, len(found))
    return layer.KIND == "concat" and found[:-1] != made[:-1]


def _mixes_features(step: Step) -> bool:
    """A softmax over features makes each depend on all."""
    return "softmax" in (getattr(step.layer, "activation", None) or step.layer.KIND)

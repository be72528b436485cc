"""How far a change of a few pixels reaches into a network, and which part of the work that spares.

A window over the picture changes only a region of each map behind it. `plan` follows the regions of all
windows from layer to layer and decides up to which value it pays to compute regions only.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from striate import layers
from striate.explain.attribution._parts import after, readers, until
from striate.layers import Window
from striate.network.shapes import Program, Step

COPY = 30
"""Copying one number takes about as long as so many multiplications of a convolution (measured)."""

_POINTWISE = (
    *(layers.Activation, layers.ReLU, layers.LeakyReLU, layers.ELU, layers.Softmax, layers.Rescaling),
    *(layers.BatchNormalization, layers.LocalResponseNormalization, layers.Identity, layers.Dropout),
    *(layers.SpatialDropout2D, layers.GaussianNoise),
)
_MERGES = (
    *(layers.Add, layers.Subtract, layers.Multiply, layers.Average, layers.Maximum, layers.Minimum),
    layers.Concatenate,
)
_CONVOLUTIONS = (layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D)
_POOLINGS = (layers.MaxPooling2D, layers.AveragePooling2D, layers.L2Pooling2D)


@dataclass(frozen=True, eq=False)
class Region:
    """For each of V windows the rectangle of a map that it can change.

    Args:
        low, high: (V, 2) first and last row and column. extent: rows and columns of the whole map.
    """

    low: np.ndarray
    high: np.ndarray
    extent: tuple[int, int]

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of the largest rectangle: all are computed at this size."""
        rows, columns = (self.high - self.low + 1).max(0)
        return int(rows), int(columns)

    @property
    def starts(self) -> np.ndarray:
        """(V, 2) where rectangles of that size begin, kept inside the map."""
        return np.clip(self.low, 0, np.subtract(self.extent, self.size))

    @property
    def share(self) -> float:
        """The part of the map that is computed."""
        return self.size[0] * self.size[1] / (self.extent[0] * self.extent[1])


@dataclass(frozen=True, eq=False)
class Stage:
    """A windowed or merging step and the pointwise steps behind it, run on regions.

    Args:
        program: the steps, a window's padding being taken away. sources: the names it reads.
        name: its output's. window: of the first step, or None. fill: what lies around the map that the
            window sees.
    """

    program: Program
    sources: tuple[str, ...]
    name: str
    window: Window | None
    fill: float


@dataclass(frozen=True, eq=False)
class Plan:
    """What is computed on regions, and what is computed whole.

    Args:
        stages: in order. regions: {name: Region} of every value they read or make.
        cut: the value that is put together again. tail: from there to the scores.
    """

    stages: tuple[Stage, ...]
    regions: dict[str, Region]
    cut: str
    tail: Program


def plan(program: Program, source: str, windows: np.ndarray) -> Plan:
    """Choose the cut that makes the fewest multiplications and copies.

    Args:
        program: toward the scores. source: the input that the windows lie on.
        windows: (V, 4) first row, first column, last row, last column.
    """
    regions = follow(program, source, windows)
    cuts = [name for name in regions if _is_cut(program, name, regions)]
    best = min(cuts, key=lambda name: _cost(program, name, regions))
    steps = until(program, best).steps
    stages = tuple(_stages(program, steps, best)) if best != source else ()
    return Plan(stages, regions, best, after(program, best) if best != source else program)


def follow(program: Program, source: str, windows: np.ndarray) -> dict[str, Region]:
    """{name: Region} from the source on, up to where a layer mixes all places or is unknown."""
    extent = program.shapes[source]
    assert extent is not None  # the program runs
    regions = {source: Region(windows[:, :2], windows[:, 2:], (extent[0], extent[1]))}
    for step in program.steps.values():
        if step.shape is None or len(step.shape) != 3 or not all(name in regions for name in step.inputs):
            continue
        found, extent = [regions[name] for name in step.inputs], (step.shape[0], step.shape[1])
        if _keeps_places(step):
            low, high = (np.stack([getattr(one, side) for one in found]) for side in ("low", "high"))
            regions[step.path] = Region(low.min(0), high.max(0), extent)
        elif (window := seen(step)) is not None:
            regions[step.path] = _behind(found[0], window, extent)
    return regions


def seen(step: Step) -> Window | None:
    """The window of a layer that can be run on regions, or None."""
    layer, shapes = step.layer, step.input_shapes
    if type(layer) not in _CONVOLUTIONS + _POOLINGS or shapes is None:
        return None
    window = layer.window(*shapes)
    padded = window is not None and any(map(any, window.padding))
    counts = isinstance(layer, layers.AveragePooling2D | layers.L2Pooling2D)
    return None if padded and counts else window


def _keeps_places(step: Step) -> bool:
    """Whether each place of the output depends on the same place of the inputs alone."""
    layer, shapes = step.layer, step.input_shapes or ()
    if isinstance(layer, _MERGES):
        return len({shape[:2] for shape in shapes}) == 1 and getattr(layer, "axis", -1) in (-1, 3)
    return isinstance(layer, _POINTWISE) and getattr(layer, "axis", -1) in (-1, 3)


def _behind(region: Region, window: Window, extent: tuple[int, int]) -> Region:
    """The windows of a layer that meet a region."""
    size, stride, gap = (np.array(one) for one in (window.size, window.stride, window.dilation))
    before = np.array([pad[0] for pad in window.padding])
    last = np.array(extent) - 1
    low = -((-(region.low + before - (size - 1) * gap)) // stride)
    high = (region.high + before) // stride
    low, high = np.clip(low, 0, last), np.clip(high, 0, last)
    return Region(np.minimum(low, high), high, extent)


def _is_cut(program: Program, name: str, regions: dict[str, Region]) -> bool:
    """Whether everything behind a value goes through it, and everything before it has a region."""
    head = until(program, name).steps if name in program.steps else {}
    inputs = {source for step in head.values() for source in step.inputs}
    behind = [step for path, step in program.steps.items() if path not in head]
    leaks = {source for step in behind for source in step.inputs if source in head or source in inputs}
    return leaks <= {name} and all(path in regions for path in head) and inputs <= set(regions)


def _cost(program: Program, cut: str, regions: dict[str, Region]) -> float:
    """Multiplications, and copies counted as such, for each window when regions end at a value."""
    head = until(program, cut).steps if cut in program.steps else {}
    total = COPY * _numbers(program, cut)
    for path, step in program.steps.items():
        share = regions[path].share if path in head else 1.0
        total += share * (step.layer.macs(*(step.input_shapes or ())) + _numbers(program, path))
        if path in head and not isinstance(step.layer, _POINTWISE):
            total += COPY * sum(regions[name].share * _numbers(program, name) for name in step.inputs)
    return total


def _numbers(program: Program, name: str) -> int:
    return math.prod(program.shapes.get(name) or program.steps[name].shape or ())


def _stages(program: Program, head: dict[str, Step], cut: str) -> Iterator[Stage]:
    """The head's steps, pointwise ones joined to the one they follow."""
    taken: set[str] = set()
    for step in head.values():
        if step.path in taken:
            continue
        window, chain = seen(step), [_unpadded(step)]
        while (follower := _follower(program, head, chain[-1].path, cut)) is not None:
            chain.append(follower)
        taken.update(one.path for one in chain)
        small = replace(program, steps={one.path: one for one in chain}, outputs=(chain[-1].path,))
        fill = -np.inf if isinstance(step.layer, layers.MaxPooling2D) else 0.0
        yield Stage(small, step.inputs, chain[-1].path, window, fill)


def _follower(program: Program, head: dict[str, Step], name: str, cut: str) -> Step | None:
    """The pointwise step that alone reads a value."""
    found = readers(program, name)
    if name == cut or len(found) != 1 or found[0].path not in head or len(found[0].inputs) != 1:
        return None
    return found[0] if isinstance(found[0].layer, _POINTWISE) else None


def _unpadded(step: Step) -> Step:
    """The step without padding: what lies around its region is laid there beforehand."""
    layer = step.layer
    if type(layer) not in _CONVOLUTIONS + _POOLINGS:
        return step
    bare: Any = {"padding": "valid", **({"edges": "drop"} if type(layer) in _POOLINGS else {})}
    return replace(step, layer=replace(layer, **bare), input_shapes=None)

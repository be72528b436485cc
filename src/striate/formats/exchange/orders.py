"""Where channels-first and channels-last frameworks count the features of a vector differently.

Flatten lists the numbers of (H, W, C) pixel by pixel, PyTorch's flatten lists (C, H, W) channel by channel. A
dense layer behind one wants its rows in that order; one before a Reshape gives its columns in it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from striate.layers import Concatenate, Flatten, Permute, Reshape
from striate.layers._base import Shape
from striate.layers._pointwise import Pointwise
from striate.network.shapes import Program, Step

Blocks = tuple[Shape, ...]
"""A vector as the pictures it was made of, one behind the other; (n,) for features without an order."""


def feature_orders(program: Program) -> Mapping[str, np.ndarray]:
    """For every value that is a vector in another order over there: which of our features stands where.

    >>> from striate.layers import Flatten
    >>> from striate.network import sequential
    >>> feature_orders(sequential([Flatten()], input_shape=(1, 2, 2)).program)["flatten1"].tolist()
    [0, 2, 1, 3]
    """
    orders = {}
    for path, blocks in _vectors(program).items():
        order = _order(blocks)
        if not np.array_equal(order, np.arange(len(order))):
            orders[path] = order
    return orders


def picture_before(step: Step, program: Program) -> Shape | None:
    """The one picture that the vector before this step was flattened from, if it is that."""
    blocks = _vectors(program).get(step.inputs[0], ())
    return blocks[0] if len(blocks) == 1 and len(blocks[0]) > 1 else None


def _order(blocks: Blocks) -> np.ndarray:
    """Our places in the order of theirs."""
    pieces, start = [], 0
    for shape in blocks:
        ours = np.arange(start, start + math.prod(shape)).reshape(shape)
        pieces.append(np.moveaxis(ours, -1, 0).ravel())
        start += ours.size
    return np.concatenate(pieces)


def _vectors(program: Program) -> dict[str, Blocks]:
    """The blocks of every value that is a vector."""
    wanted = _wanted_by_reshapes(program)
    turned = {step.path for step in program.steps.values() if _turns_channels_first(step)}
    vectors = {
        name: wanted.get(name, (shape,))
        for name, shape in program.shapes.items()
        if name not in program.steps and shape is not None and len(shape) == 1
    }
    for step in program.steps.values():
        if step.shape is not None and len(step.shape) == 1:
            vectors[step.path] = _blocks(step, vectors, wanted, turned)
        elif isinstance(step.layer, Pointwise) and step.inputs[0] in turned:
            turned.add(step.path)
    return vectors


def _blocks(
    step: Step, vectors: Mapping[str, Blocks], wanted: Mapping[str, Blocks], turned: set[str]
) -> Blocks:
    """The blocks of what a step gives, a vector."""
    shapes: Blocks = step.input_shapes or ((),)
    own = (step.shape or (),)
    if isinstance(step.layer, Flatten | Reshape) and len(shapes[0]) > 1:
        return own if step.inputs[0] in turned else (shapes[0],)
    before = [vectors[name] for name in step.inputs if name in vectors]
    if isinstance(step.layer, Concatenate) and len(before) == len(step.inputs):
        return tuple(block for blocks in before for block in blocks)
    kept = isinstance(step.layer, Pointwise | Flatten | Reshape)
    if before and (kept or (len(step.inputs) > 1 and len(set(before)) == 1)):
        return before[0]
    return wanted.get(step.path, own)


def _wanted_by_reshapes(program: Program) -> dict[str, Blocks]:
    """For vectors that become a picture later, the shape of that picture."""
    wanted: dict[str, Blocks] = {}
    for step in reversed(program.steps.values()):
        shape, shapes = step.shape or (), step.input_shapes or ((),)
        if len(shapes) != 1 or len(shapes[0]) != 1:
            continue
        if isinstance(step.layer, Reshape) and len(shape) > 1:
            wanted.setdefault(step.inputs[0], (shape,))
        elif isinstance(step.layer, Pointwise) and step.path in wanted:
            wanted.setdefault(step.inputs[0], wanted[step.path])
    return wanted


def _turns_channels_first(step: Step) -> bool:
    """A Permute that brings the channels to the front, as people write to get PyTorch's order."""
    return (
        isinstance(step.layer, Permute)
        and len(step.layer.dims) > 1
        and step.layer.dims[0] == len(step.layer.dims)
    )

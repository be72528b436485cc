"""How one array of ours lies in a file of another framework: a rearrangement that can be undone exactly."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from striate.layers._base import Shape

Order = np.ndarray | None
"""Which of our features stands at each place of theirs; None when the order is the same."""


@dataclass(frozen=True, eq=False)
class Layout:
    """Gather along each axis, reshape, transpose, reshape; backwards the same in turn.

    Args:
        ours: our shape.
        theirs: their shape.
        view: our shape seen with other axes, such as channels and multiplier instead of their product.
        axes: the order of the axes of `view` over there.
        orders: for each of our axes the order of its features over there.

    >>> layout = Layout((3, 3, 1, 8), (8, 1, 3, 3), (3, 3, 1, 8), (3, 2, 0, 1))
    >>> layout.outward(np.zeros((3, 3, 1, 8))).shape, layout.inward(np.zeros((8, 1, 3, 3))).shape
    ((8, 1, 3, 3), (3, 3, 1, 8))
    """

    ours: Shape
    theirs: Shape
    view: Shape
    axes: tuple[int, ...]
    orders: tuple[Order, ...] = ()

    def outward(self, array: np.ndarray) -> np.ndarray:
        """Our array as it lies over there."""
        for axis, order in enumerate(self.orders):
            array = array if order is None else np.take(array, order, axis)
        return np.ascontiguousarray(array.reshape(self.view).transpose(self.axes)).reshape(self.theirs)

    def inward(self, array: np.ndarray) -> np.ndarray:
        """Their array as we want it."""
        turned = array.reshape([self.view[axis] for axis in self.axes]).transpose(np.argsort(self.axes))
        array = np.ascontiguousarray(turned).reshape(self.ours)
        for axis, order in enumerate(self.orders):
            array = array if order is None else np.take(array, np.argsort(order), axis)
        return array


def same(shape: Shape) -> Layout:
    """The array as it is."""
    return Layout(shape, shape, shape, tuple(range(len(shape))))


def reshaped(shape: Shape, theirs: Shape) -> Layout:
    """The same numbers in the same order under another shape."""
    return Layout(shape, theirs, shape, tuple(range(len(shape))))


def transposed(shape: Shape, axes: Sequence[int], orders: tuple[Order, ...] = ()) -> Layout:
    """The axes in another order."""
    return Layout(shape, tuple(shape[axis] for axis in axes), shape, tuple(axes), orders)


def filters_first(shape: Shape) -> Layout:
    """(kh, kw, in, out) as PyTorch's (out, in, kh, kw), with as many spatial axes as there are.

    A transposed convolution's (kh, kw, out, in) becomes (in, out, kh, kw) by the same turn.
    """
    last = len(shape) - 1
    return transposed(shape, (last, last - 1, *range(last - 1)))


def depthwise(shape: Shape) -> Layout:
    """(kh, kw, channels, multiplier) as PyTorch's grouped kernel (channels * multiplier, 1, kh, kw)."""
    last, sizes = len(shape) - 1, shape[:-2]
    axes = (last - 1, last, *range(last - 1))
    return Layout(shape, (shape[-2] * shape[-1], 1, *sizes), shape, axes)


def features(shape: Shape, order: Order) -> Layout:
    """One number for each feature, in the order of the features over there."""
    return Layout(shape, shape, shape, (0,), (order,))


def channels_first(shape: Shape) -> Layout:
    """(H, W, C) as (C, H, W); a single number for each channel as (C,)."""
    if math.prod(shape) == shape[-1]:
        return reshaped(shape, shape[-1:])
    last = len(shape) - 1
    return transposed(shape, (last, *range(last)))

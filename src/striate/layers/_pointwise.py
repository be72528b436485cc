"""What layers share whose output has the shape of their only input."""

from __future__ import annotations

import jax

from striate.errors import ArgumentError, Problem
from striate.layers._base import Layer, Shape
from striate.layers._rule_kinds import entries
from striate.layers._rules import RefusedError, Rule, as_whole
from striate.layers._shapes import label, refuse, single


class Pointwise(Layer):
    """A layer that keeps the shape of its input."""

    def output_shape(self, *inputs: Shape) -> Shape:
        """The same shape."""
        return single(self, inputs)


def axis_rule() -> Rule:
    """One axis of an array with its batch axis: never axis 0, which would mix the examples."""

    def canonical(value: object, axes: int) -> int:
        axis = as_whole(value)
        if axis == 0:
            raise RefusedError
        return axis

    cure = "Axes are counted with the batch axis, which is 0; -1 is the channels."
    return Rule("whole", "a whole number other than 0", cure, canonical, (None, 0, 1.5, "1", True))


def axes_rule(cure: str, *wrong: object) -> Rule:
    """Some axes of one example, counted from 1 as Keras does (0 is the batch axis)."""
    return entries(cure, "whole numbers of at least 1, each once", 1, (0, 1), -1, *wrong)


def example_axis(layer: Layer, shape: Shape, axis: int) -> int:
    """The place in `shape`, which has no batch axis, of an axis counted with the batch axis."""
    place = axis - 1 if axis > 0 else axis + len(shape)
    if not 0 <= place < len(shape):
        found = f"the input {shape} has no axis {axis} (with the batch axis, it has {len(shape) + 1})"
        raise refuse(layer, found, "an axis of the input", "Choose another axis; -1 is the channels.")
    return place


def need_key(layer: Layer, key: jax.Array | None) -> jax.Array:
    """The key that a layer which draws at random while training must be given."""
    if key is None:
        cure = "Pass key=jax.random.key(0), another one at each step, or train=False."
        raise ArgumentError(Problem(label(layer), "train=True without a random key", "a key", cure))
    return key

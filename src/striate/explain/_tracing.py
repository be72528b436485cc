"""A network run in the open: every number named, and a hand on each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import jax

from striate import ops
from striate.layers import Activation, Layer
from striate.layers._base import Result
from striate.network.run import path_key
from striate.network.shapes import Program, Step

Activate = Callable[[str, jax.Array], jax.Array]
"""(name of an activation, its argument) -> what is to be taken for its value."""


class Trace(NamedTuple):
    """What a run in the open gives.

    Args:
        values: {name: (N, ...) array}: the inputs, every layer's output under its path, the argument of a
            fused activation under `path/preactivation` and whatever else a layer shows of its inside.
        state: {path: {weight: array}}: running statistics after the run.
    """

    values: dict[str, jax.Array]
    state: dict[str, dict[str, jax.Array]]


def trace(
    program: Program,
    variables: Mapping[str, Any],
    inputs: Mapping[str, jax.Array],
    *,
    nudges: Mapping[str, jax.Array] | None = None,
    activate: Activate | None = None,
    train: bool = False,
    key: jax.Array | None = None,
) -> Trace:
    """Run every layer by itself: the numbers of `network.apply(..., record=True)`, bit for bit.

    Args:
        program: `network.program`. variables, inputs, train, key: as for `apply`.
        nudges: {name: array} added to the value of that name where it is made. The gradient with respect to a
            nudge of zeros is the gradient with respect to that value.
        activate: takes the place of relu, softmax and the others, fused or standing alone; a rule of its own
            for their gradients makes guided backpropagation and the like.

    Returns:
        Trace(values, state).
    """
    params, given = variables.get("params", {}), nudges or {}
    state = {path: dict(weights) for path, weights in variables.get("state", {}).items()}
    values: dict[str, jax.Array] = {}
    for name, array in inputs.items():
        values[name] = _nudged(array, name, given)
    for step in program.steps.values():
        weights = {**params.get(step.owner, {}), **state.get(step.owner, {})}
        own = path_key(key, step.path) if key is not None and train else None
        arrays = tuple(values[name] for name in step.inputs)
        result = _run(step, weights, arrays, given, values, activate or _usual, train, own)
        values[step.path] = _nudged(result.output, step.path, given)
        if result.state:
            state[step.owner] = {**state.get(step.owner, {}), **result.state}
    return Trace(values, state)


def opened(layer: Layer) -> tuple[Layer, str | None]:
    """A layer without its activation, and the activation's name; a layer that is one is (layer, None).

    >>> from striate.layers import Dense
    >>> opened(Dense(3, activation="relu"))
    (Dense(3), 'relu')
    """
    name = getattr(layer, "activation", None)
    if name is None or isinstance(layer, Activation):
        return layer, None
    return replace(layer, activation=None), name


def _run(
    step: Step,
    weights: Mapping[str, jax.Array],
    arrays: tuple[jax.Array, ...],
    nudges: Mapping[str, jax.Array],
    values: dict[str, jax.Array],
    activate: Activate,
    train: bool,
    key: jax.Array | None,
) -> Result:
    """One layer; the argument of its activation is kept in `values`."""
    if isinstance(step.layer, Activation):
        return Result(activate(step.layer.activation, arrays[0]))
    layer, activation = opened(step.layer)
    result = layer.forward(weights, *arrays, train=train, key=key)
    values.update({f"{step.path}/{name}": array for name, array in result.inside.items()})
    if activation is None:
        return result
    name = f"{step.path}/preactivation"
    values[name] = _nudged(result.output, name, nudges)
    return result._replace(output=activate(activation, values[name]))


def _nudged(array: jax.Array, name: str, nudges: Mapping[str, jax.Array]) -> jax.Array:
    return array + nudges[name] if name in nudges else array


def _usual(name: str, argument: jax.Array) -> jax.Array:
    return ops.ACTIVATIONS[name](argument)

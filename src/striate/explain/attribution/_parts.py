"""Parts of a network's program: up to its scores, up to a layer, from a value on, and its affine beginning.

A part is a program itself, so it runs as the network does: without a record, in fused blocks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import jax

from striate.explain._reading import score_name
from striate.explain._tracing import opened
from striate.layers import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Cropping2D,
    DepthwiseConv2D,
    Dropout,
    GaussianNoise,
    Identity,
    Normalization,
    Rescaling,
    SpatialDropout2D,
    ZeroPadding2D,
)
from striate.network import Network
from striate.network.run import execute
from striate.network.shapes import Program, Step

AFFINE = (
    *(Conv2D, DepthwiseConv2D, BatchNormalization, Rescaling, Normalization, AveragePooling2D),
    *(ZeroPadding2D, Cropping2D, Dropout, SpatialDropout2D, GaussianNoise, Identity),
)
"""Layers that only add and scale, without an activation and outside training: lines stay straight."""


class Split(NamedTuple):
    """A program in two.

    Args:
        head: from the input to the value `name`; None where `name` is the input itself.
        name: of the value between them. tail: from that value to the end.
    """

    head: Program | None
    name: str
    tail: Program


@lru_cache(maxsize=16)
def toward_scores(network: Network) -> Program:
    """The steps that the scores need, activations being steps of their own, the scores the only output.

    >>> from striate.applications import mnist_convnet
    >>> list(toward_scores(mnist_convnet().network).steps)[-3:]
    ['dense1/preactivation', 'dense1', 'dense2/preactivation']
    """
    return until(exposed(network.program), score_name(network))


def exposed(program: Program) -> Program:
    """The same program with `path/preactivation` as a step of its own, wherever an activation is fused."""
    steps: dict[str, Step] = {}
    for step in program.steps.values():
        layer, activation = opened(step.layer)
        if activation is not None:
            before = f"{step.path}/preactivation"
            steps[before] = replace(step, path=before, layer=layer)
            shapes = None if step.shape is None else (step.shape,)
            step = Step(step.path, Activation(activation), (before,), step.path, shapes, step.shape)
        steps[step.path] = step
    return replace(program, steps=steps)


def until(program: Program, name: str) -> Program:
    """The steps that a value needs, the value being the only output."""
    wanted = {name}
    for path, step in reversed(program.steps.items()):
        if path in wanted:
            wanted.update(step.inputs)
    steps = {path: step for path, step in program.steps.items() if path in wanted}
    return replace(program, steps=steps, outputs=(name,))


def after(program: Program, name: str) -> Program:
    """The steps behind a value; other values that they need must be given when it is run."""
    head = until(program, name).steps
    return replace(program, steps={path: step for path, step in program.steps.items() if path not in head})


@lru_cache(maxsize=16)
def affine_split(network: Network) -> Split:
    """The way to the scores, cut behind everything affine that the first input alone goes through.

    >>> from striate.applications import mnist_convnet, resnet18
    >>> affine_split(mnist_convnet().network).name, affine_split(resnet18().network).name
    ('conv1/preactivation', 'bn1')
    """
    program, name = toward_scores(network), network.inputs[0].name
    while (step := _only_reader(program, name)) is not None and isinstance(step.layer, AFFINE):
        name = step.path
    if name == network.inputs[0].name:
        return Split(None, name, program)
    return Split(until(program, name), name, after(program, name))


def run(program: Program, variables: Mapping[str, Any], inputs: Mapping[str, jax.Array]) -> jax.Array:
    """The program's one output; `inputs` are the values that it begins with."""
    return execute(program, variables, inputs, train=False, key=None, record=False).output


def weights_of(variables: Mapping[str, Any], owner: str) -> dict[str, jax.Array]:
    """All arrays of a layer, {name: array}; a frozen layer keeps the trainable ones in the state."""
    return {**variables.get("params", {}).get(owner, {}), **variables.get("state", {}).get(owner, {})}


def readers(program: Program, name: str) -> list[Step]:
    """The steps that read a value."""
    return [step for step in program.steps.values() if name in step.inputs]


def _only_reader(program: Program, name: str) -> Step | None:
    """The one step that reads a value and nothing else; None where it is an output or several read it."""
    found = readers(program, name)
    if name in program.outputs or len(found) != 1 or len(found[0].inputs) != 1:
        return None
    return found[0]

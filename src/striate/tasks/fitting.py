"""Whether a network fits the pictures and the answer it is to learn or to be tested on."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

from striate.errors import DataError, Problem
from striate.network import Network
from striate.tasks.answers import Answer, Binary, Count, Multinomial
from striate.tasks.material import Material

CURE = "Choose the data set that the model was trained on, or train another model."
POSITIVE = ("softplus", "relu", "exponential", "sigmoid")
"""Activations whose numbers can be rates."""


def fitted(material: Material, network: Network) -> Material:
    """The material with the answer as this network gives it: two classes are one unit or two.

    Raises:
        DataError: the network is for other pictures or another answer; both are said at once.
    """
    answer, units = material.answer, network.output_shapes[0][-1] if network.output_shapes[0] else 0
    if isinstance(answer, Binary | Multinomial) and len(answer.names) == 2:
        answer = Binary(answer.names) if units == 1 else Multinomial(answer.names)
    problems = [*shape_problems(material.where, material.shape, network), *_answer(material, answer, network)]
    if problems:
        raise DataError(problems)
    return dataclasses.replace(material, answer=answer)


def shape_problems(where: str, shape: Sequence[int], network: Network) -> list[Problem]:
    """Pictures of another size than the network takes."""
    wanted = tuple(network.inputs[0].shape or ())
    if wanted == tuple(shape) or math.prod(wanted) == math.prod(shape):
        return []
    happened = f"its pictures are {times(shape)} and the model takes {times(wanted)}"
    return [Problem(where, happened, "pictures of the model's size", CURE)]


def class_problems(where: str, classes: int, told: int) -> list[Problem]:
    """Another number of classes than the model tells apart."""
    if classes == told:
        return []
    happened = f"it has {classes} classes and the model tells {told} apart"
    return [Problem(where, happened, "the same number of classes", CURE)]


def _answer(material: Material, answer: Answer, network: Network) -> list[Problem]:
    """Another number of outputs than the answer needs, or numbers that cannot be rates."""
    shapes = network.output_shapes
    if len(network.inputs) != 1 or len(shapes) != 1 or len(shapes[0]) != 1:
        sizes = ", ".join(map(str, shapes))
        happened = f"the network has {len(network.inputs)} inputs and outputs of the shapes {sizes}"
        cure = "End the network in a Dense layer."
        return [Problem(material.where, happened, "one input and one row of numbers", cure)]
    units = shapes[0][0]
    if answer.is_classes:
        return class_problems(material.where, len(answer.names), max(2, units))
    if units != answer.units:
        happened = f"its answer needs {answer.units} numbers and the model gives {units}"
        return [Problem(material.where, happened, "as many of both", CURE)]
    last: Any = network.program.steps[network.program.outputs[0]].layer
    name = getattr(last, "activation", None)
    if isinstance(answer, Count) and name not in POSITIVE:
        happened = f"its answers are counts and the model ends in {name or 'linear'!r}"
        cure = "End the network in Dense(1, activation='softplus')."
        return [Problem(material.where, happened, "rates above 0", cure)]
    return []


def times(shape: Sequence[int]) -> str:
    """28x28x1."""
    return "x".join(map(str, shape))

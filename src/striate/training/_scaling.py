"""Who scales raw pictures: the model's preprocessing, a first layer, or nobody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from striate.errors import ArgumentError, Problem
from striate.images.preprocessing import Preprocessing
from striate.layers import Normalization, Rescaling
from striate.network import Network
from striate.training._wanted import Wanted


def wanted_by(
    network: Network,
    preprocessing: Preprocessing | None,
    kinds: tuple[Any, ...] = (),
    class_weight: Mapping[int, float] | None = None,
) -> Wanted:
    """What data must look like for this network.

    Raises:
        ArgumentError: pictures would be scaled twice, or class weights do not fit the outputs.
    """
    shapes = network.shapes
    inputs = {spec.name: shapes[spec.name] for spec in network.inputs}
    layered = has_scaling_layer(network)
    problems = []
    if layered and preprocessing is not None and _scales(preprocessing):
        problems.append(_scaled_twice())
    if class_weight is not None:
        problems += _class_weight_problems(class_weight, outputs_of(network), kinds)
    if problems:
        raise ArgumentError(problems)
    return Wanted(inputs, outputs_of(network), kinds, layered or preprocessing is not None, class_weight)


def outputs_of(network: Network) -> dict[str, tuple[int, ...]]:
    """Name -> shape of one example, for each output."""
    return dict(zip(network.outputs, network.output_shapes, strict=True))


def has_scaling_layer(network: Network) -> bool:
    """Whether every layer that reads an input brings raw numbers to a common scale."""
    names = {spec.name for spec in network.inputs}
    first = [step.layer for step in network.program.steps.values() if names & set(step.inputs)]
    return bool(first) and all(isinstance(layer, Rescaling | Normalization) for layer in first)


def scaler(preprocessing: Preprocessing | None) -> Callable[[tuple[jax.Array, ...]], tuple[jax.Array, ...]]:
    """What happens to inputs on the device: raw uint8 pictures are scaled, floats are left alone."""

    def prepare(arrays: tuple[jax.Array, ...]) -> tuple[jax.Array, ...]:
        return tuple(_scaled(array) if array.dtype == jnp.uint8 else array for array in arrays)

    def _scaled(array: jax.Array) -> jax.Array:
        return array.astype(jnp.float32) if preprocessing is None else preprocessing.scale_pixels(array)

    return prepare


def _scales(preprocessing: Preprocessing) -> bool:
    return preprocessing.scale != 1 or preprocessing.mean is not None or preprocessing.std is not None


def _scaled_twice() -> Problem:
    return Problem(
        "model.preprocessing",
        "it scales pictures and the network begins with a layer that scales them again",
        "one of the two",
        "Take the layer out, or set model.preprocessing = None.",
    )


def _class_weight_problems(
    table: Mapping[int, float], outputs: Mapping[str, tuple[int, ...]], kinds: tuple[Any, ...]
) -> list[Problem]:
    if len(outputs) > 1:
        cure = "Give sample_weight, an array for each output."
        return [Problem("class_weight", "the network has several outputs", "a network with one output", cure)]
    if not {"index", "one_hot", "probability"} & set(kinds):
        cure = "Give sample_weight, a number for each example."
        return [Problem("class_weight", "the targets are numbers", "targets that are classes", cure)]
    if not isinstance(table, Mapping):
        cure = "Write for instance dict(enumerate([1.0, 2.0]))."
        return [Problem("class_weight", f"got a {type(table).__name__}", "a dict {class: weight}", cure)]
    (shape,) = outputs.values()
    classes = max(shape[-1] if shape else 1, 2)
    unknown = sorted(str(number) for number in table if number not in range(classes))
    if not unknown:
        return []
    expected = f"class numbers from 0 to {classes - 1}"
    return [
        Problem("class_weight", f"it names {', '.join(unknown)}", expected, "Correct the keys of the dict.")
    ]

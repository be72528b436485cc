"""The tensors that an architecture wants, and everything else that the parts of a model must agree on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from striate.errors import FormatError, Problem, ShapeError
from striate.formats._entry_rules import printable
from striate.images import Preprocessing
from striate.layers._base import Shape
from striate.network import Network


class Promise(NamedTuple):
    """A weight that the architecture wants.

    Args:
        section: "params" or "state". path: of its layer. weight: its name there. shape: its shape.
    """

    section: str
    path: str
    weight: str
    shape: Shape


def promised_tensors(network: Network, where: str) -> dict[str, Promise]:
    """Every weight the architecture wants, by its name in a file; no array is made.

    Raises:
        FormatError: its shapes do not fit together.
    """
    try:
        declared = network.declared
    except ShapeError as error:
        raise FormatError([replace(p, where=f"{where}, {p.where}") for p in error.problems]) from error
    promises = [
        Promise("params" if weight.trainable else "state", path, name, weight.shape)
        for path, weights in declared.items()
        for name, weight in weights.items()
    ]
    return {f"{p.section}/{p.path}/{p.weight}": p for p in promises}


def set_problems(
    found: Mapping[str, tuple[str, Shape]], promises: Mapping[str, Promise], where: str, cure: str
) -> list[Problem]:
    """Everything by which a set of tensors differs from what the architecture wants.

    Args:
        found: (number type, shape) by name.
        promises: what is wanted, by name.
        where: what an error message calls the set.
        cure: what to do about it.
    """
    problems = []
    for name in sorted({*found, *promises}):
        place = f"{where}, tensor {printable(name)}"
        if name not in found:
            expected = f"float32 {list(promises[name].shape)}, as the architecture wants"
            problems.append(Problem(place, "it is missing", expected, cure))
        elif name not in promises:
            problems.append(Problem(place, "the architecture knows no such tensor", "none", cure))
        elif found[name] != ("float32", promises[name].shape):
            kind, shape = found[name]
            expected = f"float32 {list(promises[name].shape)}"
            problems.append(Problem(place, f"it is {kind} {list(shape)}", expected, cure))
    return problems


def agreement_problems(
    network: Network, preprocessing: Preprocessing | None, class_names: Sequence[str] | None, where: str
) -> list[Problem]:
    """Where the preprocessing and the class names do not fit the network's one input and one output."""
    problems = []
    if preprocessing is not None and len(network.inputs) == 1:
        problems += _picture_problems(network.inputs[0].shape, preprocessing, where)
    if class_names is not None and len(network.outputs) == 1:
        problems += _class_problems(network.output_shapes[0], class_names, where)
    return problems


def nested_variables(arrays: Mapping[str, Any], promises: Mapping[str, Promise]) -> dict[str, Any]:
    """{"params": {path: {weight: array}}, "state": ...} from arrays by their names in a file."""
    variables: dict[str, Any] = {"params": {}, "state": {}}
    for name, promise in promises.items():
        variables[promise.section].setdefault(promise.path, {})[promise.weight] = arrays[name]
    return variables


def flat_arrays(variables: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Arrays by their names in a file, from {"params": {path: {weight: array}}, "state": ...}."""
    return {
        f"{section}/{path}/{weight}": np.asarray(array)
        for section, layers in variables.items()
        for path, weights in layers.items()
        for weight, array in weights.items()
    }


def _picture_problems(shape: Shape | None, preprocessing: Preprocessing, where: str) -> list[Problem]:
    """Pictures prepared in another size or colour than the network wants."""
    if shape is None or len(shape) != 3:
        return []
    size = preprocessing.size or shape[:2]
    made = (*size, preprocessing.channels)
    if made == shape:
        return []
    cure = "Give the preprocessing the size and the channels of the network's input."
    return [Problem(f"{where}, preprocessing", f"it makes pictures of shape {made}", f"{shape}", cure)]


def _class_problems(shape: Shape, class_names: Sequence[str], where: str) -> list[Problem]:
    """Another number of names than of outputs; a single output may have two names, for no and yes."""
    count = shape[-1] if shape else 1
    if len(class_names) == count or (count == 1 and len(class_names) == 2):
        return []
    expected = f"{count}, one for each output" if count > 1 else "2, for no and yes"
    cure = "Give one name for each class, in the order of the labels."
    return [Problem(f"{where}, class_names", f"there are {len(class_names)} names", expected, cure)]

"""What a network is fed with, compared with what it wants, before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from striate.errors import DataError, Problem, ShapeError
from striate.layers import Normalization, Rescaling
from striate.layers._base import Shape, Weight
from striate.network._structure import InputSpec
from striate.network.shapes import Program


def read_inputs(specs: Sequence[InputSpec], x: Any) -> dict[str, jax.Array]:
    """{input name: array} from an array, a tuple in order, or a dict by name; shapes are compared.

    Raises:
        ShapeError: an input is missing, unknown, or has the wrong shape.
    """
    names = [spec.name for spec in specs]
    if isinstance(x, Mapping):
        given = dict(x)
    else:
        values = list(x) if isinstance(x, tuple | list) and len(specs) > 1 else [x]
        if len(values) != len(specs):
            happened, cure = f"{len(values)} arrays were given", f"Give one for each of {', '.join(names)}."
            raise ShapeError(Problem("x", happened, _count(len(specs)), cure))
        given = dict(zip(names, values, strict=True))
    if set(given) != set(names):
        happened = f"the inputs are named {', '.join(sorted(map(str, given)))}"
        raise ShapeError(Problem("x", happened, ", ".join(names), "Name each input as the network does."))
    arrays = {name: jnp.asarray(given[name]) for name in names}
    problems = [problem for spec in specs if (problem := _input_problem(spec, arrays[spec.name].shape))]
    if problems:
        raise ShapeError(problems)
    return arrays


def _count(number: int) -> str:
    return "1 array" if number == 1 else f"{number} arrays"


def _input_problem(spec: InputSpec, found: Shape) -> Problem | None:
    """What is wrong with an array's shape, with the likeliest cure."""
    wanted = spec.shape
    if wanted is None or (tuple(found[1:]) == wanted and found):
        return None
    expected = f"shape (N, {', '.join(map(str, wanted))})" if wanted else "shape (N,)"
    return Problem(spec.name, f"the array has shape {tuple(found)}", expected, _cure(wanted, tuple(found)))


def _cure(wanted: Shape, found: Shape) -> str:
    rest = found[1:]
    if found == wanted:
        return "The batch axis is missing: use x[None] for one example."
    if (*found, 1) == (*found[:1], *wanted):
        return "The channel axis is missing: use x[..., None]."
    if len(wanted) > 1 and rest == (*wanted[-1:], *wanted[:-1]):
        axes = ", ".join(map(str, range(2, len(found))))
        return f"The channels come first: use x.transpose(0, {axes}, 1)."
    if len(rest) == len(wanted) > 1 and rest[:-1] == wanted[:-1]:
        return "The number of channels differs: convert the pictures, or make the network for this shape."
    if len(rest) == len(wanted):
        return "Resize or crop the data, or make the network for this shape."
    return "Reshape the data, or make the network for this shape."


def check_numbers(program: Program, arrays: Mapping[str, jax.Array]) -> None:
    """Refuse whole numbers, such as raw pixels, unless the layers that read them scale them.

    Raises:
        DataError: they would go unscaled into a layer that expects small numbers.
    """
    whole = [name for name, array in arrays.items() if not jnp.issubdtype(array.dtype, jnp.floating)]
    problems = []
    for name in whole:
        readers = [step.layer for step in program.steps.values() if name in step.inputs]
        if not readers or not all(isinstance(layer, Rescaling | Normalization) for layer in readers):
            happened = f"the array holds {arrays[name].dtype} numbers, and no layer scales them"
            cure = "Scale them, as in x.astype('float32') / 255, or begin with Rescaling(1 / 255)."
            problems.append(Problem(name, happened, "floating-point numbers", cure))
    if problems:
        raise DataError(problems)


def check_variables(declared: Mapping[str, Mapping[str, Weight]], variables: Mapping[str, Any]) -> None:
    """Compare the variables with what the network declares.

    Raises:
        ShapeError: a weight is missing, unknown, or has the wrong shape; all of them are named.
    """
    wanted = {
        ("params" if weight.trainable else "state", path, name): weight.shape
        for path, weights in declared.items()
        for name, weight in weights.items()
    }
    found = {
        (group, path, name): tuple(jnp.shape(array))
        for group in ("params", "state")
        for path, weights in variables.get(group, {}).items()
        for name, array in weights.items()
    }
    if wanted != found and (problems := _differences(wanted, found)):
        raise ShapeError(problems)


def _differences(wanted: Mapping[tuple, Shape], found: Mapping[tuple, Shape]) -> list[Problem]:
    cure = "Use the variables that this network's init or training gave."
    problems = []
    for place, shape in wanted.items():
        where = "/".join(place)
        if place not in found:
            problems.append(Problem(where, "the weight is missing", f"an array of shape {shape}", cure))
        elif found[place] != shape:
            problems.append(Problem(where, f"the weight has shape {found[place]}", f"shape {shape}", cure))
    unknown = [place for place in found if place not in wanted]
    problems += [
        Problem("/".join(p), "the network has no such weight", "nothing here", cure) for p in unknown
    ]
    return problems

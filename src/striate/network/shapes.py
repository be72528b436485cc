"""A network unrolled to single layers, with the shape of everything, before any array exists."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from striate.errors import ArgumentError, Problem, StriateError
from striate.layers._base import Layer, Shape, Weight
from striate.network._structure import Structure, output_references

MAX_STEPS = 10_000
"""Nested networks that share weights can unroll to far more layers than they list; more are refused."""


@dataclass(frozen=True)
class Step:
    """One single layer at work, nested networks being unrolled.

    Args:
        path: its name, behind the names of the networks it is nested in: "base/conv1".
        layer: the layer; frozen when a network around it is.
        inputs: paths of the steps (or names of the inputs) that it reads.
        owner: the path under which its weights are kept: its own unless it shares them.
        input_shapes: shapes of what it reads, None where a mistake before it hides them.
        shape: the shape of its output, or None.
    """

    path: str
    layer: Layer
    inputs: tuple[str, ...]
    owner: str
    input_shapes: tuple[Shape, ...] | None
    shape: Shape | None


@dataclass
class Program:
    """All steps of a network in the order they run.

    Args:
        steps: by path.
        outputs: paths of what the network gives back.
        names: for every name a person may use (nested networks and their inputs too) the path it stands for.
        shapes: for every path and every network input its shape, None where a mistake hides it.
        problems: what does not fit.
    """

    steps: dict[str, Step] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    names: dict[str, str] = field(default_factory=dict)
    shapes: dict[str, Shape | None] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def unroll(network: Structure, input_shapes: Sequence[Shape | None] | None = None) -> Program:
    """Unroll nested networks and work out every shape; problems are collected, not raised.

    Args:
        network: the network.
        input_shapes: one shape for each input, or None for those it was made with.

    Raises:
        ArgumentError: it unrolls to more than MAX_STEPS layers.
    """
    if (count := _count(network, {})) > MAX_STEPS:
        happened, cure = f"it unrolls to {count:,} layers", "Nest fewer networks in one another."
        raise ArgumentError(Problem(network.name or "network", happened, f"at most {MAX_STEPS:,}", cure))
    program = Program()
    sources = []
    for index, spec in enumerate(network.inputs):
        given = spec.shape if input_shapes is None else input_shapes[index]
        program.shapes[spec.name], program.names[spec.name] = given, spec.name
        sources.append(spec.name)
    program.outputs = _unroll(network, "", "", sources, not network.trainable, program)
    return program


def declared_weights(program: Program) -> dict[str, dict[str, Weight]]:
    """{path: {weight name: promise}} of every step that owns weights; frozen layers' are not trainable."""
    declared: dict[str, dict[str, Weight]] = {}
    for step in program.steps.values():
        if step.owner == step.path and step.input_shapes is not None and step.shape is not None:
            wanted = step.layer.weights(*step.input_shapes)
            if not step.layer.trainable:
                wanted = {name: replace(weight, trainable=False) for name, weight in wanted.items()}
            if wanted:
                declared[step.path] = wanted
    return declared


def known_part(program: Program) -> Program:
    """The program without the steps whose shapes a mistake hides."""
    steps = {path: step for path, step in program.steps.items() if step.shape is not None}
    return replace(program, steps=steps)


def _count(network: Structure, known: dict[int, int]) -> int:
    """How many steps a network unrolls to, each distinct network being counted once."""
    if id(network) not in known:
        nested = (node.layer for node in network.nodes)
        known[id(network)] = sum(_count(n, known) if isinstance(n, Structure) else 1 for n in nested)
    return known[id(network)]


def _unroll(
    network: Structure, prefix: str, owners: str, sources: Sequence[str], frozen: bool, program: Program
) -> tuple[str, ...]:
    """Add the steps of `network` to the program and tell the paths of its outputs."""
    scope = {spec.name: source for spec, source in zip(network.inputs, sources, strict=True)}
    for node in network.nodes:
        path, owner = prefix + node.name, owners + node.weights
        reads = [scope[name] for name in node.inputs]
        if isinstance(node.layer, Structure):
            results = _nested(node.layer, path, owner, reads, frozen, program)
        else:
            layer = replace(node.layer, trainable=False) if frozen and node.layer.trainable else node.layer
            results = (_add_step(layer, path, owner, reads, program),)
        for reference, result in zip(output_references(node.name, node.layer), results, strict=True):
            scope[reference] = program.names[prefix + reference] = result
    return tuple(scope[name] for name in network.outputs)


def _nested(
    inner: Structure, path: str, owner: str, reads: list[str], frozen: bool, program: Program
) -> tuple[str, ...]:
    """Unroll a network that is used as a layer, unless it gets something else than it was made for."""
    problems = _nesting_problems(inner, path, reads, program)
    if not problems:
        program.names.update({f"{path}/{s.name}": r for s, r in zip(inner.inputs, reads, strict=True)})
        return _unroll(inner, path + "/", owner + "/", reads, frozen or not inner.trainable, program)
    program.problems += problems
    results = tuple(f"{path}/{name}" for name in inner.outputs)
    program.shapes.update(dict.fromkeys(results))
    return results


def _nesting_problems(inner: Structure, path: str, reads: list[str], program: Program) -> list[Problem]:
    if len(reads) != len(inner.inputs):
        return [_wrong_number(path, len(inner.inputs), len(reads))]
    problems = []
    for spec, source in zip(inner.inputs, reads, strict=True):
        found = program.shapes[source]
        if found is not None and spec.shape is not None and found != spec.shape:
            cure = f"Make the network for shape {found}, or leave its input shape open."
            happened = f"its input {spec.name!r} gets shape {found}"
            problems.append(Problem(path, happened, f"shape {spec.shape}", cure))
    return problems


def _add_step(layer: Layer, path: str, owner: str, reads: list[str], program: Program) -> str:
    """Add one layer to the program, with its shape if nothing before it is wrong."""
    found = [program.shapes[name] for name in reads]
    known = tuple(shape for shape in found if shape is not None)
    inputs = known if len(known) == len(found) else None
    shape = None
    if inputs is not None:
        shape, problems = _infer(layer, path, inputs)
        shape = None if problems else shape
        program.problems += problems
    step = Step(path, layer, tuple(reads), owner, inputs, shape)
    if owner != path and owner in program.steps and shape is not None:
        program.problems += _sharing_problems(step, program.steps[owner])
    program.steps[path], program.shapes[path], program.names[path] = step, shape, path
    return path


def _infer(layer: Layer, path: str, inputs: tuple[Shape, ...]) -> tuple[Shape | None, list[Problem]]:
    """The shape a layer promises, or the problems it names, said with its path."""
    if not _takes(type(layer), len(inputs)):
        return None, [_wrong_number(path, 1, len(inputs))]
    try:
        return layer.output_shape(*inputs), []
    except StriateError as error:
        return None, [replace(problem, where=path) for problem in error.problems]


@functools.cache
def _takes(kind: type[Layer], count: int) -> bool:
    """Whether the shape rule of a kind of layer can be asked about this many inputs."""
    try:
        inspect.signature(kind.output_shape).bind(None, *range(count))
    except TypeError:
        return False
    return True


def _wrong_number(path: str, expected: int, found: int) -> Problem:
    some = "1 input" if expected == 1 else f"{expected} inputs"
    cure = (
        "Join several inputs first, with Concatenate or Add."
        if expected == 1
        else "Give it one value for each."
    )
    return Problem(path, f"it is called on {found} {'input' if found == 1 else 'inputs'}", some, cure)


def _sharing_problems(step: Step, owner: Step) -> list[Problem]:
    """Weights that are shared by calls which need them in different shapes."""
    if owner.input_shapes is None or step.input_shapes is None or owner.shape is None:
        return []
    mine, theirs = (_weight_shapes(one.layer.weights(*(one.input_shapes or ()))) for one in (step, owner))
    if mine == theirs:
        return []
    name = next(name for name in mine if mine[name] != theirs.get(name))
    happened = f"it shares {name!r} with {owner.path!r} but needs it in shape {mine[name]}"
    cure = "Give both calls the same input shape, or make a second layer."
    return [Problem(step.path, happened, f"shape {theirs.get(name)}", cure)]


def _weight_shapes(weights: Mapping[str, Weight]) -> dict[str, Shape]:
    return {name: weight.shape for name, weight in weights.items()}

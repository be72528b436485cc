"""The bare facts of a network: inputs, nodes, outputs, and the rules that make them a graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from striate.errors import ArgumentError, Problem
from striate.layers._base import Layer, Shape
from striate.network.naming import duplicate_problems, name_problem

_SHAPE_EXPECTED = "a tuple of whole numbers >= 1, without the batch axis"
_SHAPE_CURE = "Write for instance Input(shape=(28, 28, 1)): height, width, channels."
_NONE_CURE = (
    "Give every axis its size, for instance (28, 28, 1); the batch axis is left out and may have any size."
)


@dataclass(frozen=True)
class InputSpec:
    """What a network is fed with.

    Args:
        name: its name in the network.
        shape: the shape of one example, without the batch axis; None for a block that takes the shape of
            whatever it is put behind.

    >>> InputSpec("image", (28, 28, 1))
    InputSpec(name='image', shape=(28, 28, 1))
    """

    name: str
    shape: Shape | None

    def __post_init__(self) -> None:
        """Bring the shape to a tuple of Python ints."""
        if self.shape is not None:
            object.__setattr__(self, "shape", whole_shape(self.shape, self.name))


@dataclass(frozen=True)
class Node:
    """One call of a layer.

    Args:
        name: its name, unique in its network.
        layer: the layer that is called.
        inputs: names of inputs or earlier nodes; "base/left" is the output `left` of a nested network `base`.
        weights: the node whose weights it uses: itself, unless one layer object was called twice.
    """

    name: str
    layer: Layer
    inputs: tuple[str, ...]
    weights: str


@dataclass(frozen=True)
class Structure(Layer):
    """The data of a network; `Network` is the one kind there is.

    Args:
        inputs: what it is fed with.
        nodes: its layers, each after the ones it reads.
        outputs: names of the nodes (or inputs) that it gives back.
    """

    KIND: ClassVar[str] = "network"

    inputs: tuple[InputSpec, ...] = ()
    nodes: tuple[Node, ...] = ()
    outputs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse, all at once, what is no directed acyclic graph with unique names."""
        if problems := structure_problems(self):
            raise ArgumentError(problems)


def whole_shape(shape: Any, where: str) -> Shape:
    """A tuple of Python ints from a shape.

    Raises:
        ArgumentError: an axis is None, is no whole number, or is below 1.

    >>> whole_shape([28, 28, 1], "image")
    (28, 28, 1)
    """
    if isinstance(shape, str | bytes) or not isinstance(shape, Sequence):
        raise ArgumentError(Problem(where, f"shape is {shape!r}", _SHAPE_EXPECTED, _SHAPE_CURE))
    if any(size is None for size in shape):
        happened = f"shape {tuple(shape)} has an open axis"
        raise ArgumentError(Problem(where, happened, _SHAPE_EXPECTED, _NONE_CURE))
    if not all(hasattr(size, "__index__") and not isinstance(size, bool) and size >= 1 for size in shape):
        raise ArgumentError(Problem(where, f"shape is {tuple(shape)!r}", _SHAPE_EXPECTED, _SHAPE_CURE))
    return tuple(int(size) for size in shape)


def output_references(name: str, layer: Layer) -> tuple[str, ...]:
    """How later nodes may name what this node gives: its name, or name/output for several outputs."""
    if isinstance(layer, Structure) and len(layer.outputs) != 1:
        return tuple(f"{name}/{output}" for output in layer.outputs)
    return (name,)


def structure_problems(network: Structure) -> list[Problem]:
    """Everything that keeps these nodes from being a graph: names, references, sharing, missing ends."""
    where = "network"
    problems = _missing_ends(network, where) + _name_problems(network)
    later = {reference for node in network.nodes for reference in output_references(node.name, node.layer)}
    known = {spec.name for spec in network.inputs}
    owners: dict[str, Layer] = {}
    for node in network.nodes:
        problems += _reference_problems(node, known, later) + _owner_problems(node, owners)
        known.update(output_references(node.name, node.layer))
    for output in network.outputs:
        if output not in known:
            happened, cure = f"the output {output!r} does not exist", f"Known names: {_some(known)}."
            problems.append(Problem(where, happened, "the name of a node", cure))
    return problems


def _missing_ends(network: Structure, where: str) -> list[Problem]:
    problems = []
    if not network.inputs:
        problems.append(Problem(where, "it has no input", "at least one", "Begin with Input(shape=...)."))
    if not network.outputs:
        problems.append(
            Problem(where, "it has no output", "at least one", "Name the node that it gives back.")
        )
    return problems


def _name_problems(network: Structure) -> list[Problem]:
    names = [spec.name for spec in network.inputs] + [node.name for node in network.nodes]
    own = [] if network.name is None else [network.name]
    problems = [problem for name in dict.fromkeys(own + names) if (problem := name_problem(name))]
    return problems + duplicate_problems(names)


def _reference_problems(node: Node, known: set[str], later: set[str]) -> list[Problem]:
    """Inputs of a node that are missing, unknown, or only made later."""
    if not node.inputs:
        return [Problem(node.name, "it has no input", "at least one", "Connect it to an input or a node.")]
    problems = []
    for reference in node.inputs:
        if reference in known:
            continue
        if reference in later:
            happened = f"it reads {reference!r}, which comes after it or is made from it"
            cure = "List each node after the ones it reads; a network has no cycles."
        else:
            happened = f"it reads {reference!r}, which does not exist"
            cure = f"Known names: {_some(known)}."
        problems.append(Problem(node.name, happened, "the name of an input or of an earlier node", cure))
    return problems


def _owner_problems(node: Node, owners: dict[str, Layer]) -> list[Problem]:
    """Weights that are borrowed from a node which is no earlier call of the same layer."""
    if node.weights == node.name:
        owners[node.name] = node.layer
        return []
    if node.weights in owners and owners[node.weights] == node.layer:
        return []
    happened = f"it uses the weights of {node.weights!r}"
    return [Problem(node.name, happened, "an earlier node with the same layer", "Give it its own weights.")]


def _some(names: set[str] | Mapping[str, Any], limit: int = 8) -> str:
    """The first few names in order, for a message."""
    listed = sorted(names)
    return ", ".join(listed[:limit]) + (", ..." if len(listed) > limit else "")

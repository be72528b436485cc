"""Networks out of plain JSON values from a stranger: every field is looked at before it is used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from striate.errors import FormatError, Problem, StriateError
from striate.layers._base import Layer
from striate.layers._config import from_config
from striate.network._structure import InputSpec, Node
from striate.network.graph import Network

MAX_NODES = 10_000
MAX_DEPTH = 12

_CURE = "Get the file again from where it came, or save it again with Striate."


class Reader:
    """Reads one text; counts nodes over all nested networks."""

    def __init__(self) -> None:
        self.nodes = 0

    def network(self, plain: Any, where: str, depth: int) -> Network:
        """A network, `depth` networks deep."""
        if depth > MAX_DEPTH:
            refuse(where, f"networks are nested deeper than {MAX_DEPTH}", f"at most {MAX_DEPTH} levels")
        known = {"name", "inputs", "nodes", "outputs", "trainable"}
        fields = _object(plain, where, known, {"inputs", "nodes", "outputs"})
        inputs = [
            self.spec(one, f"{where}, input {i}")
            for i, one in enumerate(_list(fields["inputs"], where, "inputs"))
        ]
        listed = _list(fields["nodes"], where, "nodes")
        self.nodes += len(listed)
        if self.nodes > MAX_NODES:
            refuse(where, f"it has more than {MAX_NODES:,} layers", f"at most {MAX_NODES:,}")
        layers: dict[str, Layer] = {}
        nodes = [self.node(one, f"{where}, layer {i}", layers, depth) for i, one in enumerate(listed)]
        outputs = _texts(fields["outputs"], where, "outputs")
        name, trainable = fields.get("name"), fields.get("trainable", True)
        if not isinstance(trainable, bool):
            refuse(where, f"trainable is {show(trainable)}", "true or false")
        if name is not None:
            _text(name, where, "name")
        return Network(tuple(inputs), tuple(nodes), outputs, name=name, trainable=trainable)

    def spec(self, plain: Any, where: str) -> InputSpec:
        """An input."""
        fields = _object(plain, where, {"name", "shape"}, {"name", "shape"})
        shape = fields["shape"]
        return InputSpec(
            _text(fields["name"], where, "name"), shape if shape is None else _shape(shape, where)
        )

    def node(self, plain: Any, where: str, layers: dict[str, Layer], depth: int) -> Node:
        """A node with exactly one of layer, network and weights."""
        kinds = {"layer", "network", "weights"}
        fields = _object(plain, where, {"name", "inputs", *kinds}, {"name", "inputs"})
        if len(kinds & set(fields)) != 1:
            refuse(where, f"it has {len(kinds & set(fields))} of layer, network and weights", "exactly one")
        name = _text(fields["name"], where, "name")
        inputs = _texts(fields["inputs"], where, "inputs")
        if "weights" in fields:
            owner = _text(fields["weights"], where, "weights")
            if owner not in layers:
                refuse(where, f"it uses the weights of {show(owner)}", "the name of an earlier layer")
            return Node(name, layers[owner], inputs, owner)
        if "network" in fields:
            layers[name] = self.network(fields["network"], f"{where} {show(name)}", depth + 1)
        else:
            layers[name] = _layer(fields["layer"], f"{where} {show(name)}")
        return Node(name, layers[name], inputs, name)


def _layer(plain: Any, where: str) -> Layer:
    try:
        return from_config(plain)
    except StriateError as error:
        raise FormatError([inside(where, problem) for problem in error.problems]) from error


def inside(where: str, problem: Problem) -> Problem:
    return Problem(f"{where}, {problem.where}", problem.happened, problem.expected, problem.cure)


def _object(plain: Any, where: str, known: set[str], needed: set[str]) -> Mapping[str, Any]:
    if not isinstance(plain, dict):
        refuse(where, f"it is {show(plain)}", "a JSON object")
    problems = [
        Problem(where, f"it has an unknown field {show(key)}", _listed(known), _CURE)
        for key in plain
        if key not in known
    ]
    problems += [
        Problem(where, f"it has no field {key!r}", _listed(needed), _CURE)
        for key in sorted(needed)
        if key not in plain
    ]
    if problems:
        raise FormatError(problems)
    return plain


def _list(plain: Any, where: str, field: str) -> list[Any]:
    if not isinstance(plain, list):
        refuse(where, f"{field} is {show(plain)}", "a list")
    return plain


def _text(plain: Any, where: str, field: str) -> str:
    if not isinstance(plain, str):
        refuse(where, f"{field} is {show(plain)}", "a text")
    return plain


def _texts(plain: Any, where: str, field: str) -> tuple[str, ...]:
    return tuple(_text(one, where, f"one of {field}") for one in _list(plain, where, field))


def _shape(plain: Any, where: str) -> tuple[int, ...]:
    axes = _list(plain, where, "shape")
    if any(isinstance(axis, bool) or not isinstance(axis, int) or axis < 1 for axis in axes):
        refuse(where, f"shape is {show(plain)}", "a list of whole numbers >= 1")
    return tuple(axes)


def _listed(names: Iterable[str]) -> str:
    return "the fields " + ", ".join(sorted(names))


def show(plain: Any) -> str:
    """A value from a file, short and with control characters made visible."""
    shown = ascii(plain)
    return shown if len(shown) <= 40 else shown[:37] + "..."


def refuse(where: str, happened: str, expected: str, cure: str = _CURE) -> NoReturn:
    raise FormatError(Problem(where, happened, expected, cure))

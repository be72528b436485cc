"""Architectures as JSON texts: out in one canonical form, in with nothing taken on trust."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from striate.errors import FormatError, Problem, StriateError
from striate.layers._base import Layer
from striate.layers._config import from_config, to_config
from striate.network._strict_json import canonical_json, parse_json
from striate.network._structure import InputSpec, Node, Structure
from striate.network.graph import Network

VERSION = 1
MAX_NODES = 10_000
MAX_DEPTH = 12
MAX_PARAMETERS = 2**32

_CURE = "Get the file again from where it came, or save it again with Striate."


def to_json(network: Network, *, indent: int | None = None) -> str:
    """The architecture as a JSON text; equal networks give equal texts.

    Args:
        network: the network; its weights are not part of it.
        indent: spaces for each level, or None for a text without any.

    >>> from striate.layers import Flatten
    >>> from striate.network import sequential
    >>> print(to_json(sequential([Flatten()], input_shape=(2, 2))))
    {"inputs":[{"name":"input1","shape":[2,2]}],"name":null,"nodes":[{...}],"outputs":["flatten1"],"version":1}
    """
    return canonical_json({"version": VERSION, **to_plain(network)}, indent=indent)


def to_plain(network: Structure) -> dict[str, Any]:
    """The architecture as plain JSON values."""
    plain: dict[str, Any] = {
        "name": network.name,
        "inputs": [{"name": s.name, "shape": s.shape and list(s.shape)} for s in network.inputs],
        "nodes": [_plain_node(node) for node in network.nodes],
        "outputs": list(network.outputs),
    }
    if not network.trainable:
        plain["trainable"] = False
    return plain


def _plain_node(node: Node) -> dict[str, Any]:
    """A node; a further call of a layer names the node whose weights it uses and no layer."""
    plain: dict[str, Any] = {"name": node.name, "inputs": list(node.inputs)}
    if node.weights != node.name:
        plain["weights"] = node.weights
    elif isinstance(node.layer, Structure):
        plain["network"] = to_plain(node.layer)
    else:
        plain["layer"] = to_config(node.layer)
    return plain


def from_json(
    text: str | bytes, *, where: str = "architecture", max_parameters: int = MAX_PARAMETERS
) -> Network:
    """The network that a JSON text tells of.

    Args:
        text: what `to_json` gave, or what someone else claims it gave.
        where: what errors call it, such as the file's name.
        max_parameters: more weights than this are refused; nothing is allocated before.

    Raises:
        FormatError: it is no such text; unknown layers and fields, cycles, references to nothing, duplicate
            keys and names, numbers that are not finite, anything over the caps on size, depth and count.

    >>> from striate.layers import Flatten
    >>> from striate.network import sequential
    >>> network = sequential([Flatten()], input_shape=(2, 2))
    >>> from_json(to_json(network)) == network
    True
    """
    plain = parse_json(text, where)
    if isinstance(plain, dict) and plain.get("version") != VERSION:
        _refuse(where, f"its version is {_show(plain.get('version'))}", str(VERSION), "Update Striate.")
    if isinstance(plain, dict):
        plain = {key: value for key, value in plain.items() if key != "version"}
    return from_plain(plain, where=where, max_parameters=max_parameters)


def from_plain(plain: Any, *, where: str = "architecture", max_parameters: int = MAX_PARAMETERS) -> Network:
    """The network that plain JSON values tell of; the same rules as for `from_json` but for the version.

    Raises:
        FormatError: they tell of none.
    """
    reader = _Reader()
    try:
        network = reader.network(plain, where, 1)
        if None not in (spec.shape for spec in network.inputs) and not network.program.problems:
            _cap_parameters(network, where, max_parameters)
    except FormatError:
        raise
    except StriateError as error:
        raise FormatError([_inside(where, problem) for problem in error.problems]) from error
    return network


def _cap_parameters(network: Network, where: str, limit: int) -> None:
    count = network.count_parameters()
    if count > limit:
        _refuse(
            where,
            f"the network wants {count:,} weights",
            f"at most {limit:,}",
            "Raise max_parameters= if you trust it.",
        )


class _Reader:
    """Reads one text; counts nodes over all nested networks."""

    def __init__(self) -> None:
        self.nodes = 0

    def network(self, plain: Any, where: str, depth: int) -> Network:
        """A network, `depth` networks deep."""
        if depth > MAX_DEPTH:
            _refuse(where, f"networks are nested deeper than {MAX_DEPTH}", f"at most {MAX_DEPTH} levels")
        known = {"name", "inputs", "nodes", "outputs", "trainable"}
        fields = _object(plain, where, known, {"inputs", "nodes", "outputs"})
        inputs = [
            self.spec(one, f"{where}, input {i}")
            for i, one in enumerate(_list(fields["inputs"], where, "inputs"))
        ]
        listed = _list(fields["nodes"], where, "nodes")
        self.nodes += len(listed)
        if self.nodes > MAX_NODES:
            _refuse(where, f"it has more than {MAX_NODES:,} layers", f"at most {MAX_NODES:,}")
        layers: dict[str, Layer] = {}
        nodes = [self.node(one, f"{where}, layer {i}", layers, depth) for i, one in enumerate(listed)]
        outputs = _texts(fields["outputs"], where, "outputs")
        name, trainable = fields.get("name"), fields.get("trainable", True)
        if not isinstance(trainable, bool):
            _refuse(where, f"trainable is {_show(trainable)}", "true or false")
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
            _refuse(where, f"it has {len(kinds & set(fields))} of layer, network and weights", "exactly one")
        name = _text(fields["name"], where, "name")
        inputs = _texts(fields["inputs"], where, "inputs")
        if "weights" in fields:
            owner = _text(fields["weights"], where, "weights")
            if owner not in layers:
                _refuse(where, f"it uses the weights of {_show(owner)}", "the name of an earlier layer")
            return Node(name, layers[owner], inputs, owner)
        if "network" in fields:
            layers[name] = self.network(fields["network"], f"{where} {_show(name)}", depth + 1)
        else:
            layers[name] = _layer(fields["layer"], f"{where} {_show(name)}")
        return Node(name, layers[name], inputs, name)


def _layer(plain: Any, where: str) -> Layer:
    try:
        return from_config(plain)
    except StriateError as error:
        raise FormatError([_inside(where, problem) for problem in error.problems]) from error


def _inside(where: str, problem: Problem) -> Problem:
    return Problem(f"{where}, {problem.where}", problem.happened, problem.expected, problem.cure)


def _object(plain: Any, where: str, known: set[str], needed: set[str]) -> Mapping[str, Any]:
    if not isinstance(plain, dict):
        _refuse(where, f"it is {_show(plain)}", "a JSON object")
    problems = [
        Problem(where, f"it has an unknown field {_show(key)}", _listed(known), _CURE)
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
        _refuse(where, f"{field} is {_show(plain)}", "a list")
    return plain


def _text(plain: Any, where: str, field: str) -> str:
    if not isinstance(plain, str):
        _refuse(where, f"{field} is {_show(plain)}", "a text")
    return plain


def _texts(plain: Any, where: str, field: str) -> tuple[str, ...]:
    return tuple(_text(one, where, f"one of {field}") for one in _list(plain, where, field))


def _shape(plain: Any, where: str) -> tuple[int, ...]:
    axes = _list(plain, where, "shape")
    if any(isinstance(axis, bool) or not isinstance(axis, int) or axis < 1 for axis in axes):
        _refuse(where, f"shape is {_show(plain)}", "a list of whole numbers >= 1")
    return tuple(axes)


def _listed(names: Iterable[str]) -> str:
    return "the fields " + ", ".join(sorted(names))


def _show(plain: Any) -> str:
    """A value from a file, short and with control characters made visible."""
    shown = ascii(plain)
    return shown if len(shown) <= 40 else shown[:37] + "..."


def _refuse(where: str, happened: str, expected: str, cure: str = _CURE) -> NoReturn:
    raise FormatError(Problem(where, happened, expected, cure))

"""Architectures as JSON texts: out in one canonical form, in with nothing taken on trust."""

from __future__ import annotations

from typing import Any

from striate.errors import FormatError, StriateError
from striate.layers._config import to_config
from striate.network._json_reader import Reader, inside, refuse, show
from striate.network._strict_json import canonical_json, parse_json
from striate.network._structure import Node, Structure
from striate.network.graph import Network

VERSION = 1
MAX_PARAMETERS = 2**32


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
    if isinstance(plain, dict) and "version" not in plain:
        cure = "Give a text that to_json wrote; for weights and architecture together, a .striate file."
        refuse(where, "it has no version", "the JSON text of a network", cure)
    if isinstance(plain, dict) and plain.get("version") != VERSION:
        refuse(where, f"its version is {show(plain.get('version'))}", str(VERSION), "Update Striate.")
    if isinstance(plain, dict):
        plain = {key: value for key, value in plain.items() if key != "version"}
    return from_plain(plain, where=where, max_parameters=max_parameters)


def from_plain(plain: Any, *, where: str = "architecture", max_parameters: int = MAX_PARAMETERS) -> Network:
    """The network that plain JSON values tell of; the same rules as for `from_json` but for the version.

    Raises:
        FormatError: they tell of none.
    """
    reader = Reader()
    try:
        network = reader.network(plain, where, 1)
        if None not in (spec.shape for spec in network.inputs) and not network.program.problems:
            _cap_parameters(network, where, max_parameters)
    except FormatError:
        raise
    except StriateError as error:
        raise FormatError([inside(where, problem) for problem in error.problems]) from error
    return network


def _cap_parameters(network: Network, where: str, limit: int) -> None:
    count = network.count_parameters()
    if count > limit:
        refuse(
            where,
            f"the network wants {count:,} weights",
            f"at most {limit:,}",
            "Raise max_parameters= if you trust it.",
        )

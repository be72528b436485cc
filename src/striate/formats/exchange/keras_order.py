"""The order in which Keras lists the layers of a graph; the names in `.weights.h5` are numbers in that order.

Layers are sorted by their distance from the outputs, the farthest first, and among equals by when a walk from
the outputs backwards meets them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from striate.network._structure import InputSpec, Node, Structure, output_references

INPUT = "input_layer"
"""What Keras calls an input."""


def layer_order(network: Structure) -> list[str]:
    """The names of inputs and of nodes that own weights or could, in Keras' order.

    >>> from striate.layers import Add, Conv2D
    >>> from striate.network import Input, graph
    >>> image = Input((8, 8, 1), name="image")
    >>> far, near = Conv2D(1, 1, name="far")(image), Conv2D(1, 1, name="near")(image)
    >>> layer_order(graph(image, Add(name="sum")([Conv2D(1, 1, name="mid")(far), near])))
    ['image', 'far', 'mid', 'near', 'sum']
    """
    calls: dict[str, Node | InputSpec] = {spec.name: spec for spec in network.inputs}
    made_by = {spec.name: spec.name for spec in network.inputs}
    for node in network.nodes:
        calls[node.name] = node
        made_by |= dict.fromkeys(output_references(node.name, node.layer), node.name)
    reads = {name: [made_by[each] for each in getattr(call, "inputs", ())] for name, call in calls.items()}
    met, finished = _walk([made_by[name] for name in network.outputs], reads)
    owner = {name: getattr(call, "weights", name) for name, call in calls.items()}
    depths = _depths(finished, reads, owner)
    first: dict[str, int] = {}
    for place, name in enumerate(met):
        first.setdefault(owner[name], place)
    return sorted(depths, key=lambda name: (-depths[name], first[name]))


def _walk(outputs: list[str], reads: Mapping[str, list[str]]) -> tuple[list[str], list[str]]:
    """Calls in the order a depth-first walk from the outputs meets them, and in the order it leaves them."""
    met, finished, seen = [], [], set()
    waiting = [(name, False) for name in reversed(outputs)]
    while waiting:
        name, done = waiting.pop()
        if done:
            finished.append(name)
        elif name not in seen:
            seen.add(name)
            met.append(name)
            waiting.append((name, True))
            waiting += [(each, False) for each in reversed(reads[name])]
    return met, finished


def _depths(finished: list[str], reads: Mapping[str, list[str]], owner: Mapping[str, str]) -> dict[str, int]:
    """The distance of each layer from the outputs; a layer that is called twice has its larger one."""
    of_calls: dict[str, int] = {}
    of_layers: dict[str, int] = {}
    for name in reversed(finished):
        depth = max(of_calls.get(name, 0), of_layers.get(owner[name], 0))
        of_calls[name] = of_layers[owner[name]] = depth
        for before in reads[name]:
            of_calls[before] = max(depth + 1, of_calls.get(before, 0))
    return of_layers


def stored_names(network: Structure) -> dict[str, str]:
    """{name of an input or a layer: its name in a `.weights.h5` file}: the class, numbered from the second.

    >>> from striate.layers import Conv2D
    >>> from striate.network import sequential
    >>> stored_names(sequential([Conv2D(1, 1, name="a"), Conv2D(1, 1, name="b")], input_shape=(8, 8, 1)))
    {'input1': 'input_layer', 'a': 'conv2d', 'b': 'conv2d_1'}
    """
    kinds = {spec.name: INPUT for spec in network.inputs}
    kinds |= {node.name: _kind(node) for node in network.nodes}
    counts = Counter[str]()
    names = {}
    for name in layer_order(network):
        kind = kinds[name]
        names[name] = f"{kind}_{counts[kind]}" if counts[kind] else kind
        counts[kind] += 1
    return names


def _kind(node: Node) -> str:
    """The class of a layer in Keras' spelling; a network in a row counts as a Sequential."""
    if isinstance(node.layer, Structure):
        return "sequential" if _in_a_row(node.layer) else "functional"
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", type(node.layer).__name__)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def _in_a_row(network: Structure) -> bool:
    """Each node reads the one before, and the last is the output."""
    before = [spec.name for spec in network.inputs] + [node.name for node in network.nodes]
    reads = [node.inputs for node in network.nodes]
    ends = network.outputs == (before[-1],)
    return len(network.inputs) == 1 and ends and reads == [(name,) for name in before[:-1]]

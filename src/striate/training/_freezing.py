"""Parts of a network: layers that training leaves alone, and the beginning that ends at one layer."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from striate.errors import ArgumentError, Problem
from striate.network import Network


def chosen_paths(
    network: Network, until: str | None, layers: str | Sequence[str] | None, where: str
) -> set[str]:
    """The paths of the layers that a person means.

    Args:
        network: the architecture. until: all layers that run before this one.
        layers: names, or patterns such as "layer1.*"; a nested network's name means all of it.
        where: what an error calls it. Without both, all layers are meant.

    Raises:
        ArgumentError: names that nothing bears, all at once.
    """
    paths = list(network.program.steps)
    if until is not None and layers is not None:
        cure = "Leave one of them out."
        raise ArgumentError(Problem(where, "got until and layers", "one of the two", cure))
    if until is not None:
        first = [path for path in paths if _means(until, path)]
        if not first:
            raise ArgumentError(_unknown(where, until, paths))
        return set(paths[: paths.index(first[0])])
    if layers is None:
        return set(paths)
    wanted = [layers] if isinstance(layers, str) else list(layers)
    found = {each: {path for path in paths if _means(each, path)} for each in wanted}
    if lost := [each for each, those in found.items() if not those]:
        raise ArgumentError([_unknown(where, each, paths) for each in lost])
    return set().union(*found.values())


def with_trainable(network: Network, paths: Collection[str], trainable: bool) -> Network:
    """The network whose layers at these paths learn, or do not; calls that share weights go together."""
    owners = {step.owner for path, step in network.program.steps.items() if path in paths}
    changed = _changed(network, "", owners, trainable)
    return replace(changed, trainable=True) if trainable else changed


def beginning(network: Network, at: str | None) -> Network:
    """The part of a network that ends in the output of one layer.

    Args:
        network: the architecture. at: the layer's name; None for what the last layer with weights reads.

    Raises:
        ArgumentError: the network has no such layer of its own.
    """
    nodes = {node.name: node for node in network.nodes}
    name = last_read(network) if at is None else at
    if name not in nodes:
        happened = f"there is no layer {name!r}"
        if name.split("/")[0] in nodes:
            happened = f"{name!r} lies inside the network {name.split('/')[0]!r}"
        near = difflib.get_close_matches(name, nodes, 1)
        cure = f"Did you mean {near[0]!r}?" if near else "model.summary() shows the names."
        raise ArgumentError(Problem("features", happened, "the name of a layer of this network", cure))
    needed, waiting = set(), [name]
    while waiting:
        each = waiting.pop().split("/")[0]
        if each in nodes and each not in needed:
            needed.add(each)
            waiting += [*nodes[each].inputs, nodes[each].weights]
    kept = tuple(node for node in network.nodes if node.name in needed)
    read = {source for node in kept for source in node.inputs}
    inputs = tuple(spec for spec in network.inputs if spec.name in read)
    return replace(network, inputs=inputs, nodes=kept, outputs=(name,))


def last_read(network: Network) -> str:
    """What the last layer with weights reads, dropout before it being passed over.

    Raises:
        ArgumentError: there is no such layer, or it reads several.
    """
    nodes = {node.name: node for node in network.nodes}
    with_weights = [node for node in network.nodes if any(_owns(network, node.name))]
    if not with_weights or len(with_weights[-1].inputs) != 1:
        cure = "Say the layer: model.features(at=...)."
        raise ArgumentError(Problem("features", "the network has no last layer", "a layer's name", cure))
    name = with_weights[-1].inputs[0]
    while name in nodes and type(nodes[name].layer).__name__ == "Dropout":
        name = nodes[name].inputs[0]
    return name


def _owns(network: Network, name: str) -> list[str]:
    """Paths with weights of a node, which may be a network itself."""
    return [path for path in network.declared if _means(name, path)]


def _means(wanted: str, path: str) -> bool:
    """Whether a name or a pattern stands for a path, or for a network around it."""
    return path == wanted or path.startswith(wanted + "/") or fnmatchcase(path, wanted)


def _changed(network: Any, prefix: str, owners: set[str], trainable: bool) -> Any:
    """The same with other nodes; a nested network that holds one of them learns in part."""
    nodes = []
    for node in network.nodes:
        path, layer = prefix + node.weights, node.layer
        if isinstance(layer, Network):
            layer = _changed(layer, f"{path}/", owners, trainable)
            if trainable and any(owner.startswith(f"{path}/") for owner in owners):
                layer = replace(layer, trainable=True)
        elif path in owners and layer.trainable != trainable:
            layer = replace(layer, trainable=trainable)
        nodes.append(node if layer is node.layer else replace(node, layer=layer))
    return replace(network, nodes=tuple(nodes))


def _unknown(where: str, name: str, paths: Sequence[str]) -> Problem:
    """A name that no layer bears."""
    near = difflib.get_close_matches(name, paths, 1)
    cure = f"Did you mean {near[0]!r}?" if near else "model.summary() shows the names."
    return Problem(where, f"there is no layer {name!r}", "names of layers, or patterns of them", cure)

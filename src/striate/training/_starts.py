"""First weights: drawn from the seed, and copied from models that were used as layers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from striate.network import Network
from striate.training._weights import Flat, flat, overlaid

_MODEL = "_striate_model"


def lend(model: Any) -> Network:
    """The model's network, with a note in it where its weights are to be found.

    The note is no field of the network: it is neither compared nor saved, and a network is equal with or
    without it.
    """
    vars(model.network)[_MODEL] = model
    return model.network


def without_notes(network: Network) -> Network:
    """An equal network that keeps no model, and so no weights, from being forgotten."""
    nodes = [
        replace(node, layer=without_notes(node.layer)) if isinstance(node.layer, Network) else node
        for node in network.nodes
    ]
    return replace(network, nodes=tuple(nodes))


def starts_from(network: Network) -> list[tuple[str, Any]]:
    """The models whose networks are nodes of this one, each with its place; a shared one counts once."""
    return [
        (node.name, vars(node.layer)[_MODEL])
        for node in network.nodes
        if node.weights == node.name and isinstance(node.layer, Network) and _MODEL in vars(node.layer)
    ]


def start_variables(network: Network, seed: int, models: list[tuple[str, Any]]) -> dict[str, Any]:
    """Weights drawn from the seed, with those of the models in their places.

    Args:
        network: what the weights are for. seed: decides them.
        models: (place, model) as `starts_from` gives them; the model's weights of this moment are copied.
    """
    variables = network.init(seed)
    starts: Flat = dict(_copied(models))
    return overlaid(network, variables, starts) if starts else variables


def _copied(models: list[tuple[str, Any]]) -> Iterator[tuple[tuple[str, str], Any]]:
    for place, model in models:
        for (path, name), array in flat(model.variables).items():
            yield (f"{place}/{path}", name), array

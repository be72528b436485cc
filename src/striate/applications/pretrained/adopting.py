"""Weights of one model taken over by another: the same network for other pictures or other classes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from striate.applications.pretrained.loading import load, network_of
from striate.applications.pretrained.table import find
from striate.errors import ArgumentError, FormatError, Problem
from striate.formats.exchange import head_paths
from striate.models import Model
from striate.network import Network


def load_into(model: Model, application: str, weights: str | Path) -> Model:
    """A model with trained weights, named or from a file.

    Args:
        model: made by an application. application: its name. weights: "imagenet", a full name, or a path.

    Returns:
        A model of the same network with the weights, their preprocessing at its own size, and their class
        names where the classes are the same.

    Raises:
        ArgumentError: there are none of this name, or none for this network.
        FormatError: the file does not fit.
    """
    if isinstance(weights, Path) or Path(weights).exists() or Path(weights).suffix:
        model.load_weights(weights)
        return model
    records = find(application, weights)
    fitting = [record for record in records if not _strangers(model.network, network_of(record))]
    if not fitting:
        known = [record.name for record in find(application, "imagenet")]
        happened = f"there are none named {weights!r} for this {application}"
        if records:
            happened = f"{records[0].name} belongs to {application}({_words(records[0].arguments)})"
        expected = f"one of {', '.join(known)}" if known else "None or a path"
        cure = "Make the network as they want it, or leave weights out."
        raise ArgumentError(Problem("weights", happened, expected, cure))
    return adopt(model, load(fitting[0].name))


def adopt(model: Model, source: Model) -> Model:
    """The network of one model with the weights of another; layers that make the outputs may differ.

    Raises:
        FormatError: other layers differ, all of them named.
    """
    network = model.network
    if strangers := _strangers(network, source.network):
        problems = [
            Problem(
                path, "the source has no weights of its shapes", "the same layer in both", "Change the layer."
            )
            for path in strangers
        ]
        raise FormatError(problems)
    own = model.variables
    taken = _shared(network, source.network)
    variables = {
        group: {path: dict(have[path]) if path in taken and path in have else weights
                for path, weights in own[group].items()}
        for group, have in source.variables.items()
    }  # fmt: skip
    same_head = head_paths(network.program) <= taken
    made = Model.from_network(
        network,
        variables,
        preprocessing=_resized(source, network),
        class_names=source.class_names if same_head else None,
        seed=model.seed,
    )
    made.about = {"weights": source.about.get("weights", source.name)}
    return made


def _shared(network: Network, source: Network) -> set[str]:
    """Paths whose weights have the same names and shapes in both."""
    shapes = [
        {
            path: {name: weight.shape for name, weight in weights.items()}
            for path, weights in each.declared.items()
        }
        for each in (network, source)
    ]
    return {path for path, wanted in shapes[0].items() if shapes[1].get(path) == wanted}


def _strangers(network: Network, source: Network) -> list[str]:
    """Layers with weights, but for those that make the outputs, that the source does not have."""
    shared, head = _shared(network, source), head_paths(network.program)
    wanted = set(network.declared) - head
    return [path for path in network.declared if path in wanted - shared] or (
        [] if shared else ["every layer"]
    )


def _resized(source: Model, network: Network) -> Any:
    """The source's preprocessing at the size that this network takes."""
    shape = network.inputs[0].shape
    if source.preprocessing is None or shape is None:
        return source.preprocessing
    return replace(source.preprocessing, size=(shape[0], shape[1]))


def _words(arguments: Any) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items())

"""From an architecture to a model: its weights are drawn when they are first needed, or come from a file."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from striate.errors import ArgumentError, Problem
from striate.models import Model
from striate.network import Network


def as_model(network: Network, weights: str | Path | None) -> Model:
    """A model around an application's network.

    Args:
        network: the architecture.
        weights: None to draw them on first use; a name or a path as for `with_weights`.

    Raises:
        ShapeError: the input does not fit the architecture. ArgumentError: there are no such weights.
    """
    model = Model.from_network(network)
    return model if weights is None else with_weights(model, weights)


def with_weights(model: Model, weights: str | Path) -> Model:
    """The model with weights, preprocessing and class names that somebody trained.

    Args:
        model: made by an application, whose name it bears. weights: a name such as "imagenet", or a path.

    Raises:
        ArgumentError: there are none of this name.
    """
    room = f"{__package__}.pretrained"
    if find_spec(room) is None:
        happened = f"there are no weights {str(weights)!r} for {model.name}"
        cure = "Leave weights out, and give the model its weights with model.load_weights(path)."
        raise ArgumentError(Problem("weights", happened, "None", cure))
    return import_module(room).load_into(model, model.name, weights)

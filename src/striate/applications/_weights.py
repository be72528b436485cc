"""From an architecture to a model: its weights are drawn when they are first needed, or come from a file."""

from __future__ import annotations

from pathlib import Path

from striate.models import Model
from striate.network import Network


def as_model(network: Network, weights: str | Path | None) -> Model:
    """A model around an application's network.

    Args:
        network: the architecture, which bears its application's name.
        weights: None to draw them on first use; a name such as "imagenet" or a path to load them.

    Raises:
        ShapeError: the input does not fit the architecture. ArgumentError: there are no such weights.
        FormatError: the file does not fit.
    """
    model = Model.from_network(network)
    if weights is None:
        return model
    from striate.applications.pretrained import load_into  # it makes networks itself

    return load_into(model, model.name, weights)

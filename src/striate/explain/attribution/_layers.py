"""Which layer a map is read from: the one that was named, or the last that still knows places."""

from __future__ import annotations

import difflib

from striate import layers
from striate.errors import ArgumentError, Problem
from striate.explain.attribution._parts import toward_scores
from striate.layers import Layer
from striate.network import Network
from striate.network.shapes import Step

_SKIPPED: tuple[type[Layer], ...] = (
    *(layers.MaxPooling2D, layers.AveragePooling2D, layers.L2Pooling2D, layers.GlobalAveragePooling2D),
    *(layers.GlobalMaxPooling2D, layers.Dropout, layers.SpatialDropout2D, layers.GaussianNoise),
    *(layers.Identity, layers.ZeroPadding2D, layers.Cropping2D, layers.UpSampling2D, layers.Reshape),
)
"""A map is read before these, where it is finer or the same."""


def map_layers(network: Network) -> list[str]:
    """The names of all values on the way to the scores that are maps of more than one row and column.

    >>> from striate.applications import mnist_convnet
    >>> map_layers(mnist_convnet().network)[-2:]
    ['conv3/preactivation', 'conv3']
    """
    steps = toward_scores(network).steps.values()
    return [step.path for step in steps if _is_map(step)]


def choose_layer(network: Network) -> tuple[str, str]:
    """The layer for maps of a class, and why it was chosen.

    Raises:
        ArgumentError: the network has no map.

    >>> from striate.applications import resnet18
    >>> choose_layer(resnet18().network)[0]
    'layer4.1.out'
    """
    for step in reversed(toward_scores(network).steps.values()):
        if _is_map(step) and not isinstance(step.layer, _SKIPPED) and step.shape is not None:
            rows, columns = step.shape[:2]
            why = f"{step.path}: the last map on the way to the scores, {rows}x{columns} places"
            return step.path, why
    cure = "Choose a method of pixels, such as integrated-gradients."
    happened = "no value on the way to the scores is a map of more than one place"
    raise ArgumentError(Problem("layer", happened, "a convolutional network", cure))


def named_value(network: Network, layer: str) -> str:
    """The name of any value on the way to the scores.

    Raises:
        ArgumentError: there is none of that name.
    """
    return _found(network, layer, list(toward_scores(network).steps), "value", "the name of a layer")


def named_layer(network: Network, layer: str | None) -> str:
    """The layer that was named, or the one that `choose_layer` finds.

    Raises:
        ArgumentError: it is no map on the way to the scores.
    """
    if layer is None:
        return choose_layer(network)[0]
    expected = "the name of a layer with rows and columns"
    return _found(network, layer, map_layers(network), "map", expected)


def _found(network: Network, layer: str, known: list[str], noun: str, expected: str) -> str:
    """The path that a person's name stands for, if it is one of those known."""
    name = network.program.names.get(layer, layer) if isinstance(layer, str) else layer
    if name in known:
        return name
    near = difflib.get_close_matches(str(layer), known, 1)
    cure = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(known[-8:])}."
    happened = f"got {layer!r}, which is no {noun} on the way to the scores"
    raise ArgumentError(Problem("layer", happened, expected, cure))


def _is_map(step: Step) -> bool:
    return step.shape is not None and len(step.shape) == 3 and min(step.shape[:2]) > 1

"""AlphaGo's policy network: where a strong player of Go would move, with no pooling at all."""

from __future__ import annotations

import math
from pathlib import Path

from striate.applications._options import check_choice
from striate.applications._weights import as_model
from striate.errors import ArgumentError, Problem
from striate.layers import Bias, Conv2D, Flatten, Layer, Softmax
from striate.layers._base import Shape
from striate.models import Model
from striate.network import Input, sequential


def alphago_policy(
    input_shape: Shape = (19, 19, 48),
    classes: int | None = None,
    filters: int = 192,
    include_top: bool = True,
    weights: str | Path | None = None,
    classifier_activation: str | None = "softmax",
) -> Model:
    """The policy network of AlphaGo: a probability for each of the 361 points; 3,882,793 weights.

    Args:
        input_shape: (height, width, planes); the paper describes a position by 48 planes.
        classes: taken for other networks' sake; every point of the board is a class.
        filters: of each convolution; the match against Fan Hui was played with 192.
        include_top: False ends with the last hidden map. weights: None, a name or a path.
        classifier_activation: "softmax", or None for logits.

    A 5x5 convolution and eleven 3x3 ones, each with zeros around it so that the board keeps its size; then
    one 1x1 kernel, to which each point adds a bias of its own.

    >>> alphago_policy().count_params(), alphago_policy().output_shape
    (3882793, (None, 361))

    Silver et al., Mastering the game of Go with deep neural networks and tree search, 2016, methods: neural
    network architecture.
    """
    _check(classes, math.prod(input_shape[:2]), classifier_activation)
    layers = [_conv(1, filters, 5), *(_conv(number, filters, 3) for number in range(2, 13))]
    if include_top:
        layers.append(Conv2D(1, 1, use_bias=False, name="conv13"))
        layers += [Flatten(name="flatten"), Bias(name="bias13")]
        layers += [Softmax(name="policy")] if classifier_activation == "softmax" else []
    return as_model(sequential([Input(input_shape), *layers], name="alphago-policy"), weights)


def _conv(number: int, filters: int, size: int) -> Layer:
    """A convolution that keeps the board's size, and its relu."""
    how = {"padding": size // 2, "activation": "relu", "kernel_initializer": "he_normal"}
    return Conv2D(filters, size, **how, name=f"conv{number}")


def _check(classes: int | None, points: int, activation: str | None) -> None:
    """Refuse classes that are not the points of the board."""
    problems = check_choice("classifier_activation", activation, "softmax", None)
    if classes not in (None, points):
        happened, cure = f"got {classes}", "Leave classes out."
        problems.append(Problem("classes", happened, f"{points}, one for each point of the board", cure))
    if problems:
        raise ArgumentError(problems)

"""A small residual network that fits its depth to the size of the pictures: a first model for any folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from striate.applications._weights import as_model
from striate.errors import ArgumentError, Problem
from striate.layers import (
    Activation,
    Add,
    BatchNormalization,
    Conv2D,
    Dense,
    GlobalAveragePooling2D,
    MaxPooling2D,
)
from striate.layers._base import Shape
from striate.models import Model
from striate.network import Input, graph

SMALLEST = 8
"""The smallest side of a picture that is worth a convolutional network."""


def small_resnet(
    input_shape: Shape = (32, 32, 3),
    classes: int = 10,
    width: int = 16,
    include_top: bool = True,
    classifier_activation: str | None = "softmax",
    weights: str | Path | None = None,
) -> Model:
    """Convolutions that halve the map and double the channels, a residual block behind every other one.

    A picture of 32x32 is halved three times: 16-32-pool-(block)-64-pool-128-pool-(block). Larger pictures
    start with strides of 2 until they are at most 64 pixels high or wide, so that their cost stays alike.

    Args:
        input_shape: (H, W, C), at least 8x8. classes: how many. width: channels of the first convolution.
        include_top: False leaves pooling and classes out. classifier_activation: of the classes.
        weights: None to draw them, or a path.

    Raises:
        ArgumentError: pictures smaller than 8x8.

    >>> small_resnet().count_params()
    414074

    A narrower kin of the nine-layer residual networks that won the training-speed part of DAWNBench (Coleman
    et al., 2017).
    """
    side = min(input_shape[:2])
    if side < SMALLEST:
        happened = f"the pictures are {input_shape[0]}x{input_shape[1]}"
        raise ArgumentError(Problem("small_resnet", happened, "at least 8x8", "Use larger pictures."))
    image = Input(input_shape)
    x, channels, stage = image, width, 1
    while side > 64:
        x = _block(x, channels, f"stem{stage}", strides=2)
        side, stage = -(-side // 2), stage + 1
    x, stage = _block(x, channels, "first"), 1
    while side >= 6 and stage <= 3:
        channels *= 2
        x = MaxPooling2D(2, name=f"pool{stage}")(_block(x, channels, f"stage{stage}"))
        if stage % 2:
            y = _block(_block(x, channels, f"stage{stage}a"), channels, f"stage{stage}b")
            x = Add(name=f"sum{stage}")([x, y])
        side, stage = side // 2, stage + 1
    if include_top:
        x = GlobalAveragePooling2D(name="mean")(x)
        x = Dense(classes, activation=classifier_activation, name="answer")(x)
    return as_model(graph(image, x, name="small-resnet"), weights)


def _block(x: Any, filters: int, name: str, strides: int = 1) -> Any:
    """Convolution, batch norm, relu."""
    x = Conv2D(
        filters, 3, strides, padding="same", use_bias=False, kernel_initializer="he_normal", name=name
    )(x)
    x = BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_norm")(x)
    return Activation("relu", name=f"{name}_relu")(x)

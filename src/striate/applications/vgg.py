"""VGG: nothing but 3x3 convolutions, deeper than anyone had gone before."""

from __future__ import annotations

from pathlib import Path

from striate.applications._weights import as_model
from striate.layers import Conv2D, Dense, Dropout, Flatten, Layer, MaxPooling2D
from striate.layers._base import Shape
from striate.models import Model
from striate.network import Input, sequential

VGG16_BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
"""Filters of the convolutions of each block; a pooling ends each block."""


def vgg16(
    input_shape: Shape = (224, 224, 3),
    classes: int = 1000,
    dropout: float = 0.0,
    weights: str | Path | None = None,
) -> Model:
    """Configuration D of the paper: 13 convolutions and 3 dense layers, 138,357,544 weights.

    Args:
        input_shape: (H, W, C). classes: how many.
        dropout: rate between the dense layers. The paper trains with 0.5; Keras leaves the layers out, and so
            does 0. They hold no weights.
        weights: None, a name or a path.

    >>> vgg16().count_params()
    138357544

    Layers have Keras' names ("block1_conv1", "fc1", "predictions").
    Simonyan and Zisserman, Very deep convolutional networks for large-scale image recognition, 2015.
    """
    layers: list[Layer] = []
    for block, filters in enumerate(VGG16_BLOCKS, 1):
        layers += [_conv(f"block{block}_conv{number}", count) for number, count in enumerate(filters, 1)]
        layers.append(MaxPooling2D(2, name=f"block{block}_pool"))
    layers.append(Flatten(name="flatten"))
    for name in ("fc1", "fc2"):
        layers.append(Dense(4096, activation="relu", name=name))
        layers += [Dropout(dropout, name=f"{name}_dropout")] if dropout else []
    layers.append(Dense(classes, activation="softmax", name="predictions"))
    return as_model(sequential([Input(input_shape), *layers], name="vgg16"), weights)


def _conv(name: str, filters: int) -> Conv2D:
    return Conv2D(filters, 3, padding="same", activation="relu", name=name)

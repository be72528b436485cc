"""VGG: nothing but 3x3 convolutions, deeper than anyone had gone before."""

from __future__ import annotations

from typing import Any, Literal, Unpack

from striate.applications._options import HE, TORCH_NORM, Options, check_choice, check_options
from striate.applications._weights import as_model
from striate.errors import ArgumentError
from striate.layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPooling2D,
)
from striate.layers._base import Shape
from striate.layers.initializers import RandomNormal
from striate.models import Model
from striate.network import Input, sequential

FILTERS = (64, 128, 256, 512, 512)
"""Filters of the convolutions of each block; a pooling ends each block."""

BLOCKS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
"""Convolutions in each block: configurations A, B, D and E of table 1."""

TOPS = {
    "torch": ("classifier.0", "classifier.2", "classifier.3", "classifier.5", "classifier.6"),
    "keras": ("fc1", "fc1_dropout", "fc2", "fc2_dropout", "predictions"),
}
"""Names of the dense layers and of the dropout between them."""


class VGGOptions(Options, total=False):
    """What every VGG takes beside `Options`.

    Args:
        dropout: rate behind each hidden dense layer. The paper trains with 0.5; Keras leaves the layers out,
            and so does 0. They hold no weights.
        batch_norm: a batch norm behind every convolution, as in torchvision's vgg16_bn; the paper has none.
        convention: whose names the layers have: "torch" (features.0, classifier.6) or "keras" (block1_conv1,
            predictions). Nothing else differs.
    """

    dropout: float
    batch_norm: bool
    convention: Literal["torch", "keras"]


def vgg11(input_shape: Shape = (224, 224, 3), classes: int = 1000, **options: Unpack[VGGOptions]) -> Model:
    """Configuration A of the paper: 8 convolutions and 3 dense layers, 132,863,336 weights; see `vgg16`."""
    return _vgg(11, input_shape, classes, **options)


def vgg13(input_shape: Shape = (224, 224, 3), classes: int = 1000, **options: Unpack[VGGOptions]) -> Model:
    """Configuration B of the paper: 10 convolutions and 3 dense layers, 133,047,848 weights; see `vgg16`."""
    return _vgg(13, input_shape, classes, **options)


def vgg16(input_shape: Shape = (224, 224, 3), classes: int = 1000, **options: Unpack[VGGOptions]) -> Model:
    """Configuration D of the paper: 13 convolutions and 3 dense layers, 138,357,544 weights.

    Args:
        input_shape: (H, W, C). classes: how many. options: see `Options` and `VGGOptions`.

    >>> vgg16().count_params(), vgg16(include_top=False).output_shape
    (138357544, (None, 7, 7, 512))

    Simonyan and Zisserman, Very deep convolutional networks for large-scale image recognition, 2015, table 1.
    torchvision's adaptive pooling to 7x7 does nothing to 224x224 pictures and is left out: other sizes need
    dense layers of their own.
    """
    return _vgg(16, input_shape, classes, **options)


def vgg19(input_shape: Shape = (224, 224, 3), classes: int = 1000, **options: Unpack[VGGOptions]) -> Model:
    """Configuration E of the paper: 16 convolutions and 3 dense layers, 143,667,240 weights; see `vgg16`."""
    return _vgg(19, input_shape, classes, **options)


def _vgg(depth: int, input_shape: Shape, classes: int, **options: Unpack[VGGOptions]) -> Model:
    """The model of a depth."""
    check_options(f"vgg{depth}", VGGOptions, options)
    convention = options.get("convention", "torch")
    if problems := check_choice("convention", convention, "torch", "keras"):
        raise ArgumentError(problems)
    normed = options.get("batch_norm", False)
    layers = _torch_features(depth, normed) if convention == "torch" else _keras_features(depth, normed)
    if options.get("include_top", True):
        layers += _top(classes, TOPS[convention], options)
    network = sequential([Input(input_shape), *layers], name=f"vgg{depth}")
    return as_model(network, options.get("weights"))


def _torch_features(depth: int, normed: bool) -> list[Layer]:
    """The convolutions; names count torchvision's modules, of which relus are some."""
    layers: list[Layer] = []
    number = 0
    for filters, count in zip(FILTERS, BLOCKS[depth], strict=True):
        for _ in range(count):
            names = [f"features.{number + place}" for place in range(3)]
            layers += _convolution(filters, normed, *names)
            number += 3 if normed else 2
        layers.append(MaxPooling2D(2, name=f"features.{number}"))
        number += 1
    return layers


def _keras_features(depth: int, normed: bool) -> list[Layer]:
    """The convolutions with names that tell block and place."""
    layers: list[Layer] = []
    for block, (filters, count) in enumerate(zip(FILTERS, BLOCKS[depth], strict=True), 1):
        for place in range(1, count + 1):
            names = [f"block{block}_{part}{place}" for part in ("conv", "bn", "relu")]
            layers += _convolution(filters, normed, *names)
        layers.append(MaxPooling2D(2, name=f"block{block}_pool"))
    return layers


def _convolution(filters: int, normed: bool, conv: str, norm: str, relu: str) -> list[Layer]:
    """A 3x3 convolution and its relu, with a batch norm between them or none."""
    how: dict[str, Any] = {"padding": 1, "kernel_initializer": HE, "name": conv}
    if not normed:
        return [Conv2D(filters, 3, activation="relu", **how)]
    return [
        Conv2D(filters, 3, **how),
        BatchNormalization(**TORCH_NORM, name=norm),
        Activation("relu", name=relu),
    ]


def _top(classes: int, names: tuple[str, ...], options: VGGOptions) -> list[Layer]:
    """Two wide dense layers and the classes."""
    layers: list[Layer] = [Flatten(name="flatten")]
    rate, start = options.get("dropout", 0.0), RandomNormal(stddev=0.01)
    for dense, dropout in (names[:2], names[2:4]):
        layers.append(Dense(4096, activation="relu", kernel_initializer=start, name=dense))
        layers += [Dropout(rate, name=dropout)] if rate else []
    activation = options.get("classifier_activation", "softmax")
    return [*layers, Dense(classes, activation=activation, kernel_initializer=start, name=names[4])]

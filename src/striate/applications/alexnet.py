"""AlexNet: the network that won ImageNet in 2012 and ended the age of hand-made features."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from striate.applications._weights import as_model
from striate.layers import Conv2D, Dense, Dropout, Flatten, Layer, LocalResponseNormalization, MaxPooling2D
from striate.layers._base import Shape
from striate.layers.initializers import Ones, RandomNormal
from striate.models import Model
from striate.network import Input, sequential


def alexnet(
    input_shape: Shape = (224, 224, 3),
    classes: int = 1000,
    include_top: bool = True,
    weights: str | Path | None = None,
    classifier_activation: str | None = "softmax",
    dropout: float = 0.5,
) -> Model:
    """AlexNet in one tower, as torchvision has it: 61,100,840 weights.

    Args:
        input_shape: (H, W, C). classes: how many. include_top: False ends with the last feature map.
        weights: None, a name or a path. classifier_activation: None gives logits.
        dropout: rate before each hidden dense layer; 0 leaves the layers out.

    >>> alexnet().count_params()
    61100840

    Krizhevsky, One weird trick for parallelizing convolutional neural networks, 2014, footnote 1: no groups,
    no normalization, 64 first filters. Layers have torchvision's names. Its adaptive pooling to 6x6 does
    nothing to 224x224 pictures and is left out: other sizes need dense layers of their own.
    """
    layers = [
        _conv("features.0", 64, 11, strides=4, padding=2, kernel_initializer="he_normal"),
        _pool("features.2"),
        _conv("features.3", 192, 5, padding=2, kernel_initializer="he_normal"),
        _pool("features.5"),
        _conv("features.6", 384, 3, padding=1, kernel_initializer="he_normal"),
        _conv("features.8", 256, 3, padding=1, kernel_initializer="he_normal"),
        _conv("features.10", 256, 3, padding=1, kernel_initializer="he_normal"),
        _pool("features.12"),
    ]
    if include_top:
        layers += [Flatten(name="flatten"), *_dropped(dropout, "classifier.0")]
        layers += [Dense(4096, activation="relu", name="classifier.1"), *_dropped(dropout, "classifier.3")]
        layers.append(Dense(4096, activation="relu", name="classifier.4"))
        layers.append(Dense(classes, activation=classifier_activation, name="classifier.6"))
    return as_model(sequential([Input(input_shape), *layers], name="alexnet"), weights)


def alexnet_2012(
    input_shape: Shape = (224, 224, 3),
    classes: int = 1000,
    include_top: bool = True,
    weights: str | Path | None = None,
    classifier_activation: str | None = "softmax",
    dropout: float = 0.5,
) -> Model:
    """AlexNet in two towers, as it was spread over two cards: 60,965,224 weights.

    Args:
        input_shape, classes, include_top, weights, classifier_activation: as for `alexnet`.
        dropout: rate behind each hidden dense layer; 0 leaves the layers out.

    Convolutions 2, 4 and 5 have two groups, one a card; the third and the dense layers read both. Weights
    and biases start as in the paper: normal with deviation 0.01, and biases of 1 where it says so.

    >>> alexnet_2012().count_params()
    60965224

    Krizhevsky, Sutskever and Hinton, ImageNet classification with deep convolutional neural networks, 2012,
    section 3.5. The paper's 224x224 pictures give its 55x55 maps only with a border of 1 before and 2 behind,
    which it does not mention; other programs take 227x227 and no border.
    """
    layers = [
        _conv("conv1", 96, 11, strides=4, padding=((1, 2), (1, 2)), **_plain()),
        *_normalized_and_pooled(1),
        _conv("conv2", 256, 5, padding=2, groups=2, **_plain(1)),
        *_normalized_and_pooled(2),
        _conv("conv3", 384, 3, padding=1, **_plain()),
        _conv("conv4", 384, 3, padding=1, groups=2, **_plain(1)),
        _conv("conv5", 256, 3, padding=1, groups=2, **_plain(1)),
        _pool("pool5"),
    ]
    if include_top:
        layers.append(Flatten(name="flatten"))
        for name in ("fc6", "fc7"):
            layers.append(Dense(4096, activation="relu", **_plain(1), name=name))
            layers += _dropped(dropout, f"{name}.dropout")
        layers.append(Dense(classes, activation=classifier_activation, **_plain(), name="fc8"))
    return as_model(sequential([Input(input_shape), *layers], name="alexnet-2012"), weights)


def _conv(name: str, filters: int, size: int, **more: Any) -> Layer:
    """A convolution and its relu."""
    return Conv2D(filters, size, activation="relu", name=name, **more)


def _pool(name: str) -> Layer:
    """Overlapping maxima."""
    return MaxPooling2D(3, strides=2, name=name)


def _normalized_and_pooled(number: int) -> list[Layer]:
    """The first two convolutions are normalized by their neighbours (k = 2, n = 5), then pooled."""
    return [LocalResponseNormalization(5, 1e-4, 0.75, 2.0, name=f"norm{number}"), _pool(f"pool{number}")]


def _dropped(rate: float, name: str) -> list[Layer]:
    """Dropout, unless its rate is 0."""
    return [Dropout(rate, name=name)] if rate else []


def _plain(bias: int = 0) -> dict[str, Any]:
    """The paper's first weights, with biases of 0 or 1."""
    return {"kernel_initializer": RandomNormal(stddev=0.01), "bias_initializer": Ones() if bias else "zeros"}

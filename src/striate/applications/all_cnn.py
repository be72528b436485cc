"""All-CNN: convolutions and nothing else, pooling being a convolution with strides."""

from __future__ import annotations

from typing import Any, Unpack

from striate.applications._options import Options, check_options
from striate.applications._weights import as_model
from striate.layers import Activation, Conv2D, Dropout, GlobalAveragePooling2D, Layer
from striate.layers._base import Shape
from striate.models import Model
from striate.network import Input, sequential

STAGES = {
    "a": (((96, 5), (96, 3, 2)), ((192, 5), (192, 3, 2))),
    "b": (((96, 5), (96, 1), (96, 3, 2)), ((192, 5), (192, 1), (192, 3, 2))),
    "c": (((96, 3), (96, 3), (96, 3, 2)), ((192, 3), (192, 3), (192, 3, 2))),
}
"""Filters, kernel and stride of the convolutions of two stages; the last one of each stands for a pooling.

The base models of table 1, with the rule of section 2 for "All-CNN", table 2.
"""


class AllCNNOptions(Options, total=False):
    """What every All-CNN takes beside `Options`.

    Args:
        dropout: True drops a fifth of the picture and half of each shrunk map, as in section 3.1.
    """

    dropout: bool


def all_cnn_a(input_shape: Shape = (32, 32, 3), classes: int = 10, **options: Unpack[AllCNNOptions]) -> Model:
    """All-CNN-A, 7 convolutions, 1,254,250 weights; see `all_cnn_c`."""
    return _all_cnn("a", input_shape, classes, **options)


def all_cnn_b(input_shape: Shape = (32, 32, 3), classes: int = 10, **options: Unpack[AllCNNOptions]) -> Model:
    """All-CNN-B, 9 convolutions, 1,300,618 weights; see `all_cnn_c`."""
    return _all_cnn("b", input_shape, classes, **options)


def all_cnn_c(input_shape: Shape = (32, 32, 3), classes: int = 10, **options: Unpack[AllCNNOptions]) -> Model:
    """All-CNN-C, 9 convolutions for CIFAR's pictures: 1,369,738 weights.

    Args:
        input_shape: (H, W, C). classes: how many. options: see `Options` and `AllCNNOptions`.

    >>> all_cnn_c().count_params(), all_cnn_c(include_top=False).output_shape
    (1369738, (None, 6, 6, 192))

    Springenberg, Dosovitskiy, Brox and Riedmiller, Striving for simplicity: The all convolutional net, 2015,
    tables 1 and 2. As in the tables, a relu follows even the convolution that stands for the classes; its map
    of 6x6 is averaged before the softmax.
    """
    return _all_cnn("c", input_shape, classes, **options)


def _all_cnn(letter: str, input_shape: Shape, classes: int, **options: Unpack[AllCNNOptions]) -> Model:
    """The model of a letter."""
    name = f"all-cnn-{letter}"
    check_options(name, AllCNNOptions, options)
    dropped = options.get("dropout", True)
    layers: list[Layer] = [Dropout(0.2, name="dropout0")] if dropped else []
    number = 0
    for stage, convolutions in enumerate(STAGES[letter], 1):
        for filters, size, *strides in convolutions:
            number += 1
            layers.append(_conv(number, filters, size, *strides))
        layers += [Dropout(0.5, name=f"dropout{stage}")] if dropped else []
    layers.append(_conv(number + 1, 192, 3, padding="valid"))
    layers.append(_conv(number + 2, 192, 1))
    if options.get("include_top", True):
        layers += [_conv(number + 3, classes, 1), GlobalAveragePooling2D(name="avgpool")]
        activation = options.get("classifier_activation", "softmax")
        layers += [Activation(activation, name="probabilities")] if activation else []
    return as_model(sequential([Input(input_shape), *layers], name=name), options.get("weights"))


def _conv(number: int, filters: int, size: int, strides: int = 1, padding: Any = None) -> Layer:
    """A convolution and its relu; it keeps the map's size but for its strides."""
    pad = size // 2 if padding is None else padding
    how: dict[str, Any] = {"activation": "relu", "kernel_initializer": "he_normal", "name": f"conv{number}"}
    return Conv2D(filters, size, strides=strides, padding=pad, **how)

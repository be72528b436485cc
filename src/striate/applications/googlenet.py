"""GoogLeNet: blocks that look through windows of several sizes at once, and weigh few parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Unpack

from striate.applications._options import HE, TORCH_NORM, Options, check_options
from striate.applications._weights import as_model
from striate.errors import ArgumentError, Problem
from striate.layers import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    LocalResponseNormalization,
    MaxPooling2D,
)
from striate.layers._base import Shape
from striate.models import Model
from striate.network import Input, graph

STAGES = {
    "3": {"a": (64, 96, 128, 16, 32, 32), "b": (128, 128, 192, 32, 96, 64)},
    "4": {
        "a": (192, 96, 208, 16, 48, 64),
        "b": (160, 112, 224, 24, 64, 64),
        "c": (128, 128, 256, 24, 64, 64),
        "d": (112, 144, 288, 32, 64, 64),
        "e": (256, 160, 320, 32, 128, 128),
    },
    "5": {"a": (256, 160, 320, 32, 128, 128), "b": (384, 192, 384, 48, 128, 128)},
}
"""Filters of each block, as in table 1: 1x1, before 3x3, 3x3, before 5x5, 5x5, behind the pooling."""

HEADS = {"4a": "aux1", "4d": "aux2"}
"""Blocks whose output the auxiliary heads read."""


class GoogLeNetOptions(Options, total=False):
    """What GoogLeNet takes beside `Options`.

    Args:
        auxiliary_heads: True adds two more outputs, which classify from the middle of the network and give
            the early layers a gradient of their own. The paper weighs their losses 0.3 and drops them when
            training is over: `compile(loss_weights=[1, 0.3, 0.3], ...)`.
    """

    auxiliary_heads: bool


def googlenet(
    input_shape: Shape = (224, 224, 3), classes: int = 1000, **options: Unpack[GoogLeNetOptions]
) -> Model:
    """GoogLeNet as torchvision has it, with batch norm: 6,624,904 trainable weights without auxiliary heads.

    Args:
        input_shape: (H, W, C). classes: how many. options: see `Options` and `GoogLeNetOptions`.

    >>> googlenet().network.totals.trainable
    6624904

    Szegedy et al., Going deeper with convolutions, 2015, table 1, with the normalization of Ioffe and
    Szegedy, 2015. Like torchvision's it has 3x3 kernels where the paper has 5x5, and pools 2x2 before the
    last stage. Its auxiliary heads pool as in the paper, where torchvision's cut the map into 4x4 parts.
    """
    return _googlenet("googlenet", _TORCH, input_shape, classes, options)


def googlenet_2014(
    input_shape: Shape = (224, 224, 3), classes: int = 1000, **options: Unpack[GoogLeNetOptions]
) -> Model:
    """GoogLeNet as it won ImageNet in 2014: biases, local response normalization, 6,998,552 weights.

    Args:
        input_shape, classes, options: as for `googlenet`.

    >>> googlenet_2014().count_params(), googlenet_2014(auxiliary_heads=True).count_params()
    (6998552, 13378280)

    Szegedy et al., Going deeper with convolutions, 2015, table 1 and figure 3. Pooling keeps partial windows,
    as the table's sizes want. The constants of the normalization are AlexNet's.
    """
    return _googlenet("googlenet-2014", _PAPER, input_shape, classes, options)


@dataclass(frozen=True)
class _Style:
    """How one of the two draws its parts.

    Args:
        unit: (x, name, filters, size, strides) -> a convolution with all that follows it.
        local_norm: whether the stem normalizes by neighbouring channels.
        wide: the size of the large kernels in a block. last_pool: the size of the last maximum.
        dropout: rate before the classes.
    """

    unit: Callable[..., Any]
    local_norm: bool
    wide: int
    last_pool: int
    dropout: float


def _googlenet(name: str, style: _Style, shape: Shape, classes: int, options: GoogLeNetOptions) -> Model:
    """The model of a style: a stem, nine blocks, and one or three sets of classes."""
    check_options(name, GoogLeNetOptions, options)
    heads, top = options.get("auxiliary_heads", False), options.get("include_top", True)
    if heads and not top:
        happened, cure = "auxiliary heads without a main one", "Leave one of the two out."
        raise ArgumentError(Problem("auxiliary_heads", happened, "include_top=True", cure))
    activation = options.get("classifier_activation", "softmax")
    image = Input(shape)
    x, outputs = _stem(image, style), []
    for stage, blocks in STAGES.items():
        for letter, filters in blocks.items():
            x = _inception(x, f"inception{stage}{letter}", filters, style)
            if heads and stage + letter in HEADS:
                outputs.append(_auxiliary(x, HEADS[stage + letter], classes, activation, style))
        if stage != "5":
            size = 3 if stage == "3" else style.last_pool
            x = MaxPooling2D(size, strides=2, edges="keep", name=f"maxpool{stage}")(x)
    if top:
        x = Dropout(style.dropout, name="dropout")(GlobalAveragePooling2D(name="avgpool")(x))
        x = Dense(classes, activation=activation, name="fc")(x)
    return as_model(graph(image, [x, *outputs], name=name), options.get("weights"))


def _stem(x: Any, style: _Style) -> Any:
    """From 224x224 to 28x28 by three convolutions."""
    x = style.unit(x, "conv1", 64, 7, 2)
    x = MaxPooling2D(3, strides=2, edges="keep", name="maxpool1")(x)
    x = LocalResponseNormalization(name="norm1")(x) if style.local_norm else x
    x = style.unit(style.unit(x, "conv2", 64, 1), "conv3", 192, 3)
    x = LocalResponseNormalization(name="norm2")(x) if style.local_norm else x
    return MaxPooling2D(3, strides=2, edges="keep", name="maxpool2")(x)


def _inception(x: Any, name: str, filters: tuple[int, ...], style: _Style) -> Any:
    """Four branches side by side: 1x1, 3x3, larger, and a maximum; 1x1 convolutions keep them cheap."""
    one, before_three, three, before_wide, wide, behind_pool = filters
    first = style.unit(x, f"{name}.branch1", one, 1)
    second = style.unit(x, f"{name}.branch2.0", before_three, 1)
    second = style.unit(second, f"{name}.branch2.1", three, 3)
    third = style.unit(x, f"{name}.branch3.0", before_wide, 1)
    third = style.unit(third, f"{name}.branch3.1", wide, style.wide)
    fourth = MaxPooling2D(3, strides=1, padding=1, name=f"{name}.branch4.0")(x)
    fourth = style.unit(fourth, f"{name}.branch4.1", behind_pool, 1)
    return Concatenate(name=name)([first, second, third, fourth])


def _auxiliary(x: Any, name: str, classes: int, activation: str | None, style: _Style) -> Any:
    """A head in the middle: 5x5 means every 3, a 1x1 convolution, and two dense layers."""
    x = AveragePooling2D(5, strides=3, name=f"{name}.pool")(x)
    x = Flatten(name=f"{name}.flatten")(style.unit(x, f"{name}.conv", 128, 1))
    x = Dropout(0.7, name=f"{name}.dropout")(Dense(1024, activation="relu", name=f"{name}.fc1")(x))
    return Dense(classes, activation=activation, name=f"{name}.fc2")(x)


def _normed_unit(x: Any, name: str, filters: int, size: int, strides: int = 1) -> Any:
    """Convolution without bias, batch norm, relu."""
    how = {"use_bias": False, "kernel_initializer": HE, "name": f"{name}.conv"}
    x = Conv2D(filters, size, strides=strides, padding=size // 2, **how)(x)
    x = BatchNormalization(momentum=TORCH_NORM["momentum"], epsilon=1e-3, name=f"{name}.bn")(x)
    return Activation("relu", name=f"{name}.relu")(x)


def _plain_unit(x: Any, name: str, filters: int, size: int, strides: int = 1) -> Any:
    """Convolution with bias and relu."""
    how: dict[str, Any] = {"activation": "relu", "kernel_initializer": "he_normal", "name": name}
    return Conv2D(filters, size, strides=strides, padding=size // 2, **how)(x)


_TORCH = _Style(_normed_unit, local_norm=False, wide=3, last_pool=2, dropout=0.2)
_PAPER = _Style(_plain_unit, local_norm=True, wide=5, last_pool=3, dropout=0.4)

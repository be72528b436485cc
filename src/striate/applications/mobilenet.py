"""MobileNetV2: blocks that widen, look at each channel alone, and narrow again, for telephones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from striate.applications._options import HE, TORCH_NORM
from striate.applications._weights import as_model
from striate.errors import ArgumentError, Problem
from striate.layers import (
    Add,
    BatchNormalization,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    GlobalAveragePooling2D,
    ReLU,
)
from striate.layers._base import Shape
from striate.layers.initializers import RandomNormal
from striate.models import Model
from striate.network import Input, graph

STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
"""How many times wider a stage's blocks are inside, their channels, their number, the stride of the first.

Table 2 of the paper: t, c, n, s.
"""


def mobilenet_v2(
    input_shape: Shape = (224, 224, 3),
    classes: int = 1000,
    alpha: float = 1.0,
    include_top: bool = True,
    weights: str | Path | None = None,
    classifier_activation: str | None = "softmax",
    dropout: float = 0.2,
) -> Model:
    """MobileNetV2 as torchvision has it: 3,504,872 trainable weights.

    Args:
        input_shape: (H, W, C). classes: how many.
        alpha: how wide all layers are, 1 being the paper's; channels are rounded to multiples of 8.
        include_top: False ends with the last feature map. weights: None, a name or a path.
        classifier_activation: None gives logits. dropout: rate before the classes; 0 leaves the layer out.

    >>> mobilenet_v2().network.totals.trainable, mobilenet_v2(alpha=0.5).network.totals.trainable
    (3504872, 1968680)

    Sandler et al., MobileNetV2: Inverted residuals and linear bottlenecks, 2018, table 2. Layers have
    torchvision's names; Keras pads strided convolutions at the far side only and normalizes with other
    constants.
    """
    if not alpha > 0:
        cure = "Give a width such as 0.5, 1.0 or 1.4."
        raise ArgumentError(Problem("alpha", f"got {alpha!r}", "a number above 0", cure))
    image = Input(input_shape)
    x = _unit(image, "features.0", 0, _channels(32, alpha), 3, strides=2)
    number = 1
    for widening, channels, repeats, strides in STAGES:
        for index in range(repeats):
            x = _block(x, number, widening, _channels(channels, alpha), strides if index == 0 else 1)
            number += 1
    x = _unit(x, f"features.{number}", 0, _channels(1280, max(alpha, 1.0)), 1)
    if include_top:
        x = GlobalAveragePooling2D(name="avgpool")(x)
        x = Dropout(dropout, name="classifier.0")(x) if dropout else x
        how = {"kernel_initializer": RandomNormal(stddev=0.01), "name": "classifier.1"}
        x = Dense(classes, activation=classifier_activation, **how)(x)
    return as_model(graph(image, x, name="mobilenet-v2"), weights)


def _block(x: Any, number: int, widening: int, channels: int, strides: int) -> Any:
    """Widen with 1x1, 3x3 on each channel alone, narrow with 1x1 and no relu; add the input where it fits."""
    name, inside, place = f"features.{number}", widening * x.shape[-1], 0
    y = x
    if widening > 1:
        y, place = _unit(y, f"{name}.conv.0", 0, inside, 1), 1
    y = _unit(y, f"{name}.conv.{place}", 0, None, 3, strides)
    y = _linear(y, f"{name}.conv", place + 1, channels)
    return Add(name=f"{name}.add")([x, y]) if strides == 1 and x.shape == y.shape else y


def _unit(x: Any, name: str, place: int, filters: int | None, size: int, strides: int = 1) -> Any:
    """Convolution (on each channel alone when filters is None), batch norm, relu up to 6."""
    how: dict[str, Any] = {
        "strides": strides,
        "padding": size // 2,
        "use_bias": False,
        "name": f"{name}.{place}",
    }
    if filters is None:
        x = DepthwiseConv2D(size, depthwise_initializer=HE, **how)(x)
    else:
        x = Conv2D(filters, size, kernel_initializer=HE, **how)(x)
    x = BatchNormalization(**TORCH_NORM, name=f"{name}.{place + 1}")(x)
    return ReLU(max_value=6, name=f"{name}.{place + 2}")(x)


def _linear(x: Any, name: str, place: int, filters: int) -> Any:
    """A 1x1 convolution and its batch norm."""
    x = Conv2D(filters, 1, use_bias=False, kernel_initializer=HE, name=f"{name}.{place}")(x)
    return BatchNormalization(**TORCH_NORM, name=f"{name}.{place + 1}")(x)


def _channels(count: int, alpha: float) -> int:
    """The nearest multiple of 8, but never less than nine tenths of what was asked for.

    >>> _channels(32, 0.35), _channels(24, 0.5), _channels(1280, 1.4)
    (16, 16, 1792)
    """
    wanted = count * alpha
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * wanted else rounded

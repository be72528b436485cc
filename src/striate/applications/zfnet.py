"""ZFNet: AlexNet, mended by looking at what its layers see."""

from __future__ import annotations

from pathlib import Path

from striate.applications._weights import as_model
from striate.layers import Conv2D, Dense, Dropout, Flatten, Layer, LocalResponseNormalization, MaxPooling2D
from striate.layers._base import Shape
from striate.models import Model
from striate.network import Input, sequential


def zfnet(
    input_shape: Shape = (224, 224, 3),
    classes: int = 1000,
    include_top: bool = True,
    weights: str | Path | None = None,
    classifier_activation: str | None = "softmax",
    dropout: float = 0.5,
) -> Model:
    """The network of the deconvnet pictures: 62,357,608 weights.

    Args:
        input_shape: (H, W, C). classes: how many. include_top: False ends with the last feature map.
        weights: None, a name or a path. classifier_activation: None gives logits.
        dropout: rate behind each hidden dense layer; 0 leaves the layers out.

    AlexNet's first layer had dead filters and aliased ones: 7x7 kernels that step by 2 replace its 11x11 that
    step by 4, and nothing is split into groups any more.

    >>> zfnet().count_params()
    62357608

    Zeiler and Fergus, Visualizing and understanding convolutional networks, 2014, figure 3. Its map sizes
    (110, 55, 26, 13, 6) follow with a border of 1 around the picture and pooling that keeps partial windows.
    Contrast is normalized across channels with AlexNet's constants; the paper names none of its own.
    """
    layers: list[Layer] = [
        Conv2D(96, 7, strides=2, padding=1, activation="relu", kernel_initializer="he_normal", name="conv1"),
        *_pooled_and_normalized(1),
        Conv2D(256, 5, strides=2, activation="relu", kernel_initializer="he_normal", name="conv2"),
        *_pooled_and_normalized(2),
        *(_conv(f"conv{number}", filters) for number, filters in ((3, 384), (4, 384), (5, 256))),
        _pool("pool5"),
    ]
    if include_top:
        layers.append(Flatten(name="flatten"))
        for name in ("fc6", "fc7"):
            layers.append(Dense(4096, activation="relu", name=name))
            layers += [Dropout(dropout, name=f"{name}.dropout")] if dropout else []
        layers.append(Dense(classes, activation=classifier_activation, name="fc8"))
    return as_model(sequential([Input(input_shape), *layers], name="zfnet"), weights)


def _conv(name: str, filters: int) -> Layer:
    """A 3x3 convolution and its relu."""
    return Conv2D(filters, 3, padding=1, activation="relu", kernel_initializer="he_normal", name=name)


def _pool(name: str) -> Layer:
    """Overlapping maxima; a partial window at the far edge counts."""
    return MaxPooling2D(3, strides=2, edges="keep", name=name)


def _pooled_and_normalized(number: int) -> list[Layer]:
    """Maxima, then division by the activity of neighbouring channels."""
    return [_pool(f"pool{number}"), LocalResponseNormalization(5, 1e-4, 0.75, 2.0, name=f"norm{number}")]

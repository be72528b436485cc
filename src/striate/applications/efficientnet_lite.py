"""EfficientNet-Lite: EfficientNet without the parts that small machines are slow at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from striate.applications._options import HE
from striate.applications._weights import as_model
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
from striate.models import Model
from striate.network import Input, graph

STAGES = (
    (1, 3, 16, 1, 1),
    (6, 3, 24, 2, 2),
    (6, 5, 40, 2, 2),
    (6, 3, 80, 3, 2),
    (6, 5, 112, 3, 1),
    (6, 5, 192, 4, 2),
    (6, 3, 320, 1, 1),
)
"""How many times wider inside, kernel size, channels, number of blocks, stride of the first: table 1."""


def efficientnet_lite0(
    input_shape: Shape = (224, 224, 3),
    classes: int = 1000,
    include_top: bool = True,
    weights: str | Path | None = None,
    classifier_activation: str | None = "softmax",
    dropout: float = 0.2,
) -> Model:
    """EfficientNet-Lite0: 4,652,008 trainable weights.

    Args:
        input_shape: (H, W, C). classes: how many. include_top: False ends with the last feature map.
        weights: None, a name or a path. classifier_activation: None gives logits.
        dropout: rate before the classes; 0 leaves the layer out.

    >>> efficientnet_lite0().network.totals.trainable
    4652008

    Tan and Le, EfficientNet: Rethinking model scaling for convolutional neural networks, 2019, table 1 (B0).
    The Lite version, which its authors published as code in 2020, has no squeeze and excitation, and relu up
    to 6 for swish. Layers have timm's names (conv_stem, blocks.1.0.conv_pw); padding and batch norm are
    TensorFlow's, in which the published weights were trained. Blocks are never dropped at random here.
    """
    image = Input(input_shape)
    x = _normed(_conv(image, "conv_stem", 32, 3, strides=2), "bn1")
    for stage, (widening, size, channels, repeats, strides) in enumerate(STAGES):
        for index in range(repeats):
            step = strides if index == 0 else 1
            x = _block(x, f"blocks.{stage}.{index}", widening, size, channels, step)
    x = _normed(_conv(x, "conv_head", 1280, 1), "bn2")
    if include_top:
        x = GlobalAveragePooling2D(name="global_pool")(x)
        x = Dropout(dropout, name="dropout")(x) if dropout else x
        x = Dense(classes, activation=classifier_activation, name="classifier")(x)
    return as_model(graph(image, x, name="efficientnet-lite0"), weights)


def _block(x: Any, name: str, widening: int, size: int, channels: int, strides: int) -> Any:
    """Widen with 1x1, look at each channel alone, narrow with 1x1; add the input where it fits."""
    y, last = x, "conv_pw" if widening == 1 else "conv_pwl"
    norms = iter(("bn1", "bn2", "bn3"))
    if widening > 1:
        y = _normed(_conv(y, f"{name}.conv_pw", widening * x.shape[-1], 1), f"{name}.{next(norms)}")
    y = _normed(_conv(y, f"{name}.conv_dw", None, size, strides), f"{name}.{next(norms)}")
    y = _normed(_conv(y, f"{name}.{last}", channels, 1), f"{name}.{next(norms)}", relu=False)
    return Add(name=f"{name}.add")([x, y]) if strides == 1 and x.shape == y.shape else y


def _conv(x: Any, name: str, filters: int | None, size: int, strides: int = 1) -> Any:
    """A convolution without bias, on each channel alone when filters is None."""
    how: dict[str, Any] = {"strides": strides, "padding": "same", "use_bias": False, "name": name}
    if filters is None:
        return DepthwiseConv2D(size, depthwise_initializer=HE, **how)(x)
    return Conv2D(filters, size, kernel_initializer=HE, **how)(x)


def _normed(x: Any, name: str, relu: bool = True) -> Any:
    """Batch norm, and relu up to 6 unless a sum comes first."""
    x = BatchNormalization(momentum=0.99, epsilon=1e-3, name=name)(x)
    return ReLU(max_value=6, name=f"{name}.act")(x) if relu else x

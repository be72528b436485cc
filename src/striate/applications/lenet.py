"""LeNet, the first convolutional network in daily use: it read cheques."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from striate.applications._options import check_choice
from striate.applications._weights import as_model
from striate.errors import ArgumentError
from striate.layers import (
    AveragePooling2D,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Flatten,
    Layer,
    MaxPooling2D,
    PartialConv2D,
    RadialBasis,
    Rescaling,
    ScaledTanh,
    Softmax,
    ZeroPadding2D,
)
from striate.layers._base import Shape
from striate.layers.initializers import RandomUniform
from striate.models import Model
from striate.network import Input, sequential

TABLE = (
    *((0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5)),
    *((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5)),
    *((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5)),
    (0, 1, 2, 3, 4, 5),
)
"""Which maps of S2 each map of C3 reads: three neighbours, four neighbours, four that are not, and all six.

Table I of the paper. No two maps read the same, which forces them to look for different things.
"""


def lenet5(
    input_shape: Shape = (28, 28, 1),
    classes: int = 10,
    include_top: bool = True,
    weights: str | Path | None = None,
    classifier_activation: str | None = "softmax",
) -> Model:
    """LeNet-5 with today's parts: 61,706 weights.

    Args:
        input_shape: (H, W, C). classes: how many. include_top: False ends with the last feature map.
        weights: None, a name or a path. classifier_activation: None gives logits.

    >>> lenet5().count_params()
    61706

    LeCun, Bottou, Bengio and Haffner, Gradient-based learning applied to document recognition, 1998.
    Where the paper has trainable averages, squashed tangents, partly connected maps and radial basis
    functions (see `lenet5_1998`), this has max pooling, relu, full connections and softmax; the padding
    stands for its 32x32 pictures.
    """
    layers: list[Layer] = [
        Conv2D(6, 5, padding="same", activation="relu"),
        MaxPooling2D(2),
        Conv2D(16, 5, activation="relu"),
        MaxPooling2D(2),
    ]
    if include_top:
        layers += [Flatten(), Dense(120, activation="relu"), Dense(84, activation="relu")]
        layers.append(Dense(classes, activation=classifier_activation))
    return as_model(sequential([Input(input_shape), *layers], name="lenet5"), weights)


def lenet5_1998(
    input_shape: Shape = (32, 32, 1),
    classes: int = 10,
    include_top: bool = True,
    weights: str | Path | None = None,
    classifier_activation: str | None = "softmax",
) -> Model:
    """LeNet-5 as it was: 60,000 trainable weights, and 840 fixed ones that draw the ten digits.

    Args:
        input_shape: (H, W, C); pictures smaller than 32x32 are put in the middle of one.
        classes: how many; ten are taken for the digits, others get random codes.
        include_top: False ends with C5, a map of 120 channels.
        weights: None, a name or a path.
        classifier_activation: "softmax" for probabilities; None for logits, the negative distances.

    >>> lenet5_1998().network.totals.trainable, lenet5_1998().network.totals.non_trainable
    (60000, 840)

    LeCun, Bottou, Bengio and Haffner, Gradient-based learning applied to document recognition, 1998, section
    II.B. The paper feeds paper as -0.1 and ink as 1.175.

    Where we differ: a subsampling unit's coefficient multiplies the mean of its four inputs, not their sum,
    and so is four times the paper's; all of C3 starts from one range, that of a map which reads four; the
    digits that the output compares with are drawn anew; the loss has no constant rubbish class.
    """
    layers = [*_centred(input_shape), *_convolution("C1", Conv2D(6, 5, **_start(25), name="C1"))]
    layers += _subsampling("S2")
    layers += _convolution("C3", PartialConv2D(TABLE, 5, **_start(100), name="C3"))
    layers += _subsampling("S4")
    layers += _convolution("C5", Conv2D(120, 5, **_start(400), name="C5"))
    if include_top:
        layers += [Flatten(name="flatten"), *_convolution("F6", Dense(84, **_start(120), name="F6"))]
        codes = "digits" if classes == 10 else "random"
        layers.append(RadialBasis(classes, codes, trainable=False, name="output"))
        layers.append(Rescaling(-1.0, name="logits"))
        layers += _ending(classifier_activation)
    return as_model(sequential([Input(input_shape), *layers], name="lenet5-1998"), weights)


def _centred(shape: Shape) -> list[Layer]:
    """Zeros around a picture that is smaller than 32x32."""
    missing = [max(32 - size, 0) for size in shape[:2]]
    if not any(missing):
        return []
    sides = tuple((size // 2, size - size // 2) for size in missing)
    return [ZeroPadding2D(sides, name="border")]


def _convolution(name: str, layer: Layer) -> list[Layer]:
    """A weighted sum and its squashing."""
    return [layer, ScaledTanh(name=f"{name}.squash")]


def _subsampling(name: str) -> list[Layer]:
    """The mean of 2x2, times a coefficient and plus a bias for each map, squashed."""
    coefficient = DepthwiseConv2D(1, depthwise_initializer=_range(1), name=f"{name}.scale")
    return [AveragePooling2D(2, name=f"{name}.mean"), *_convolution(name, coefficient)]


def _ending(activation: str | None) -> list[Layer]:
    """What makes probabilities of logits."""
    if problems := check_choice("classifier_activation", activation, "softmax", None):
        raise ArgumentError(problems)
    return [] if activation is None else [Softmax(name="probabilities")]


def _start(inputs: int) -> dict[str, Any]:
    """The paper's first weights for a unit with so many inputs."""
    return {"kernel_initializer": _range(inputs)}


def _range(inputs: int) -> RandomUniform:
    """Uniform in ±2.4 / inputs."""
    return RandomUniform(-2.4 / inputs, 2.4 / inputs)

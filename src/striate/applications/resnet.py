"""ResNet: layers learn what to add to their input, so that a hundred of them can be trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Unpack

from striate.applications._options import HE, TORCH_NORM, Options, check_choice, check_options
from striate.applications._weights import as_model
from striate.errors import ArgumentError
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

Names = tuple[str, str, str]
STAGES = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
"""Blocks of the four stages, from table 1 of the paper: basic ones below 50, bottlenecks from there on."""


class ResNetOptions(Options, total=False):
    """What every ResNet takes beside `Options`.

    Args:
        convention: "torch" for the layers of torchvision (no biases before batch norm, its names such as
            layer1.0.conv1), "keras" for those of keras.applications (biases, names such as
            conv2_block1_1_conv).
        version: where a bottleneck that shrinks the picture has its stride: "v1" on its first 1x1, as in the
            paper and in Keras, "v1.5" on its 3x3, as in torchvision. The convention's own unless given.
    """

    convention: Literal["torch", "keras"]
    version: Literal["v1", "v1.5"] | None


def resnet18(
    input_shape: Shape = (224, 224, 3), classes: int = 1000, **options: Unpack[ResNetOptions]
) -> Model:
    """ResNet-18: 8 basic blocks, 11,689,512 trainable weights.

    Args:
        input_shape: (H, W, C). classes: how many. options: see `Options` and `ResNetOptions`.

    >>> resnet18().network.totals.trainable
    11689512
    """
    return _resnet(18, input_shape, classes, **options)


def resnet34(
    input_shape: Shape = (224, 224, 3), classes: int = 1000, **options: Unpack[ResNetOptions]
) -> Model:
    """ResNet-34: 16 basic blocks, 21,797,672 trainable weights; see `resnet18`."""
    return _resnet(34, input_shape, classes, **options)


def resnet50(
    input_shape: Shape = (224, 224, 3), classes: int = 1000, **options: Unpack[ResNetOptions]
) -> Model:
    """ResNet-50: 16 bottleneck blocks, 25,557,032 trainable weights; Keras counts 25,636,712 with its own.

    Args:
        input_shape: (H, W, C). classes: how many. options: see `Options` and `ResNetOptions`.

    >>> resnet50().network.totals.trainable, resnet50(convention="keras").count_params()
    (25557032, 25636712)

    He, Zhang, Ren and Sun, Deep residual learning for image recognition, 2015, table 1. Where torchvision
    ends with logits, this ends with a softmax unless classifier_activation=None.
    """
    return _resnet(50, input_shape, classes, **options)


def resnet101(
    input_shape: Shape = (224, 224, 3), classes: int = 1000, **options: Unpack[ResNetOptions]
) -> Model:
    """ResNet-101: 33 bottleneck blocks, 44,549,160 trainable weights; see `resnet50`."""
    return _resnet(101, input_shape, classes, **options)


def resnet152(
    input_shape: Shape = (224, 224, 3), classes: int = 1000, **options: Unpack[ResNetOptions]
) -> Model:
    """ResNet-152: 50 bottleneck blocks, 60,192,808 trainable weights; see `resnet50`."""
    return _resnet(152, input_shape, classes, **options)


def _resnet(depth: int, input_shape: Shape, classes: int, **options: Unpack[ResNetOptions]) -> Model:
    """The model of a depth: a stem, four stages of blocks, and the classes."""
    check_options(f"resnet{depth}", ResNetOptions, options)
    style = _style(options)
    image = Input(input_shape)
    x = style.conv(image, style.stem, 64, 7, strides=2)
    x = MaxPooling2D(3, strides=2, padding=1, name=style.stem_pool)(x)
    block = style.basic if depth < 50 else style.bottleneck
    for stage, blocks in enumerate(STAGES[depth]):
        for index in range(blocks):
            strides = 2 if stage > 0 and index == 0 else 1
            shortcut = index == 0 and (stage > 0 or depth >= 50)
            x = block(x, style.block(stage, index), 64 << stage, strides, shortcut)
    if options.get("include_top", True):
        activation = options.get("classifier_activation", "softmax")
        x = GlobalAveragePooling2D(name=style.top[0])(x)
        x = Dense(classes, activation=activation, name=style.top[1])(x)
    return as_model(graph(image, x, name=f"resnet{depth}"), options.get("weights"))


@dataclass(frozen=True)
class _Style:
    """How one framework draws the blocks.

    Args:
        stem: names of the first convolution, its norm and relu. stem_pool: of its pooling.
        top: of the last two layers.
        first_strides: whether a bottleneck's first 1x1 has the strides, and not its 3x3.
        bias, initializer: of the convolutions. norm: settings of the batch norms.
    """

    stem: Names
    stem_pool: str
    top: tuple[str, str]
    first_strides: bool
    bias: bool
    initializer: Any
    norm: dict[str, Any]

    def block(self, stage: int, index: int) -> str:
        """What the names in a block begin with."""
        return f"conv{stage + 2}_block{index + 1}_" if self.bias else f"layer{stage + 1}.{index}."

    def part(self, block: str, position: int) -> Names:
        """Names of a convolution, its norm and relu; position 0 is the projection of the shortcut."""
        if self.bias:
            return f"{block}{position}_conv", f"{block}{position}_bn", f"{block}{position}_relu"
        if position == 0:
            return f"{block}downsample.0", f"{block}downsample.1", f"{block}downsample.2"
        return f"{block}conv{position}", f"{block}bn{position}", f"{block}relu{position}"

    def conv(
        self,
        x: Any,
        names: tuple[str, str, str],
        filters: int,
        size: int,
        strides: int = 1,
        relu: bool = True,
    ) -> Any:
        """Convolution, batch norm, and relu unless a sum comes first."""
        how = {"use_bias": self.bias, "kernel_initializer": self.initializer, "name": names[0]}
        x = Conv2D(filters, size, strides=strides, padding=size // 2, **how)(x)
        x = BatchNormalization(**self.norm, name=names[1])(x)
        return Activation("relu", name=names[2])(x) if relu else x

    def basic(self, x: Any, block: str, filters: int, strides: int, projected: bool) -> Any:
        """Two 3x3 convolutions beside the shortcut."""
        y = self.conv(x, self.part(block, 1), filters, 3, strides)
        y = self.conv(y, self.part(block, 2), filters, 3, relu=False)
        if projected:
            x = self.conv(x, self.part(block, 0), filters, 1, strides, relu=False)
        return _sum(x, y, block)

    def bottleneck(self, x: Any, block: str, filters: int, strides: int, projected: bool) -> Any:
        """1x1 to few channels, 3x3, and 1x1 to four times as many, beside the shortcut."""
        first, second = (strides, 1) if self.first_strides else (1, strides)
        y = self.conv(x, self.part(block, 1), filters, 1, first)
        y = self.conv(y, self.part(block, 2), filters, 3, second)
        y = self.conv(y, self.part(block, 3), 4 * filters, 1, relu=False)
        if projected:
            x = self.conv(x, self.part(block, 0), 4 * filters, 1, strides, relu=False)
        return _sum(x, y, block)


def _sum(x: Any, y: Any, block: str) -> Any:
    """relu(x + y); where their shapes would differ, a 1x1 convolution has projected x (option B)."""
    return Activation("relu", name=f"{block}out")(Add(name=f"{block}add")([x, y]))


def _style(options: ResNetOptions) -> _Style:
    """The framework's way of drawing, after the caller's words are checked."""
    convention, version = options.get("convention", "torch"), options.get("version")
    problems = check_choice("convention", convention, "torch", "keras")
    problems += check_choice("version", version, "v1", "v1.5", None)
    if problems:
        raise ArgumentError(problems)
    if convention == "keras":
        stem, top = ("conv1_conv", "conv1_bn", "conv1_relu"), ("avg_pool", "predictions")
        norm: dict[str, Any] = {"momentum": 0.99, "epsilon": 1.001e-5}
        return _Style(stem, "pool1_pool", top, version != "v1.5", True, "glorot_uniform", norm)
    stem, top = ("conv1", "bn1", "relu"), ("avgpool", "fc")
    return _Style(stem, "maxpool", top, version == "v1", False, HE, dict(TORCH_NORM))

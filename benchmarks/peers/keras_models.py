"""The networks of the benchmark in Keras, layer for layer those of Striate; they give logits."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers


def mnist() -> keras.Model:
    """32-pool-64-pool-64, dense 64, dense 10: 93,322 weights."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, dtype="float32"),
        ]
    )


def cifar() -> keras.Model:
    """32-32-pool-64-64-pool-64, dense 1024, dense 10, with dropout: 1,162,346 weights."""
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.25),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.25),
            layers.Conv2D(64, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(1024, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(10, dtype="float32"),
        ]
    )


def resnet50() -> keras.Model:
    """ResNet-50 of version 1.5: 25,557,032 trainable weights."""
    image = keras.Input((224, 224, 3))
    x = layers.ZeroPadding2D(3)(image)
    x = layers.ReLU()(_conv(x, 64, 7, 2, "valid"))
    x = layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(1)(x))
    for stage, blocks in enumerate((3, 4, 6, 3)):
        for index in range(blocks):
            x = _bottleneck(x, 64 << stage, 2 if stage > 0 and index == 0 else 1, index == 0)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(1000, dtype="float32")(x))


def _bottleneck(x: Any, filters: int, strides: int, projected: bool) -> Any:
    """1x1, 3x3 (with the strides), 1x1 to four times as many channels, beside the shortcut."""
    y = layers.ReLU()(_conv(x, filters, 1))
    if strides > 1:
        y = layers.ReLU()(_conv(layers.ZeroPadding2D(1)(y), filters, 3, strides, "valid"))
    else:
        y = layers.ReLU()(_conv(y, filters, 3))
    y = _conv(y, 4 * filters, 1)
    shortcut = _conv(x, 4 * filters, 1, strides) if projected else x
    return layers.ReLU()(layers.Add()([shortcut, y]))


def _conv(x: Any, filters: int, size: int, strides: int = 1, padding: str = "same") -> Any:
    x = layers.Conv2D(filters, size, strides, padding, use_bias=False)(x)
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)


MODELS = {"mnist": mnist, "cifar": cifar, "resnet50": resnet50}

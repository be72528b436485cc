"""A network for CIFAR-10's small colour pictures."""

from __future__ import annotations

from striate.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from striate.layers._base import Shape
from striate.network import Input, Network, sequential


def cifar10_convnet(input_shape: Shape = (32, 32, 3), classes: int = 10) -> Network:
    """32-32-pool-64-64-pool-64, dense 1024, dense 10, with dropout: 1,162,346 weights.

    Args:
        input_shape: (H, W, C). classes: how many.

    >>> cifar10_convnet().totals.params
    1162346

    The dropout is Srivastava et al., Dropout: a simple way to prevent neural networks from overfitting, 2014.
    """
    return sequential(
        [
            Input(input_shape),
            Conv2D(32, 3, padding="same", activation="relu"),
            Conv2D(32, 3, activation="relu"),
            MaxPooling2D(2),
            Dropout(0.25),
            Conv2D(64, 3, padding="same", activation="relu"),
            Conv2D(64, 3, activation="relu"),
            MaxPooling2D(2),
            Dropout(0.25),
            Conv2D(64, 3, activation="relu"),
            Flatten(),
            Dense(1024, activation="relu"),
            Dropout(0.5),
            Dense(classes, activation="softmax"),
        ],
        name="cifar10-convnet",
    )

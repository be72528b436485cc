"""A network for CIFAR-10's small colour pictures."""

from __future__ import annotations

from pathlib import Path

from striate.applications._weights import as_model
from striate.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from striate.layers._base import Shape
from striate.models import Model
from striate.network import Input, sequential


def cifar10_convnet(
    input_shape: Shape = (32, 32, 3), classes: int = 10, weights: str | Path | None = None
) -> Model:
    """32-32-pool-64-64-pool-64, dense 1024, dense 10, with dropout: 1,162,346 weights.

    Args:
        input_shape: (H, W, C). classes: how many. weights: None, a name or a path.

    >>> cifar10_convnet().count_params()
    1162346

    The dropout is Srivastava et al., Dropout: a simple way to prevent neural networks from overfitting, 2014.
    """
    network = sequential(
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
    return as_model(network, weights)

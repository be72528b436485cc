"""Networks for MNIST's handwritten digits, and for other small grey pictures such as Fashion-MNIST's."""

from __future__ import annotations

from pathlib import Path

from striate.applications._weights import as_model
from striate.layers import Conv2D, Dense, Flatten, MaxPooling2D
from striate.layers._base import Shape
from striate.models import Model
from striate.network import Input, sequential


def mnist_convnet(
    input_shape: Shape = (28, 28, 1), classes: int = 10, weights: str | Path | None = None
) -> Model:
    """The classic small convnet: 93,322 weights, about 99.2 % on MNIST.

    Args:
        input_shape: (H, W, C). classes: how many. weights: None, a name or a path.

    >>> mnist_convnet().count_params()
    93322

    Chollet, Deep Learning with Python, 2017, section 5.1.
    """
    network = sequential(
        [
            Input(input_shape),
            Conv2D(32, 3, activation="relu"),
            MaxPooling2D(2),
            Conv2D(64, 3, activation="relu"),
            MaxPooling2D(2),
            Conv2D(64, 3, activation="relu"),
            Flatten(),
            Dense(64, activation="relu"),
            Dense(classes, activation="softmax"),
        ],
        name="mnist-convnet",
    )
    return as_model(network, weights)


def mnist_dense(
    input_shape: Shape = (28, 28, 1), classes: int = 10, weights: str | Path | None = None
) -> Model:
    """The baseline before any convolution: 512 units on unrelated numbers, 407,050 weights.

    Args:
        input_shape: (H, W, C). classes: how many. weights: None, a name or a path.

    >>> mnist_dense().count_params()
    407050

    Chollet, Deep Learning with Python, 2017, section 2.1.
    """
    network = sequential(
        [Input(input_shape), Flatten(), Dense(512, activation="relu"), Dense(classes, activation="softmax")],
        name="mnist-dense",
    )
    return as_model(network, weights)

"""LeNet, the first convolutional network in daily use: it read cheques."""

from __future__ import annotations

from pathlib import Path

from striate.applications._weights import as_model
from striate.layers import Conv2D, Dense, Flatten, MaxPooling2D
from striate.layers._base import Shape
from striate.models import Model
from striate.network import Input, sequential


def lenet5(input_shape: Shape = (28, 28, 1), classes: int = 10, weights: str | Path | None = None) -> Model:
    """LeNet-5 with today's parts: 61,706 weights.

    Args:
        input_shape: (H, W, C). classes: how many. weights: None, a name or a path.

    >>> lenet5().count_params()
    61706

    LeCun, Bottou, Bengio and Haffner, Gradient-based learning applied to document recognition, 1998.
    Where the paper has trainable averages, squashed tangents, partly connected maps and radial basis
    functions, this has max pooling, relu, full connections and softmax; the padding stands for its 32x32
    pictures.
    """
    network = sequential(
        [
            Input(input_shape),
            Conv2D(6, 5, padding="same", activation="relu"),
            MaxPooling2D(2),
            Conv2D(16, 5, activation="relu"),
            MaxPooling2D(2),
            Flatten(),
            Dense(120, activation="relu"),
            Dense(84, activation="relu"),
            Dense(classes, activation="softmax"),
        ],
        name="lenet5",
    )
    return as_model(network, weights)

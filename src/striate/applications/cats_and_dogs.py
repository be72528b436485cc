"""A network that tells two kinds of photographs apart."""

from __future__ import annotations

from pathlib import Path

from striate.applications._weights import as_model
from striate.layers import Conv2D, Dense, Flatten, MaxPooling2D
from striate.layers._base import Shape
from striate.models import Model
from striate.network import Input, sequential


def cats_and_dogs(
    input_shape: Shape = (150, 150, 3), classes: int = 2, weights: str | Path | None = None
) -> Model:
    """Four convolutions and a single sigmoid unit, 3,453,121 weights; 93 % of them lie in one dense layer.

    Args:
        input_shape: (H, W, C). classes: how many; two share a sigmoid unit, more have a softmax.
        weights: None, a name or a path.

    >>> cats_and_dogs().count_params()
    3453121

    Chollet, Deep Learning with Python, 2017, section 5.2.
    """
    network = sequential(
        [
            Input(input_shape),
            Conv2D(32, 3, activation="relu"),
            MaxPooling2D(2),
            Conv2D(64, 3, activation="relu"),
            MaxPooling2D(2),
            Conv2D(128, 3, activation="relu"),
            MaxPooling2D(2),
            Conv2D(128, 3, activation="relu"),
            MaxPooling2D(2),
            Flatten(),
            Dense(512, activation="relu"),
            Dense(1, activation="sigmoid") if classes == 2 else Dense(classes, activation="softmax"),
        ],
        name="cats-and-dogs",
    )
    return as_model(network, weights)

"""A network that tells two kinds of photographs apart."""

from __future__ import annotations

from striate.layers import Conv2D, Dense, Flatten, MaxPooling2D
from striate.layers._base import Shape
from striate.network import Input, Network, sequential


def cats_and_dogs(input_shape: Shape = (150, 150, 3)) -> Network:
    """Four convolutions and a single sigmoid unit, 3,453,121 weights; 93 % of them lie in one dense layer.

    Args:
        input_shape: (H, W, C).

    >>> cats_and_dogs().totals.params
    3453121

    Chollet, Deep Learning with Python, 2017, section 5.2.
    """
    return sequential(
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
            Dense(1, activation="sigmoid"),
        ],
        name="cats-and-dogs",
    )

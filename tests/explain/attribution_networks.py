"""Small networks for the tests of attributions, their weights drawn so that nothing is 0 or 1."""

import functools

import jax
import numpy as np

from striate.explain import read
from striate.layers import (
    Activation,
    Add,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePooling2D,
    MaxPooling2D,
    ReLU,
)
from striate.models import Input, Model, Sequential


def plain():
    """conv, pool, conv, dense, dense on 10x8 pictures of two channels, four classes."""
    layers = [
        Conv2D(4, 3, padding="same", activation="relu"),
        MaxPooling2D(2),
        Conv2D(5, 3, activation="relu"),
    ]
    dense = [Flatten(), Dense(6, activation="relu"), Dense(4, activation="softmax")]
    return Sequential([Input((10, 8, 2)), *layers, *dense])


def residual():
    """A stem with batch norm, a block with a projection, a concatenation, a global average; four logits."""
    image = Input((9, 9, 3))
    x = ReLU()(BatchNormalization()(Conv2D(4, 3, padding=1, name="stem")(image)))
    y = BatchNormalization()(Conv2D(6, 3, strides=2, padding=1, name="a", use_bias=False)(x))
    short = BatchNormalization()(Conv2D(6, 1, strides=2, name="short")(x))
    x = Activation("relu", name="sum")(Add()([y, short]))
    x = Concatenate(name="both")([x, Conv2D(3, 3, padding=1, activation="relu", name="b")(x)])
    return Model(image, Dense(4, name="head")(GlobalAveragePooling2D(name="mean")(x)))


def binary():
    """One sigmoid unit."""
    layers = [Conv2D(3, 3, activation="relu"), Flatten(), Dense(1, activation="sigmoid")]
    return Sequential([Input((6, 6, 1)), *layers])


@functools.cache
def reading_of(make, count=3, seed=0):
    """A reading of random pictures; `seed` draws weights and pictures."""
    rng = np.random.default_rng(seed)
    model = make()
    model.variables = drawn(model.variables, rng)
    x = rng.normal(size=(count, *model.network.inputs[0].shape)).astype(np.float32)
    return read(model, x)


def drawn(variables, rng):
    """Weights with biases, means and scales that all do something."""

    def draw(path, array):
        if path[-1].key in ("gamma", "moving_variance"):
            return rng.uniform(0.5, 2, array.shape).astype(np.float32)
        deviation = 0.3 if array.ndim == 1 else (2 / np.prod(array.shape[:-1])) ** 0.5
        return (deviation * rng.normal(size=array.shape)).astype(np.float32)

    return jax.tree_util.tree_map_with_path(draw, variables)

"""Small networks and pictures for the tests of what a network sees."""

import numpy as np

from striate import layers
from striate.images import Preprocessing
from striate.models import Input, Sequential

NAMES = ("ant", "bee", "<b>cat</b>", "dog")


def small(seed=3, channels=3, side=14):
    """Two convolutions around a maximum, and four classes; it reads raw pictures."""
    model = Sequential(
        [
            Input((side, side, channels)),
            layers.Conv2D(8, 3, activation="relu", name="a"),
            layers.MaxPooling2D(2, name="pool"),
            layers.Conv2D(6, 3, padding="same", activation="relu", name="b"),
            layers.Flatten(name="flat"),
            layers.Dense(4, activation="softmax", name="answer"),
        ],
        name="small",
        seed=seed,
    )
    rng = np.random.default_rng(seed)
    weights = [w + rng.normal(0, 0.05, w.shape).astype(np.float32) for w in model.get_weights()]
    model.set_weights(weights)
    model.preprocessing = Preprocessing(size=(side, side), channels=channels, mean=0.5, std=0.25)
    model.class_names = NAMES
    return model


def weight(model, path, name="kernel"):
    """A weight in float64."""
    return np.asarray(model.variables["params"][path][name], np.float64)


def scaled(raw):
    """Raw pictures as the network reads them, in float64."""
    return (np.asarray(raw, np.float64) / 255 - 0.5) / 0.25


def pictures(count, side=14, channels=3, rng=None):
    """(count, side, side, channels) uint8 at random."""
    rng = np.random.default_rng() if rng is None else rng
    return rng.integers(0, 256, (count, side, side, channels), np.uint8)

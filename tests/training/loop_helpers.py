"""Small data and models for the tests of the loop; equal models share programs, so few things compile."""

import hashlib

import numpy as np

import striate as st
from striate import layers


def pictures(count=44, seed=0, shape=(4, 4, 1), classes=3):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, *shape)).astype(np.float32), rng.integers(0, classes, count)


def full_model(seed=1, **compile_arguments):
    """Convolution, running statistics, dropout and a regularizer: all that could go wrong in a resume."""
    model = st.Sequential(
        [
            st.Input((4, 4, 1)),
            layers.Conv2D(2, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(3, activation="softmax", kernel_regularizer=st.regularizers.L2(0.01)),
        ],
        seed=seed,
    )
    settings = {"optimizer": "adam", "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}
    model.compile(**(settings | compile_arguments))
    return model


def linear_model(optimizer="sgd", loss="mse", seed=1, units=1, **compile_arguments):
    """One layer, whose training a person can do by hand."""
    model = st.Sequential([st.Input((3,)), layers.Dense(units)], seed=seed)
    model.compile(optimizer, loss, **compile_arguments)
    return model


def fingerprint(model):
    """A hash of all weights."""
    digest = hashlib.sha256()
    for array in model.get_weights():
        digest.update(array.tobytes())
    return digest.hexdigest()

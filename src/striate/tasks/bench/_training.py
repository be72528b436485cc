"""Training steps, measured through `fit` itself."""

from __future__ import annotations

import numpy as np

from striate.images import Preprocessing
from striate.layers._base import Shape
from striate.models import Model
from striate.network import Network
from striate.tasks.bench._records import Record, record, training_gflop
from striate.tasks.bench._settings import Settings
from striate.tasks.bench._timing import StepClock
from striate.training.optimizers import Optimizer


def time_steps(
    work: str,
    network: Network,
    optimizer: str | Optimizer,
    x: np.ndarray,
    y: np.ndarray,
    batch: int,
    settings: Settings,
) -> Record:
    """Milliseconds of a step of `model.fit`: forward, backward, update, next batch, and a look at the loss.

    Args:
        work: its name. network: that gives probabilities. optimizer: how it is trained.
        x: (N, H, W, C) uint8 pictures, a whole number of batches; an epoch of them is a sample.
        y: (N,) classes. batch: examples in a step. settings: precision and samples.
    """
    model = picture_model(network)
    model.compile(optimizer, "sparse_categorical_crossentropy", precision=settings.precision)
    clock = StepClock()
    epochs = 1 + settings.samples(5)
    model.fit(x, y, batch_size=batch, epochs=epochs, verbose=0, callbacks=[clock], seed=0)
    shape, steps = [batch, *x.shape[1:]], len(x) // batch
    gflop = training_gflop(network, batch)
    return record(work, clock.samples, settings, gflop, shape=shape, batch=batch, steps=steps)


def picture_model(network: Network) -> Model:
    """A model that takes raw uint8 pictures."""
    height, width, channels = picture_shape(network)
    return Model.from_network(network, preprocessing=Preprocessing((height, width), channels), seed=0)


def noise(network: Network, examples: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of noise, (N, H, W, C) uint8, and classes at random, (N,)."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (examples, *picture_shape(network)), np.uint8)
    classes = network.rows()[-1].output_shape
    assert classes is not None
    return x, rng.integers(0, classes[-1], examples)


def picture_shape(network: Network) -> Shape:
    """(H, W, C) of the only input."""
    shape = network.inputs[0].shape
    assert shape is not None
    return shape

"""The training step of the MNIST network, on MNIST."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from striate.applications import mnist_convnet
from striate.datasets import mnist
from striate.network import Network
from striate.tasks.bench._records import Record
from striate.tasks.bench._settings import Settings
from striate.tasks.bench._training import time_steps


def measure(settings: Settings, network: Network | None = None) -> Iterator[Record]:
    """Steps of RMSprop on digits, 256 of them unless told otherwise.

    Args:
        settings: how. network: another one in its place.
    """
    (batch,) = settings.batches(256)
    x, y = _digits(batch * (20 if settings.quick else 60), batch)
    network = network or mnist_convnet().network
    yield time_steps("mnist-step", network, "rmsprop", x, y, batch, settings)


def _digits(wanted: int, batch: int) -> tuple[np.ndarray, np.ndarray]:
    """The first digits, whole batches of them, (N, 28, 28, 1) uint8 and (N,); the others are let go."""
    (x, y), _ = mnist.load_data()
    count = min(wanted, len(x) // batch * batch)
    return x[:count, ..., None].copy(), y[:count].copy()

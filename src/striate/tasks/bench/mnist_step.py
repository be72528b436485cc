"""The training step of the MNIST network, on MNIST."""

from __future__ import annotations

from collections.abc import Iterator

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
    (x, y), _ = mnist.load_data()
    (batch,) = settings.batches(256)
    examples = batch * min(20 if settings.quick else 60, len(x) // batch)
    network = network or mnist_convnet().network
    yield time_steps("mnist-step", network, "rmsprop", x[:examples, ..., None], y[:examples], batch, settings)

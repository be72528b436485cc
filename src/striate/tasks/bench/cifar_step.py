"""The training step of the CIFAR-10 network; noise stands for the photographs, which take the same time."""

from __future__ import annotations

from collections.abc import Iterator

from striate.applications import cifar10_convnet
from striate.network import Network
from striate.tasks.bench._records import Record
from striate.tasks.bench._settings import Settings
from striate.tasks.bench._training import noise, time_steps


def measure(settings: Settings, network: Network | None = None) -> Iterator[Record]:
    """Steps of RMSprop, dropout included, on 128 pictures unless told otherwise.

    Args:
        settings: how. network: another one in its place.
    """
    (batch,), network = settings.batches(128), network or cifar10_convnet().network
    x, y = noise(network, batch * (8 if settings.quick else 30))
    yield time_steps("cifar-step", network, "rmsprop", x, y, batch, settings)

"""The training step of ResNet-50."""

from __future__ import annotations

from collections.abc import Iterator

from striate.applications import resnet50
from striate.network import Network
from striate.tasks.bench._records import Record
from striate.tasks.bench._settings import Settings
from striate.tasks.bench._training import noise, time_steps
from striate.training.optimizers import SGD


def measure(settings: Settings, network: Network | None = None) -> Iterator[Record]:
    """Steps of SGD with momentum on 8 pictures of noise, 224x224, unless told otherwise.

    Args:
        settings: how. network: another one in its place.
    """
    network = network or resnet50().network
    (batch,) = settings.batches(8)
    x, y = noise(network, batch * (2 if settings.quick else 6))
    yield time_steps("resnet50-train", network, SGD(0.01, momentum=0.9), x, y, batch, settings)

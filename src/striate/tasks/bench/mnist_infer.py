"""Answers of the MNIST network."""

from __future__ import annotations

from collections.abc import Iterator

from striate.applications import mnist_convnet
from striate.network import Network
from striate.tasks.bench._inference import time_answers
from striate.tasks.bench._records import Record
from striate.tasks.bench._settings import Settings


def measure(settings: Settings, network: Network | None = None) -> Iterator[Record]:
    """One picture and 256 at once.

    Args:
        settings: how. network: another one in its place.
    """
    yield from time_answers(
        "mnist-infer", network or mnist_convnet().network, settings.batches(1, 256), settings
    )

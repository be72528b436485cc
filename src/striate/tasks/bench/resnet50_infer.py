"""Answers of ResNet-50."""

from __future__ import annotations

from collections.abc import Iterator

from striate.applications import resnet50
from striate.network import Network
from striate.tasks.bench._inference import time_answers
from striate.tasks.bench._records import Record
from striate.tasks.bench._settings import Settings


def measure(settings: Settings, network: Network | None = None) -> Iterator[Record]:
    """One picture of 224x224 and 8 at once.

    Args:
        settings: how. network: another one in its place.
    """
    yield from time_answers("resnet50-infer", network or resnet50().network, settings.batches(1, 8), settings)

"""The works that can be measured, by name."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping

from striate.errors import ArgumentError, Problem
from striate.tasks.bench import (
    cifar_step,
    convs,
    mnist_99,
    mnist_infer,
    mnist_step,
    peak,
    resnet50_infer,
    resnet50_train,
)
from striate.tasks.bench._records import Record
from striate.tasks.bench._settings import Settings

WORKS: Mapping[str, Callable[[Settings], Iterator[Record]]] = {
    "mnist-step": mnist_step.measure,
    "cifar-step": cifar_step.measure,
    "resnet50-train": resnet50_train.measure,
    "resnet50-infer": resnet50_infer.measure,
    "mnist-infer": mnist_infer.measure,
    "convs": convs.measure,
    "mnist-99": mnist_99.measure,
    "peak": peak.measure,
}


def measure(work: str, settings: Settings) -> Iterator[Record]:
    """Measure a work; records come as they are ready.

    Args:
        work: one of `WORKS`. settings: precision, batch, samples.

    Raises:
        ArgumentError: there is no such work, or it cannot be measured like this.
    """
    if work not in WORKS:
        near = difflib.get_close_matches(work, WORKS, 1)
        cure = f"Did you mean {near[0]}?" if near else "Choose one of them."
        raise ArgumentError(Problem("WORK", f"there is no {work!r}", f"one of {', '.join(WORKS)}", cure))
    return WORKS[work](settings)

"""Answers, measured through `predict_on_batch`: from an array on the host to an array on the host."""

from __future__ import annotations

from collections.abc import Iterator

from striate.network import Network
from striate.tasks.bench._records import Record, inference_gflop, record
from striate.tasks.bench._settings import Settings
from striate.tasks.bench._timing import time_calls
from striate.tasks.bench._training import noise, picture_model


def time_answers(
    work: str, network: Network, batches: tuple[int, ...], settings: Settings
) -> Iterator[Record]:
    """Milliseconds of `model.predict_on_batch`, a record for each batch.

    Args:
        work: its name. network: that answers. batches: examples in a call. settings: precision and samples.
    """
    model = picture_model(network)
    model.compile("sgd", "sparse_categorical_crossentropy", precision=settings.precision)
    for batch in batches:
        x, _ = noise(network, batch)
        samples = time_calls(
            lambda x=x: model.predict_on_batch(x), settings.samples(7), 0.1 if settings.quick else 0.5
        )
        shape, gflop = [batch, *x.shape[1:]], inference_gflop(network, batch)
        yield record(work, samples, settings, gflop, shape=shape, batch=batch)

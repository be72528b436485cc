"""The machine's own limit: a large matrix product."""

from __future__ import annotations

from collections.abc import Iterator

import jax
import jax.numpy as jnp

from striate import ops
from striate.tasks.bench._records import Record, record
from striate.tasks.bench._settings import Settings
from striate.tasks.bench._timing import time_calls


def measure(settings: Settings) -> Iterator[Record]:
    """The product of two square matrices of 4096 rows, with `quick` 2048; `batch` gives other sizes."""
    (size,) = settings.batches(2048 if settings.quick else 4096)
    one, other = jnp.full((2, size, size), 0.5)

    def multiply(a: jax.Array, b: jax.Array) -> jax.Array:
        with ops.products_of(settings.precision):
            return ops.dense(a, b)

    product = jax.jit(multiply)
    samples = time_calls(lambda: product(one, other), settings.samples(7), 0.2)
    yield record("peak", samples, settings, 2e-9 * size**3, shape=[size, size])

"""Single convolutions: forward, the gradient of the kernel (dW) and that of the image (dx)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax

from striate import ops
from striate.tasks.bench._records import Record, record
from striate.tasks.bench._settings import Settings
from striate.tasks.bench._timing import time_calls

SHAPES = (
    (32, 32, 64, 64, 3, 1),
    (32, 16, 128, 128, 3, 1),
    (8, 56, 64, 64, 3, 1),
    (8, 56, 64, 256, 1, 1),
    (8, 28, 128, 128, 3, 1),
    (8, 28, 128, 128, 3, 2),
    (8, 14, 256, 256, 3, 1),
    (8, 7, 512, 512, 3, 1),
    (8, 224, 3, 64, 7, 2),
    (4, 224, 64, 64, 3, 1),
    (256, 28, 1, 32, 3, 1),
)
"""(images, side, channels, filters, kernel, strides); the padding is kernel // 2 on every side."""


def measure(settings: Settings, shapes: Sequence[tuple[int, ...]] = SHAPES) -> Iterator[Record]:
    """Three records for each shape.

    Args:
        settings: how. shapes: others in place of the 11.
    """
    settings.without_batch("convs")
    for shape in shapes:
        gflop = _gflop(*shape)
        for name, call in _passes(shape, settings.precision).items():
            samples = time_calls(call, settings.samples(7), 0.02 if settings.quick else 0.15)
            yield record("convs", samples, settings, gflop, shape=list(shape), **{"pass": name})


def _passes(shape: tuple[int, ...], precision: str) -> dict[str, Callable[[], Any]]:
    """The three calls, compiled when they are first made."""
    images, side, channels, filters, size, strides = shape
    keys = jax.random.split(jax.random.key(0), 3)
    x = jax.random.normal(keys[0], (images, side, side, channels))
    kernel = jax.random.normal(keys[1], (size, size, channels, filters)) / (size * size * channels)

    def conv(x: jax.Array, kernel: jax.Array) -> jax.Array:
        with ops.products_of(precision):
            return ops.conv2d(x, kernel, strides=strides, padding=size // 2)

    forward = jax.jit(conv)
    incoming = jax.random.normal(keys[2], forward(x, kernel).shape)
    by_kernel = jax.jit(lambda x, kernel, dy: jax.vjp(lambda k: conv(x, k), kernel)[1](dy)[0])
    by_image = jax.jit(lambda x, kernel, dy: jax.vjp(lambda x: conv(x, kernel), x)[1](dy)[0])
    x, kernel, incoming = jax.block_until_ready((x, kernel, incoming))
    return {
        "forward": lambda: forward(x, kernel),
        "dW": lambda: by_kernel(x, kernel, incoming),
        "dx": lambda: by_image(x, kernel, incoming),
    }


def _gflop(images: int, side: int, channels: int, filters: int, size: int, strides: int) -> float:
    """Of each of the three; products with the padding are counted."""
    placed = (side + 2 * (size // 2) - size) // strides + 1
    return 2e-9 * images * placed**2 * size**2 * channels * filters

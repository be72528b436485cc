"""What a picture is compared with where a part of it is taken away."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from striate.errors import ArgumentError, Problem, ShapeError
from striate.explain._reading import Reading

Baseline = float | str | np.ndarray | jax.Array
"""A number for every pixel, "mean", "blur", or a picture."""

BLUR = 0.1
"""The width of the blur as a part of the picture's side."""


def baseline_for(reading: Reading, baseline: Baseline) -> jax.Array:
    """The pictures to compare with, in the network's own scale.

    Args:
        reading: a model with pictures in it.
        baseline: a number (0 is black where pixels are only divided, the mean colour where they are
            normalized), "mean" for each picture's mean of each channel, "blur" for the picture without its
            details, or an array that fits the pictures.

    Returns:
        (N, H, W, C) float32.

    Raises:
        ArgumentError: another word. ShapeError: a picture of another size.
    """
    x = reading.x
    if isinstance(baseline, str):
        if baseline not in ("mean", "blur"):
            cure = 'Write for instance baseline="mean", or 0.'
            raise ArgumentError(
                Problem("baseline", f"got {baseline!r}", 'a number, "mean", "blur" or a picture', cure)
            )
        return blurred(x) if baseline == "blur" else jnp.broadcast_to(x.mean((1, 2), keepdims=True), x.shape)
    array = jnp.asarray(baseline, jnp.float32)
    if array.ndim and array.shape not in (x.shape, x.shape[1:]):
        cure = "Give a number, or a picture of the same size in the network's own scale."
        raise ShapeError(Problem("baseline", f"it has shape {array.shape}", f"shape {x.shape[1:]}", cure))
    return jnp.broadcast_to(jnp.expand_dims(array, range(x.ndim - array.ndim)), x.shape)


def blurred(x: jax.Array) -> jax.Array:
    """(N, H, W, C) pictures without details: a Gaussian along each axis, edges repeated."""
    for axis in (1, 2):
        size = x.shape[axis]
        places = jnp.arange(size, dtype=jnp.float32)
        weights = jnp.exp(-0.5 * ((places[:, None] - places[None]) / (BLUR * size)) ** 2)
        weights = weights / weights.sum(1, keepdims=True)
        x = jnp.moveaxis(jnp.tensordot(x, weights, ((axis,), (1,))), -1, axis)
    return x


def need_pictures(reading: Reading, method: str) -> None:
    """Refuse inputs that are no pictures.

    Raises:
        ShapeError: the first input is not (H, W, C).
    """
    if reading.x.ndim != 4:
        happened = f"the first input has shape {reading.x.shape[1:]}"
        cure = "Choose a method of gradients, which take any shape."
        raise ShapeError(Problem(method, happened, "pictures (H, W, C)", cure))

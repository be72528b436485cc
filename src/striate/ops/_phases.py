"""Interleaving: how values that belong to every s-th pixel become an image, without a scatter or a zero."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax import lax


def phase_count(sizes: tuple[int, int], starts: tuple[int, int], strides: tuple[int, int]) -> tuple[int, int]:
    """How many pixels of each phase cover the image and the padding before it.

    >>> phase_count((7, 8), (1, 0), (2, 2))
    (4, 4)
    """
    return -(-(sizes[0] + starts[0]) // strides[0]), -(-(sizes[1] + starts[1]) // strides[1])


def interleave(
    phases: Sequence[jax.Array], strides: tuple[int, int], starts: tuple[int, int], sizes: tuple[int, int]
) -> jax.Array:
    """Pixel (s m + r, s l + q) of the result is pixel (m, l) of phase (r, q); then the padding is cut off.

    Args:
        phases: (N, M, L, C) arrays in reading order of (r, q), as many as strides[0] * strides[1].
        strides: how many phases each axis has.
        starts: where the image begins behind the padding.
        sizes: the image's height and width.

    Returns:
        (N, H, W, C).
    """
    examples, rows, columns, channels = phases[0].shape
    down, across = strides
    if down == across == 1:
        whole = phases[0]
    else:
        lines = [jnp.stack(phases[r * across : (r + 1) * across], axis=3) for r in range(down)]
        whole = jnp.stack(lines, axis=2).reshape(examples, rows * down, columns * across, channels)
    (top, left), (height, width) = starts, sizes
    return lax.slice(whole, (0, top, left, 0), (examples, top + height, left + width, channels))

"""Pictures moved on the device: mirrored, shifted, turned and scaled, each of a batch in its own way."""

from __future__ import annotations

import jax
import jax.numpy as jnp


def mirror(x: jax.Array, rows: jax.Array, columns: jax.Array) -> jax.Array:
    """Turn pictures upside down, left to right, or both.

    Args:
        x: (N, H, W, C). rows: (N,) bool, which to turn upside down. columns: (N,) bool, which left to right.

    >>> import numpy as np
    >>> mirror(jnp.arange(3.0).reshape(1, 1, 3, 1), np.array([False]), np.array([True])).ravel().tolist()
    [2.0, 1.0, 0.0]
    """
    x = jnp.where(rows[:, None, None, None], x[:, ::-1], x)
    return jnp.where(columns[:, None, None, None], x[:, :, ::-1], x)


def shift(x: jax.Array, offsets: jax.Array, most: tuple[int, int]) -> jax.Array:
    """Move pictures by whole pixels; what comes in from outside is the picture mirrored at its edge.

    Args:
        x: (N, H, W, C). offsets: (N, 2) int32, down and right. most: the largest offsets that can occur.

    >>> shift(jnp.arange(4.0).reshape(1, 1, 4, 1), jnp.array([[0, 1]]), (0, 2)).ravel().tolist()
    [1.0, 0.0, 1.0, 2.0]
    """
    down, right = most
    padded = jnp.pad(x, ((0, 0), (down, down), (right, right), (0, 0)), mode="reflect")
    starts = jnp.asarray(most, jnp.int32)[None] - offsets.astype(jnp.int32)

    def cut(picture: jax.Array, start: jax.Array) -> jax.Array:
        return jax.lax.dynamic_slice(picture, (start[0], start[1], 0), x.shape[1:])

    return jax.vmap(cut)(padded, starts)


def resample(x: jax.Array, angles: jax.Array, factors: jax.Array, offsets: jax.Array) -> jax.Array:
    """Turn, scale and shift pictures about their middle, with bilinear interpolation.

        y[p] = x[c + R(-angle) (p - c - offset) / factor]

    Args:
        x: (N, H, W, C). angles: (N,) in radians, counterclockwise as one looks at the picture.
        factors: (N, 2), above 1 makes things taller and wider. offsets: (N, 2) in pixels, down and right.

    Returns:
        (N, H, W, C) float32. Beyond its edge a picture goes on mirrored.

    >>> x = jnp.arange(9.0).reshape(1, 3, 3, 1)
    >>> turned = resample(x, jnp.array([jnp.pi / 2]), jnp.ones((1, 2)), jnp.zeros((1, 2)))
    >>> turned.round().astype(int).reshape(3, 3).tolist()
    [[2, 5, 8], [1, 4, 7], [0, 3, 6]]
    """
    _, height, width, _ = x.shape
    middle = jnp.array([(height - 1) / 2, (width - 1) / 2], jnp.float32)
    rows, columns = jnp.meshgrid(jnp.arange(height), jnp.arange(width), indexing="ij")
    places = jnp.stack([rows, columns], -1).astype(jnp.float32) - middle[None, None]

    def one(picture: jax.Array, angle: jax.Array, factor: jax.Array, offset: jax.Array) -> jax.Array:
        cosine, sine = jnp.cos(angle), jnp.sin(angle)
        turn = jnp.stack([jnp.stack([cosine, sine]), jnp.stack([-sine, cosine])])
        sources = jnp.einsum("hwa,ba->hwb", places - offset[None, None], turn) / factor[None, None]
        return _bilinear(picture, sources + middle[None, None])

    return jax.vmap(one)(x.astype(jnp.float32), angles, factors, offsets)


def _bilinear(picture: jax.Array, places: jax.Array) -> jax.Array:
    """The picture's values between its pixels, (H, W, C), at (H, W, 2) places."""
    low = jnp.floor(places)
    share = places - low
    corner = low.astype(jnp.int32)
    total = jnp.zeros(picture.shape, jnp.float32)
    for down in (0, 1):
        for right in (0, 1):
            row = _mirrored(corner[..., 0] + down, picture.shape[0])
            column = _mirrored(corner[..., 1] + right, picture.shape[1])
            vertical = share[..., 0] if down else 1 - share[..., 0]
            horizontal = share[..., 1] if right else 1 - share[..., 1]
            total = total + (vertical * horizontal)[..., None] * picture[row, column]
    return total


def _mirrored(index: jax.Array, size: int) -> jax.Array:
    """An index that runs back and forth between 0 and size - 1."""
    period = max(2 * (size - 1), 1)
    place = jnp.mod(index, period)
    return jnp.minimum(place, period - place) if size > 1 else jnp.zeros_like(index)

"""Pictures recoloured on the device: brightness, contrast, saturation, hue, for each of a batch its own."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

_LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)
_TO_YIQ = np.array([_LUMINANCE, [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]], np.float32)
_FROM_YIQ = np.linalg.inv(_TO_YIQ.astype(np.float64)).astype(np.float32)


def brighten(x: jax.Array, amounts: jax.Array) -> jax.Array:
    """Add light: x + amount.

    Args:
        x: (N, H, W, C) in 0..255. amounts: (N,) in the same unit; below 0 darkens.
    """
    return x + amounts[:, None, None, None]


def contrast(x: jax.Array, factors: jax.Array) -> jax.Array:
    """Spread a picture's numbers about their mean brightness m: m + factor (x - m).

    Args:
        x: (N, H, W, C). factors: (N,), 1 changes nothing.
    """
    mean = luminance(x).mean(axis=(1, 2, 3), keepdims=True)
    return mean + factors[:, None, None, None] * (x - mean)


def saturate(x: jax.Array, factors: jax.Array) -> jax.Array:
    """Spread each pixel's colours about its own grey g: g + factor (x - g); grey pictures stay as they are.

    Args:
        x: (N, H, W, C). factors: (N,); 0 leaves only grey, 1 changes nothing.
    """
    if x.shape[-1] != 3:
        return x
    grey = luminance(x)
    return grey + factors[:, None, None, None] * (x - grey)


def turn_hue(x: jax.Array, angles: jax.Array) -> jax.Array:
    """Turn colours about the grey axis (in YIQ, the colour space of old television); grey stays grey.

    Args:
        x: (N, H, W, C). angles: (N,) in radians; a full turn changes nothing.
    """
    if x.shape[-1] != 3:
        return x
    cosine, sine = jnp.cos(angles), jnp.sin(angles)
    zero, one = jnp.zeros_like(cosine), jnp.ones_like(cosine)
    rows = [[one, zero, zero], [zero, cosine, -sine], [zero, sine, cosine]]
    turn = jnp.stack([jnp.stack(row, -1) for row in rows], -2)
    whole = jnp.einsum("ab,nbc,cd->nad", _FROM_YIQ, turn, _TO_YIQ)
    return jnp.einsum("nad,nhwd->nhwa", whole, x)


def luminance(x: jax.Array) -> jax.Array:
    """(N, H, W, 1): the grey of each pixel, 0.299 R + 0.587 G + 0.114 B (ITU-R 601)."""
    return x if x.shape[-1] != 3 else (x * _LUMINANCE.reshape(1, 1, 1, 3)).sum(-1, keepdims=True)

"""Pictures as spectra: a step that is equally long for every frequency makes pictures, not noise."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from striate.layers._base import Shape

FAINT = 0.01
"""The standard deviation of the coefficients that a picture starts with."""


def frequencies(size: tuple[int, int]) -> np.ndarray:
    """(H, W // 2 + 1) cycles a pixel of each coefficient of a real picture's spectrum.

    >>> frequencies((4, 4)).round(2).tolist()[1]
    [0.25, 0.35, 0.56]
    """
    height, width = size
    return np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])


def strengths(size: tuple[int, int], decay: float = 1.0) -> np.ndarray:
    """What each coefficient is multiplied by: 1 / frequency^decay, as the spectra of photographs fall.

    Args:
        size: (H, W). decay: 0 for none.

    Returns:
        (H, W // 2 + 1) float32; the mean of the picture counts like its lowest frequency.
    """
    lowest = 1 / max(size)
    return (1 / np.maximum(frequencies(size), lowest) ** decay).astype(np.float32)


def draw(key: jax.Array, count: int, shape: Shape) -> jax.Array:
    """(2, N, H, W // 2 + 1, C) real and imaginary parts of faint random spectra.

    Args:
        key: a JAX key. count: how many. shape: (H, W, C) of the pictures.
    """
    height, width, channels = shape
    return FAINT * jax.random.normal(key, (2, count, height, width // 2 + 1, channels), jnp.float32)


def to_pictures(spectra: jax.Array, size: tuple[int, int], decay: float = 1.0) -> jax.Array:
    """(2, N, H, W // 2 + 1, C) coefficients as (N, H, W, C) pictures.

        x = irfft2(strengths * coefficients) * sqrt(H W) / 4

    The root keeps the contrast of a picture the same for every size.
    """
    height, width = size
    scaled = spectra * jnp.asarray(strengths(size, decay))[None, None, :, :, None]
    pictures = jnp.fft.irfft2(jax.lax.complex(scaled[0], scaled[1]), s=size, axes=(1, 2))
    return pictures * np.float32((height * width) ** 0.5 / 4)


def to_spectra(pictures: np.ndarray, decay: float = 1.0) -> np.ndarray:
    """The coefficients of pictures: `to_pictures` gives them back.

    Args:
        pictures: (N, H, W, C). decay: as for `to_pictures`.
    """
    height, width = pictures.shape[1:3]
    unscaled = np.fft.rfft2(np.asarray(pictures, np.float64), axes=(1, 2))
    scale = strengths((height, width), decay)[None, :, :, None] * ((height * width) ** 0.5 / 4)
    return np.stack([(unscaled / scale).real, (unscaled / scale).imag]).astype(np.float32)

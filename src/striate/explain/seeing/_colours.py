"""Decorrelated colours: one step changes brightness more than hue, as colours in photographs go together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from striate.errors import ArgumentError, Problem

IMAGENET = np.array([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]], np.float32)
"""A root of the colour covariance of ImageNet; the columns are brightness, orange-blue and green-magenta.

Olah, Mordvintsev and Schubert, Feature visualization, 2017, the appendix on preconditioning.
"""
MARGIN = 0.01
"""Black and white lie at infinity of the sigmoid; pictures that are taken over stay this far from them."""


def colour_basis(colours: Any, channels: int) -> np.ndarray:
    """The matrix that turns decorrelated colours into ordinary ones, its longest column having the length 1.

    Args:
        colours: "imagenet", "plain" for none, or (N, H, W, channels) pictures whose covariance counts.
        channels: 1 or 3.

    Raises:
        ArgumentError: neither.
    """
    if channels == 1 or (isinstance(colours, str) and colours == "plain"):
        return np.eye(channels, dtype=np.float32)
    root = IMAGENET if isinstance(colours, str) and colours == "imagenet" else _root(colours, channels)
    return (root / np.linalg.norm(root, axis=0).max()).astype(np.float32)


def covariance_root(pictures: np.ndarray) -> np.ndarray:
    """(C, C) R with R R^T = the covariance of the colours, its columns in falling order of length.

    Args:
        pictures: (..., C).
    """
    pixels = np.asarray(pictures, np.float64).reshape(-1, pictures.shape[-1])
    values, vectors = np.linalg.eigh(np.cov(pixels, rowvar=False))
    return (vectors * np.sqrt(np.maximum(values, 0)))[:, ::-1]


def to_colours(plain: jax.Array, basis: jax.Array) -> jax.Array:
    """(..., C) decorrelated numbers without bounds as colours from 0 to 1."""
    return jax.nn.sigmoid(jnp.einsum("...c,dc->...d", plain, basis))


def from_colours(colours: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """The numbers that `to_colours` turns into these colours."""
    inside = np.clip(np.asarray(colours, np.float64), MARGIN, 1 - MARGIN)
    return np.linalg.solve(basis, np.log(inside / (1 - inside))[..., None])[..., 0].astype(np.float32)


def _root(colours: Any, channels: int) -> np.ndarray:
    pictures = None if isinstance(colours, str) or not isinstance(colours, Iterable) else np.asarray(colours)
    if (
        pictures is None
        or pictures.ndim < 2
        or pictures.shape[-1] != channels
        or pictures.size < 4 * channels
    ):
        happened = f"got {colours!r}" if pictures is None else f"its shape is {pictures.shape}"
        cure = "Give some pictures of your data set, (N, H, W, C)."
        raise ArgumentError(Problem("colours", happened, "'imagenet', 'plain' or pictures", cure))
    return covariance_root(pictures)

"""Colours between black and white on one side, what a network reads on the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from PIL import Image

from striate.errors import ArgumentError, DataError, Problem
from striate.images import Preprocessing
from striate.models import Model
from striate.training._scaling import has_scaling_layer


@dataclass(frozen=True)
class Pixels:
    """How colours from 0 (black) to 1 (white) become the numbers that a network reads.

    Args:
        name: of the network's input. shape: (H, W, C) of one picture.
        preprocessing: the model's, or None. low, high: otherwise what black and white are for the network.
    """

    name: str
    shape: tuple[int, int, int]
    preprocessing: Preprocessing | None
    low: float = 0.0
    high: float = 1.0

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) of one picture."""
        return self.shape[0], self.shape[1]

    def scaled(self, colours: jax.Array) -> jax.Array:
        """(N, H, W, C) from 0 to 1 as the network wants them."""
        if self.preprocessing is not None:
            return self.preprocessing.scale_pixels(255 * colours)
        return self.low + (self.high - self.low) * colours


def pixels_of(model: Model, span: tuple[float, float] | None = None) -> Pixels:
    """The pixels of a model that reads one picture.

    Args:
        model: the model.
        span: what black and white are for it. When it is not given, the model's preprocessing says so, or
            its first layer (0 to 255 when that scales), or it is taken to be 0 to 1.

    Raises:
        ArgumentError: the model does not read one grey or colour picture.
    """
    network = model.network
    shapes = [network.shapes[spec.name] for spec in network.inputs]
    if len(shapes) != 1 or len(shapes[0]) != 3 or shapes[0][-1] not in (1, 3):
        happened = f"it reads {' and '.join(map(str, shapes))}"
        cure = "Look at its layers with feature_maps or filters instead."
        raise ArgumentError(Problem(model.name, happened, "one picture, (H, W, 1) or (H, W, 3)", cure))
    name, (height, width, channels) = network.inputs[0].name, shapes[0]
    shape = (height, width, channels)
    if span is not None:
        return Pixels(name, shape, None, float(span[0]), float(span[1]))
    if model.preprocessing is not None:
        return Pixels(name, shape, model.preprocessing)
    return Pixels(name, shape, None, 0.0, 255.0 if has_scaling_layer(network) else 1.0)


def as_colours(image: Any, channels: int, where: str = "image") -> np.ndarray:
    """A picture as (H, W, channels) float32 from 0 to 1.

    Args:
        image: (H, W), (H, W, 1) or (H, W, 3), uint8 or floats from 0 to 1. channels: 1 or 3.

    Raises:
        DataError: it is no such picture.
    """
    pixels = np.asarray(image)
    pixels = pixels[0] if pixels.ndim == 4 and len(pixels) == 1 else pixels
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    floating = np.issubdtype(pixels.dtype, np.floating)
    if pixels.ndim != 3 or pixels.shape[-1] not in (1, 3) or not (floating or pixels.dtype == np.uint8):
        happened = f"it is an array of {pixels.dtype} with the shape {pixels.shape}"
        cure = "Read one with striate.images.read_image(path)."
        raise DataError(Problem(where, happened, "one picture, (H, W, 1 or 3), uint8 or from 0 to 1", cure))
    if floating and not (pixels.min() >= 0 and pixels.max() <= 1):
        happened = f"its numbers go from {pixels.min():.4g} to {pixels.max():.4g}"
        raise DataError(Problem(where, happened, "floats from 0 to 1", "Give it as uint8, or divide by 255."))
    colours = pixels.astype(np.float32) if floating else pixels.astype(np.float32) / 255
    if colours.shape[-1] == channels:
        return colours
    if channels == 1:
        return (colours @ np.array([0.299, 0.587, 0.114], np.float32))[..., None]
    return colours.repeat(3, -1)


def as_bytes(colours: np.ndarray) -> np.ndarray:
    """(..., C) from 0 to 1 as uint8."""
    return np.rint(255 * np.clip(np.asarray(colours, np.float64), 0, 1)).astype(np.uint8)


def fitted(colours: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A picture of floats resized to (H, W); a larger picture is averaged, not sampled."""
    if colours.shape[:2] == tuple(size):
        return colours
    height, width = size
    planes = [Image.fromarray(np.ascontiguousarray(colours[..., c])) for c in range(colours.shape[-1])]
    shrunk = [np.asarray(plane.resize((width, height), Image.Resampling.BICUBIC)) for plane in planes]
    return np.stack(shrunk, -1).astype(np.float32)

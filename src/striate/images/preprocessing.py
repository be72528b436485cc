"""From a picture of any size to the numbers a network was trained on; the recipe is saved with the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from striate.errors import ArgumentError, DataError, FormatError, Problem, ShapeError
from striate.images._recipe_rules import AnyFit, field_problems
from striate.images.fitting import fitted

if TYPE_CHECKING:
    import jax


@dataclass(frozen=True)
class Preprocessing:
    """How a picture becomes the input of a network, as plain data.

        y = (scale * x - mean) / std

    Two halves: `prepare` runs on the host (colour, size; uint8 stays uint8), `scale_pixels` runs on the
    device inside the compiled training program, so that a data set waits there at one byte a channel.

    Args:
        size: (H, W) in pixels to resize to, or None to leave the size alone.
        channels: 1 for grey, 3 for colour (red, green, blue).
        scale: what a pixel value 0..255 is multiplied by.
        mean: subtracted after scaling, so in the unit of scaled pixels; a number, or one for each channel.
        std: divided by after that; a number, or one for each channel.
        fit: what happens to the shape of the picture. "stretch" ignores it, "crop" keeps the largest middle
            part of the right shape, "pad" adds black borders. "centre" and "centre-bicubic" bring the
            shorter side to 8/7 of the size and cut the middle out, as networks are tested on ImageNet.

    Raises:
        ArgumentError: all fields that cannot be, at once.

    Keras leaves this to the training script; here a saved model brings it along. The convention of `mean` and
    `std` is torchvision's `Normalize` after `ToTensor`.

    >>> white = np.full((1, 28, 28, 1), 255, np.uint8)
    >>> Preprocessing(size=(28, 28), channels=1).scale_pixels(white).max().item()
    1.0
    """

    size: tuple[int, int] | None = None
    channels: int = 3
    scale: float = 1 / 255
    mean: tuple[float, ...] | float | None = None
    std: tuple[float, ...] | float | None = None
    fit: AnyFit = "stretch"

    def __post_init__(self) -> None:
        """Bring the fields to their one canonical form and refuse, all at once, what cannot be."""
        problems = field_problems(self)
        if problems:
            raise ArgumentError(problems)
        if self.size is not None:
            object.__setattr__(self, "size", (int(self.size[0]), int(self.size[1])))
        object.__setattr__(self, "scale", float(self.scale))
        object.__setattr__(self, "mean", _per_channel(self.mean, self.channels))
        object.__setattr__(self, "std", _per_channel(self.std, self.channels))

    def scale_pixels(self, x: jax.Array | np.ndarray) -> jax.Array:
        """Scale pixels on the device: y = (scale * x - mean) / std, in float32.

        Args:
            x: (..., H, W, C) of uint8, or of floats in 0..255. Without mean and std any shape will do.

        Returns:
            The same shape, float32.

        Raises:
            ShapeError: the last axis is not the channels that mean or std were given for.
        """
        import jax.numpy as jnp  # here, for the processes that only decode do without

        y = jnp.asarray(x).astype(jnp.float32) * jnp.float32(self.scale)
        if self.mean is not None:
            y = y - self._along_channels(self.mean, y.shape)
        if self.std is not None:
            y = y / self._along_channels(self.std, y.shape)
        return y

    def prepare(self, image: np.ndarray) -> np.ndarray:
        """Bring one picture to the colour and the size of the network; pixel values stay 0..255.

        Args:
            image: (H, W, C) uint8 with C = 1 or 3, as `read_image` gives it.

        Returns:
            (H', W', channels) uint8. Grey is 0.299 R + 0.587 G + 0.114 B (ITU-R 601); resizing is Pillow's
            bilinear filter, which averages over the covered area when it shrinks. (Keras' bilinear does not.)

        Raises:
            DataError: the array is not such a picture.
        """
        problem = _picture_problem(image)
        if problem is not None:
            raise DataError(problem)
        picture = Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image)
        return fitted(picture, self.size, self.channels, self.fit)

    def to_json(self) -> dict[str, Any]:
        """The fields as plain JSON values.

        >>> Preprocessing(size=(28, 28), channels=1, scale=0.5).to_json()
        {'size': [28, 28], 'channels': 1, 'scale': 0.5, 'mean': None, 'std': None, 'fit': 'stretch'}
        """
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}

    @classmethod
    def from_json(cls, values: Any, where: str = "preprocessing") -> Preprocessing:
        """Build it from plain JSON values, strictly: every field present, nothing else.

        Args:
            values: what `to_json` gave.
            where: what an error message calls the place these values came from.

        Raises:
            FormatError: missing or unknown fields, or values that cannot be, all at once.
        """
        if not isinstance(values, Mapping):
            raise FormatError(
                Problem(where, f"found {type(values).__name__}", "a JSON object", "Save the model again.")
            )
        names = [field.name for field in fields(cls)]
        missing = [name for name in names if name not in values]
        unknown = [str(name) for name in values if name not in names]
        if missing or unknown:
            happened = f"fields missing: {missing or 'none'}, fields unknown: {unknown or 'none'}"
            raise FormatError(
                Problem(where, happened, f"exactly the fields {names}", "Save the model again.")
            )
        try:
            return cls(**{name: _untupled(values[name]) for name in names})
        except ArgumentError as error:
            raise FormatError([_at(where, problem) for problem in error.problems]) from error

    def _along_channels(self, values: tuple[float, ...] | float, shape: tuple[int, ...]) -> jax.Array:
        """The numbers of the channels, shaped so that they meet the last axis."""
        if not shape or shape[-1] != self.channels:
            raise ShapeError(
                Problem(
                    "preprocessing",
                    f"the pictures have the shape {shape}",
                    f"{self.channels} channels on the last axis, for which mean and std were given",
                    "Put the channels last, or give mean and std for the channels you have.",
                )
            )
        import jax.numpy as jnp

        return jnp.asarray(values, jnp.float32).reshape((1,) * (len(shape) - 1) + (self.channels,))


def _picture_problem(image: Any) -> Problem | None:
    """What keeps this value from being one picture, or None."""
    found = f"{image.dtype} of shape {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
    is_pixels = isinstance(image, np.ndarray) and image.dtype == np.uint8 and image.ndim == 3
    if is_pixels and image.shape[2] in (1, 3) and 0 not in image.shape:
        return None
    return Problem(
        "image",
        f"found {found}",
        "a NumPy array of uint8 of shape (H, W, 1) or (H, W, 3)",
        "Read pictures with striate.images.read_image, or convert the array first.",
    )


def _per_channel(value: Any, channels: int) -> tuple[float, ...] | None:
    """One number for each channel."""
    if value is None:
        return None
    return tuple(float(v) for v in value) if isinstance(value, Sequence) else (float(value),) * channels


def _untupled(value: Any) -> Any:
    """A JSON list as a tuple."""
    return tuple(value) if isinstance(value, list) else value


def _at(where: str, problem: Problem) -> Problem:
    """The same problem, found in a file."""
    return Problem(f"{where}.{problem.where}", problem.happened, problem.expected, "Save the model again.")

"""Layers that are random while training and do nothing afterwards: dropout and noise."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import jax

from striate import ops
from striate.layers._base import Result, Shape
from striate.layers._pointwise import Pointwise, need_key
from striate.layers._rule_kinds import data_format, number, whole
from striate.layers._rules import Rule, as_sequence, as_whole, optional
from striate.layers._shapes import image, refuse, single

_RATE = number("Give the share that is dropped, such as 0.5.", minimum=0.0, maximum=1.0)
_SEED = optional(whole("Give a whole number such as 0, or leave it out.", minimum=0, maximum=2**32 - 1))


def _noise_shape(value: Any, axes: int) -> tuple[int | None, ...]:
    """Sizes, or None where the mask is as large as the input."""
    return tuple(None if entry is None else as_whole(entry, 1) for entry in as_sequence(value))


class _Random(Pointwise):
    """What the layers of this module share: they draw only while training, and then need a key."""

    RANDOM: ClassVar[bool] = True
    seed: int | None

    @abc.abstractmethod
    def changed(self, x: jax.Array, key: jax.Array) -> jax.Array:
        """What training makes of x."""

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, ...) -> (N, ...); the input itself unless `train`."""
        (x,) = inputs
        if not train:
            return Result(x)
        key = need_key(self, key)
        return Result(self.changed(x, key if self.seed is None else jax.random.fold_in(key, self.seed)))


@dataclass(frozen=True, repr=False)
class Dropout(_Random):
    """While training, sets each number to 0 with probability `rate` and divides the others by 1 - rate.

    Args:
        rate: the share that is dropped, from 0 to 1.
        noise_shape: the shape of the mask with its batch axis: 1 where an axis is dropped as a whole, None
            where it is as large as the input.
        seed: mixed into the key that `forward` gets; not needed, since the key already decides everything.

    >>> Dropout(0.5).output_shape((128,))
    (128,)

    Srivastava et al., Dropout, 2014.
    """

    KIND: ClassVar[str] = "dropout"
    RULES: ClassVar[Mapping[str, Rule]] = {
        "rate": _RATE,
        "noise_shape": optional(
            Rule(
                "shape",
                "a tuple of whole numbers and None",
                "Write for instance (None, 1, 1, None), which drops whole channels.",
                _noise_shape,
                (3, "1", (0, 1), (1.5,)),
            )
        ),
        "seed": _SEED,
    }

    rate: float
    noise_shape: Any = None
    seed: int | None = None

    def output_shape(self, *inputs: Shape) -> Shape:
        """The same shape."""
        shape, mask = single(self, inputs), self.noise_shape
        if mask is not None and not _covers(mask, shape):
            happened, expected = (
                f"noise_shape {mask} does not cover the input {shape}",
                "1, None or the size itself",
            )
            raise refuse(
                self, happened, expected + " for each axis", "Count the batch axis as the first one."
            )
        return shape

    def changed(self, x: jax.Array, key: jax.Array) -> jax.Array:
        """x with some numbers dropped."""
        return ops.dropout(x, self.rate, key, self.noise_shape)


def _covers(mask: tuple[int | None, ...], shape: Shape) -> bool:
    """Whether a mask can be spread over examples of this shape."""
    if len(mask) != len(shape) + 1:
        return False
    return all(entry in (None, 1, size) for entry, size in zip(mask[1:], shape, strict=True))


@dataclass(frozen=True, repr=False)
class SpatialDropout1D(_Random):
    """Dropout of whole channels of a row.

    >>> SpatialDropout1D(0.2).output_shape((10, 4))
    (10, 4)
    """

    KIND: ClassVar[str] = "dropout"
    AXES: ClassVar[int] = 1
    RULES: ClassVar[Mapping[str, Rule]] = {"rate": _RATE, "seed": _SEED}

    rate: float
    seed: int | None = None

    def output_shape(self, *inputs: Shape) -> Shape:
        """The same shape."""
        return image(self, inputs)

    def changed(self, x: jax.Array, key: jax.Array) -> jax.Array:
        """x with some channels dropped."""
        return ops.dropout(x, self.rate, key, (None, 1, None))


@dataclass(frozen=True, repr=False)
class SpatialDropout2D(_Random):
    """Dropout of whole channels, for pictures whose neighbouring pixels say much the same.

    Args:
        rate: the share of channels that is dropped, from 0 to 1.
        data_format: "channels_last" or None.
        seed: mixed into the key.

    >>> SpatialDropout2D(0.2).output_shape((7, 7, 16))
    (7, 7, 16)

    Tompson et al., Efficient object localization using convolutional networks, 2015.
    """

    KIND: ClassVar[str] = "dropout"
    RULES: ClassVar[Mapping[str, Rule]] = {"rate": _RATE, "data_format": data_format(), "seed": _SEED}

    rate: float
    data_format: str | None = "channels_last"
    seed: int | None = None

    def output_shape(self, *inputs: Shape) -> Shape:
        """The same shape."""
        return image(self, inputs)

    def changed(self, x: jax.Array, key: jax.Array) -> jax.Array:
        """x with some channels dropped."""
        return ops.dropout(x, self.rate, key, (None, 1, 1, None))


@dataclass(frozen=True, repr=False)
class GaussianNoise(_Random):
    """While training, adds normal noise of mean 0.

    Args:
        stddev: its standard deviation.
        seed: mixed into the key.

    >>> GaussianNoise(0.1).output_shape((28, 28, 1))
    (28, 28, 1)
    """

    KIND: ClassVar[str] = "noise"
    RULES: ClassVar[Mapping[str, Rule]] = {
        "stddev": number("Give a standard deviation such as 0.1.", minimum=0.0),
        "seed": _SEED,
    }

    stddev: float
    seed: int | None = None

    def changed(self, x: jax.Array, key: jax.Array) -> jax.Array:
        """x + stddev N(0, 1)."""
        return x + self.stddev * jax.random.normal(key, x.shape, x.dtype)

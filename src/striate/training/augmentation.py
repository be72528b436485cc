"""Pictures varied while training: new flips, shifts, turns and colours for every step, made on the device."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from striate.errors import ArgumentError, DataError, Problem
from striate.images.moving import mirror, resample, shift
from striate.images.recolouring import brighten, contrast, saturate, turn_hue
from striate.layers._rule_kinds import choice, number
from striate.layers._rules import Rule, check_fields
from striate.training._registry import Registry

FLIPS = ("none", "horizontal", "vertical", "both")
_SHARE = number("Give a share from 0 to 1, such as 0.1.", 0.0, 1.0)


class Mixture(NamedTuple):
    """How a batch was mixed with itself.

    Args:
        share: the part of each example that is its own, from 0.5 to 1. partner: (N,) whose the rest is.
    """

    share: jax.Array
    partner: jax.Array


@dataclass(frozen=True)
class Augmentation:
    """What may change in a picture without changing what it shows; 0 leaves a thing alone.

    Every amount is the largest one: each picture of each step gets its own, drawn evenly, and the same seed
    gives the same ones. A changed picture is a picture again: uint8 stays uint8.

    Args:
        flip: "none", "horizontal" (left to right), "vertical", or "both"; half of the pictures are flipped.
        shift: as a share of height and width. rotate: degrees, either way.
        scale: 0.2 is from 1 / 1.2 to 1.2 times the size. crop: the share of the sides that may be cut off and
            the rest enlarged, each side by itself (so the shape of things changes, too).
        brightness: as a share of the whole range. contrast, saturation: 0.2 is a factor from 0.8 to 1.2.
        hue: as a share of the colour wheel, either way.
        cutout: the side of a square of the picture's mean colour, as a share of the shorter side (DeVries and
            Taylor, 2017).
        mixup: α of Beta(α, α), by which pairs of examples are blended, targets too (Zhang et al., 2018).

    Raises:
        ArgumentError: all fields outside their rule, at once.

    >>> Augmentation(flip="horizontal", shift=0.1)
    Augmentation(flip='horizontal', shift=0.1, rotate=0.0, scale=0.0, crop=0.0, brightness=0.0, contrast=0.0,
        saturation=0.0, hue=0.0, cutout=0.0, mixup=0.0)
    """

    RULES: ClassVar[Mapping[str, Rule]] = {
        "flip": choice("Choose 'none' where mirror images mean something else.", *FLIPS),
        "shift": _SHARE,
        "rotate": number("Give degrees such as 15.", 0.0, 180.0),
        "scale": number("Give a number such as 0.2.", 0.0, 4.0),
        "crop": number("Give a share such as 0.3.", 0.0, 0.9),
        **dict.fromkeys(("brightness", "contrast", "saturation", "hue", "cutout"), _SHARE),
        "mixup": number("Give a small number such as 0.2.", 0.0, 10.0),
    }

    flip: str = "none"
    shift: float = 0.0
    rotate: float = 0.0
    scale: float = 0.0
    crop: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0
    cutout: float = 0.0
    mixup: float = 0.0

    def __post_init__(self) -> None:
        """Refuse, all at once, what its rule refuses."""
        check_fields(self)

    def change(self, x: jax.Array, key: jax.Array) -> jax.Array:
        """Pictures, each changed in its own way.

        Args:
            x: (N, H, W, C), uint8, or floats when no colours are to change. key: a JAX key.

        Returns:
            The same shape and type.

        Raises:
            DataError: no pictures, or colours of numbers that are not raw pixels.
        """
        self._check(x)
        keys = iter(jax.random.split(key, 12))
        y = self._coloured(self._moved(self._flipped(x, keys), keys), keys)
        y = self._cut(y, keys)
        if x.dtype == jnp.uint8 and y.dtype != jnp.uint8:
            return jnp.clip(jnp.round(y), 0, 255).astype(jnp.uint8)
        return y.astype(x.dtype)

    def mix(self, x: jax.Array, key: jax.Array) -> tuple[jax.Array, Mixture]:
        """Blend each example with another: share · x + (1 - share) · x[partner].

        Args:
            x: (N, ...). key: a JAX key.
        """
        draw, order = jax.random.split(key)
        share = jax.random.beta(draw, self.mixup, self.mixup)
        share = jnp.maximum(share, 1 - share)
        partner = jax.random.permutation(order, x.shape[0])
        blended = share * x.astype(jnp.float32) + (1 - share) * x[partner].astype(jnp.float32)
        mixed = jnp.round(blended).astype(x.dtype) if x.dtype == jnp.uint8 else blended.astype(x.dtype)
        return mixed, Mixture(share, partner)

    @property
    def recolours(self) -> bool:
        """Whether colours change."""
        return any((self.brightness, self.contrast, self.saturation, self.hue))

    def _flipped(self, x: jax.Array, keys: Any) -> jax.Array:
        rows, columns = (jax.random.bernoulli(next(keys), 0.5, (x.shape[0],)) for _ in range(2))
        if self.flip == "none":
            return x
        never = jnp.zeros_like(rows)
        return mirror(
            x, never if self.flip == "horizontal" else rows, never if self.flip == "vertical" else columns
        )

    def _moved(self, x: jax.Array, keys: Any) -> jax.Array:
        count, sides = x.shape[0], np.array(x.shape[1:3])
        drawn = [_even(next(keys), (count, width)) for width in (2, 1, 1, 2, 2)]
        most = np.minimum(np.round(self.shift * sides).astype(int), sides - 1)
        if not (self.rotate or self.scale or self.crop):
            steps = jnp.round(drawn[0] * (most + 0.499).astype(np.float32)[None]).astype(jnp.int32)
            return shift(x, steps, (int(most[0]), int(most[1]))) if self.shift else x
        kept = 1 - self.crop * (drawn[3] + 1) / 2
        factors = (1 + self.scale) ** drawn[2] / kept
        size = sides.astype(np.float32)[None]
        room = (factors - 1).clip(0) * size / 2 if self.crop else jnp.zeros_like(factors)
        offsets = drawn[0] * self.shift * size + drawn[4] * room
        return resample(x, drawn[1][:, 0] * np.float32(np.deg2rad(self.rotate)), factors, offsets)

    def _coloured(self, x: jax.Array, keys: Any) -> jax.Array:
        light, spread, colour, turn = (_even(next(keys), (x.shape[0],)) for _ in range(4))
        if not self.recolours:
            return x
        y = x.astype(jnp.float32)
        changes: list[tuple[float, Callable[[jax.Array, jax.Array], jax.Array], jax.Array]] = [
            (self.brightness, brighten, 255 * self.brightness * light),
            (self.contrast, contrast, 1 + self.contrast * spread),
            (self.saturation, saturate, 1 + self.saturation * colour),
            (self.hue, turn_hue, 2 * np.float32(np.pi) * self.hue * turn),
        ]
        for amount, function, values in changes:
            y = jnp.clip(function(y, values), 0, 255) if amount else y
        return y

    def _cut(self, x: jax.Array, keys: Any) -> jax.Array:
        middles = jax.random.uniform(next(keys), (x.shape[0], 2))
        if not self.cutout:
            return x
        _, height, width, _ = x.shape
        half = self.cutout * min(height, width) / 2
        inside = [
            jnp.abs(jnp.arange(side, dtype=jnp.float32)[None] + 0.5 - middles[:, axis, None] * side) < half
            for axis, side in enumerate((height, width))
        ]
        hole = (inside[0][:, :, None] & inside[1][:, None, :])[..., None]
        mean = x.astype(jnp.float32).mean(axis=(1, 2), keepdims=True)
        return jnp.where(hole, mean, x.astype(jnp.float32))

    def _check(self, x: jax.Array) -> None:
        if x.ndim != 4:
            happened, cure = f"the input has the shape {x.shape}", "Leave the augmentation out."
            raise DataError(Problem("augment", happened, "pictures (N, H, W, C)", cure))
        if self.recolours and x.dtype != jnp.uint8:
            happened = f"colours are to change and the input holds {x.dtype} numbers"
            cure = "Give raw uint8 pictures and let model.preprocessing or Rescaling scale them."
            raise DataError(Problem("augment", happened, "raw uint8 pictures", cure))


NONE = Augmentation()
LIGHT = Augmentation(flip="horizontal", shift=0.1)
STRONG = Augmentation("horizontal", 0.1, 10.0, 0.15, 0.25, 0.1, 0.2, 0.2, 0.02, cutout=0.25, mixup=0.2)
_REGISTRY = Registry("augment", "augmentation", (Augmentation,))
STRENGTHS = {"none": NONE, "light": LIGHT, "strong": STRONG}


def get(strength: Any) -> Augmentation | None:
    """An augmentation by its strength; None and "none" are no augmentation.

    Raises:
        ArgumentError: there is no such strength.

    >>> get("light").shift
    0.1
    """
    if strength is None or strength == "none" or strength == NONE:
        return None
    if isinstance(strength, Augmentation):
        return strength
    if isinstance(strength, str) and strength in STRENGTHS:
        return STRENGTHS[strength]
    if isinstance(strength, Mapping):
        return _REGISTRY.from_config(strength)
    expected = f"one of {', '.join(STRENGTHS)}, or an Augmentation"
    raise ArgumentError(Problem("augment", f"got {strength!r}", expected, "Choose one of them."))


def _even(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Numbers drawn evenly from -1 to 1."""
    return jax.random.uniform(key, shape, minval=-1.0, maxval=1.0)

"""Rules of layers that only move or scale numbers: the layer itself is asked where it puts them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import jax.numpy as jnp
import numpy as np

from striate.explain.addresses.rules.base import Ledger, Place, Site, joined, one, values_at
from striate.explain.addresses.rules.linear import Linear, Share
from striate.explain.addresses.terms import Block, block, constant
from striate.layers import Layer


@dataclass(frozen=True, eq=False)
class Moved(Linear):
    """Every number is one of the input's, or a zero of the margin.

    Args:
        layer: what moves them. shapes: of what it reads, without batch.
    """

    EQUATION: ClassVar[str] = "a number that was moved here"

    layer: Layer
    shapes: tuple[tuple[int, ...], ...]

    @cached_property
    def origins(self) -> np.ndarray:
        """For each output number which input number it is, counted from 1 through all inputs; 0 for none."""
        numbered, start = [], 1
        for shape in self.shapes:
            size = math.prod(shape)
            numbered.append(jnp.arange(start, start + size, dtype=jnp.int32).reshape(1, *shape))
            start += size
        return np.asarray(self.layer.forward({}, *numbered).output)[0]

    def seen(self, ledger: Ledger, site: Site, z: Place) -> tuple[Share, ...]:
        """The number that was moved here."""
        number = int(self.origins[z[1:]]) - 1
        for position, shape in enumerate(self.shapes):
            if 0 <= number < math.prod(shape):
                inside = tuple(map(int, np.unravel_index(number, shape)))
                return (Share(one((z[0], *inside)), (), position),)
            number -= math.prod(shape)
        return ()

    def seers(self, ledger: Ledger, site: Site, position: int, x: Place) -> Share:
        """All places it was moved to."""
        before = sum(math.prod(shape) for shape in self.shapes[:position])
        number = before + int(np.ravel_multi_index(x[1:], self.shapes[position])) + 1
        return Share(joined(x[0], np.argwhere(self.origins == number)))

    def notes(self, z: Place) -> tuple[str, ...]:
        """Zeros that come from nowhere."""
        return () if self.origins[z[1:]] else ("It is a zero of the padding.",)


@dataclass(frozen=True, eq=False)
class Scaled(Linear):
    """y = x scale + shift, with numbers that belong to the layer.

    Args:
        scale, shift: arrays with the axes of one example, of size 1 where a number serves all places.
        names: how scale and shift are written. text: the equation.
    """

    scale: np.ndarray
    shift: np.ndarray
    names: tuple[str, str]
    text: str

    def equation(self) -> str:
        """The layer's own."""
        return self.text

    def seen(self, ledger: Ledger, site: Site, z: Place) -> tuple[Share, ...]:
        """The same place."""
        return (self._share(z),)

    def seers(self, ledger: Ledger, site: Site, position: int, x: Place) -> Share:
        """The same place."""
        return self._share(x)

    def offset(self, ledger: Ledger, site: Site, z: Place) -> tuple[Block, ...]:
        """The shift, unless it is 0."""
        shift = self._at(self.shift, z)
        return (block(constant(shift, self.names[1])),) if shift else ()

    def _share(self, place: Place) -> Share:
        return Share(one(place), (constant(self._at(self.scale, place), self.names[0]),))

    @staticmethod
    def _at(numbers: np.ndarray, place: Place) -> float:
        where = tuple(0 if size == 1 else p for p, size in zip(place[1:], numbers.shape, strict=True))
        return float(numbers[where])


@dataclass(frozen=True, eq=False)
class Masked(Linear):
    """Dropout in training: y = x times its number in the mask, 0 or 1 / (1 - rate)."""

    EQUATION: ClassVar[str] = "the input times its number in the mask"

    def seen(self, ledger: Ledger, site: Site, z: Place) -> tuple[Share, ...]:
        """The same place."""
        return (Share(one(z), (values_at(ledger, site.reads[1], one(z)),)),)

    def seers(self, ledger: Ledger, site: Site, position: int, x: Place) -> Share:
        """The same place."""
        return Share(one(x), (values_at(ledger, site.reads[1], one(x)),))

"""Layers that add or cut margins: zero padding and cropping."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from striate.layers._base import Layer, Result, Sees, Shape, Window
from striate.layers._rule_kinds import data_format
from striate.layers._rules import RefusedError, Rule, as_sequence, as_whole
from striate.layers._shapes import image, refuse


def _margins(value: Any, axes: int) -> tuple[tuple[int, int], ...]:
    """(before, after) for each axis, from Keras' short forms."""
    if hasattr(value, "__index__") and not getattr(value, "ndim", 0):
        side = as_whole(value, 0)
        return ((side, side),) * axes
    parts = as_sequence(value)
    if axes == 1 and len(parts) == 2:
        return (_pair(parts),)
    if len(parts) != axes:
        raise RefusedError
    return tuple(_pair((part, part) if hasattr(part, "__index__") else part) for part in parts)


def _pair(value: Any) -> tuple[int, int]:
    before, after = found if len(found := as_sequence(value)) == 2 else (None, None)
    return as_whole(before, 0), as_whole(after, 0)


def _rule(cure: str) -> Rule:
    wrong = (None, -1, 1.5, "same", True, (1, 2, 3), ((1, 2, 3), (1, 1)), ((0, -1), (0, 0)))
    expected = "a whole number of at least 0, or numbers for each side"
    return Rule("padding", expected, cure, _margins, wrong, minimum=0)


class _Margin(Layer):
    """What padding and cropping share."""

    SEES: ClassVar[Sees] = "window"

    @abc.abstractmethod
    def added(self) -> tuple[tuple[int, int], ...]:
        """Positions added before and after each axis; negative ones are cut off."""

    def output_shape(self, *inputs: Shape) -> Shape:
        """(..., channels) -> (... with margins, channels)."""
        *sizes, channels = image(self, inputs)
        changed = tuple(size + sum(pair) for size, pair in zip(sizes, self.added(), strict=True))
        if min(changed) < 1:
            found = f"nothing is left of {(*sizes, channels)}"
            raise refuse(self, found, "at least 1 on every axis", "Crop less, or pad the picture before.")
        return (*changed, channels)

    def window(self, *inputs: Shape) -> Window:
        """One position, shifted by the margin."""
        image(self, inputs)
        ones = (1,) * self.AXES
        return Window(ones, ones, ones, self.added())


@dataclass(frozen=True, repr=False)
class _ZeroPadding(_Margin):
    """The part of ZeroPadding1D and 2D that does not depend on the number of axes."""

    KIND: ClassVar[str] = "pad"
    RULES: ClassVar[Mapping[str, Rule]] = {
        "padding": _rule("Give how many zeros, such as 1, (1, 2) or ((1, 2), (3, 4))."),
        "data_format": data_format(),
    }

    padding: Any = 1
    data_format: str | None = "channels_last"

    def added(self) -> tuple[tuple[int, int], ...]:
        """The padding."""
        return self.padding

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, ..., C) -> (N, ..., C) with zeros around."""
        (x,) = inputs
        return Result(jnp.pad(x, ((0, 0), *self.padding, (0, 0))))


@dataclass(frozen=True, repr=False)
class ZeroPadding1D(_ZeroPadding):
    """Zeros before and after a row.

    Args:
        padding: how many on both sides, or (before, after).
        data_format: "channels_last" or None.

    >>> ZeroPadding1D((1, 2)).output_shape((10, 4))
    (13, 4)
    """

    AXES: ClassVar[int] = 1


@dataclass(frozen=True, repr=False)
class ZeroPadding2D(_ZeroPadding):
    """Zeros around a picture.

    Args:
        padding: how many on all sides, (vertical, horizontal), or ((top, bottom), (left, right)).
        data_format: "channels_last" or None.

    >>> ZeroPadding2D(2).output_shape((28, 28, 1))
    (32, 32, 1)
    """


@dataclass(frozen=True, repr=False)
class _Cropping(_Margin):
    """The part of Cropping1D and 2D that does not depend on the number of axes."""

    KIND: ClassVar[str] = "crop"
    RULES: ClassVar[Mapping[str, Rule]] = {
        "cropping": _rule("Give how much to cut off, such as 1, (1, 2) or ((1, 2), (3, 4))."),
        "data_format": data_format(),
    }

    cropping: Any = 0

    def added(self) -> tuple[tuple[int, int], ...]:
        """The cropping, counted negative."""
        return tuple((-before, -after) for before, after in self.cropping)

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, ..., C) -> (N, ..., C) without its margins."""
        (x,) = inputs
        kept = tuple(
            slice(before, size - after)
            for size, (before, after) in zip(x.shape[1:-1], self.cropping, strict=True)
        )
        return Result(x[(slice(None), *kept)])


@dataclass(frozen=True, repr=False)
class Cropping1D(_Cropping):
    """Cuts off the ends of a row.

    Args:
        cropping: how much at both ends, or (before, after). Keras' default is 1 here and 0 in two dimensions.

    >>> Cropping1D((1, 2)).output_shape((10, 4))
    (7, 4)
    """

    AXES: ClassVar[int] = 1

    cropping: Any = 1


@dataclass(frozen=True, repr=False)
class Cropping2D(_Cropping):
    """Cuts off the margins of a picture.

    Args:
        cropping: how much on all sides, (vertical, horizontal), or ((top, bottom), (left, right)).
        data_format: "channels_last" or None.

    >>> Cropping2D(((1, 2), (0, 3))).output_shape((28, 28, 1))
    (25, 25, 1)
    """

    data_format: str | None = "channels_last"

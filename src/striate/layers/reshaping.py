"""Layers that only rearrange numbers: flatten, reshape."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import jax

from striate.layers._base import Layer, Result, Shape
from striate.layers._rule_kinds import data_format
from striate.layers._rules import Rule
from striate.layers._shapes import single


@dataclass(frozen=True)
class Flatten(Layer):
    """All numbers of an example in one row, in reading order: (N, H, W, C) -> (N, H W C).

    >>> Flatten().output_shape((3, 3, 64))
    (576,)
    """

    KIND: ClassVar[str] = "flatten"
    SEES: ClassVar[Literal["point", "window", "all"]] = "all"
    RULES: ClassVar[Mapping[str, Rule]] = {"data_format": data_format()}

    data_format: str | None = "channels_last"

    def output_shape(self, *inputs: Shape) -> Shape:
        """The product of the axes."""
        return (math.prod(single(self, inputs)),)

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, ...) -> (N, features)."""
        (x,) = inputs
        return Result(x.reshape(x.shape[0], math.prod(x.shape[1:])))

"""Distances to fixed points: how LeNet-5 compares what it sees with stylized pictures of its classes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from striate.errors import Problem
from striate.layers._base import Layer, Result, Sees, Shape, Weight
from striate.layers._initializer import Initializer
from striate.layers._rule_kinds import choice, whole
from striate.layers._rules import Rule
from striate.layers._shapes import refuse, single

DIGITS = """
.#####.  ...#...  .#####.  .#####.  .....#.  #######  ..####.  #######  .#####.  .#####.
##...##  ..##...  ##...##  ##...##  ....##.  #......  .##....  .....##  ##...##  ##...##
#.....#  .#.#...  #.....#  #.....#  ...#.#.  #......  ##.....  .....#.  #.....#  #.....#
#.....#  ...#...  ......#  ......#  ..##.#.  #......  #......  ....##.  #.....#  #.....#
#.....#  ...#...  .....##  .....##  .##..#.  #.####.  #.####.  ....#..  ##...##  #.....#
#.....#  ...#...  ....##.  ..####.  .#...#.  ##...##  ##...##  ...##..  .#####.  ##....#
#.....#  ...#...  ...##..  .....##  ##...#.  ......#  #.....#  ...#...  ##...##  .######
#.....#  ...#...  ..##...  ......#  #######  ......#  #.....#  ...#...  #.....#  ......#
#.....#  ...#...  .##....  ......#  .....#.  ......#  #.....#  ..##...  #.....#  ......#
#.....#  ...#...  ##.....  #.....#  .....#.  #.....#  #.....#  ..#....  #.....#  .....##
##...##  ...#...  #......  ##...##  .....#.  ##...##  ##...##  ..#....  ##...##  ....##.
.#####.  .#####.  #######  .#####.  .....#.  .#####.  .#####.  ..#....  .#####.  .####..
"""
"""The ten digits on grids of 7x12. The paper prints its own as a picture; these are drawn anew."""

PIXELS = 84


def digit_codes() -> np.ndarray:
    """(10, 84) float32: the digits in reading order, ink +1 and paper -1.

    >>> digit_codes().shape, int(digit_codes()[1].sum())
    ((10, 84), -48)
    """
    rows = [line.split() for line in DIGITS.strip().splitlines()]
    pictures = ["".join(row[digit] for row in rows) for digit in range(len(rows[0]))]
    return np.array([[1 if dot == "#" else -1 for dot in picture] for picture in pictures], np.float32)


@dataclass(frozen=True)
class _Digits(Initializer):
    """The pictures of the first digits."""

    def draw(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        """(84, units)."""
        return jnp.asarray(digit_codes()[: shape[1]].T, dtype)


@dataclass(frozen=True)
class _Signs(Initializer):
    """+1 and -1 with equal probabilities."""

    def draw(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        """(features, units)."""
        return jax.random.rademacher(key, shape, dtype)


@dataclass(frozen=True, repr=False)
class RadialBasis(Layer):
    """How far the input is from each of some points: small where it looks like that point.

    y[n, u] = sum_j (x[n, j] - centers[j, u])^2

    Args:
        units: how many points.
        codes: where they lie: "random" for coordinates of +1 and -1 at random, "digits" for pictures of the
            digits 0, 1, 2, … on grids of 7x12, ink +1 and paper -1.

    `trainable=False` keeps them where they are, as the paper does. The negative of y is a logit: softmax(-y)
    with the categorical crossentropy is the paper's criterion (9) without its constant rubbish class.

    >>> layer = RadialBasis(10, codes="digits", trainable=False)
    >>> layer.output_shape((84,)), layer.weights((84,))["centers"].shape
    ((10,), (84, 10))

    LeCun et al., Gradient-based learning applied to document recognition, 1998, equation (7). Keras has no
    such layer.
    """

    KIND: ClassVar[str] = "rbf"
    SEES: ClassVar[Sees] = "all"
    RULES: ClassVar[Mapping[str, Rule]] = {
        "units": whole("Give the number of points, such as 10."),
        "codes": choice("Choose 'random' unless the classes are digits.", "random", "digits"),
    }

    units: int
    codes: str = "random"

    def conflicts(self) -> Iterable[Problem]:
        """More digits than there are."""
        if self.codes == "digits" and self.units > 10:
            happened, cure = f"there are no {self.units} digits", "Use codes='random'."
            yield Problem("RadialBasis.codes", happened, "at most 10 units", cure)

    def output_shape(self, *inputs: Shape) -> Shape:
        """(features,) -> (units,)."""
        shape = single(self, inputs)
        if len(shape) != 1:
            cure = "Put Flatten or a pooling over the whole picture before it."
            raise refuse(self, f"the input {shape} has {len(shape)} axes", "one axis of features", cure)
        if self.codes == "digits" and shape != (PIXELS,):
            cure = "Put Dense(84) before it, or use codes='random'."
            raise refuse(self, f"the input has {shape[0]} features", "84, the pixels of 7x12", cure)
        return (self.units,)

    def weights(self, *inputs: Shape) -> dict[str, Weight]:
        """centers (features, units)."""
        start = _Digits() if self.codes == "digits" else _Signs()
        return {"centers": Weight((single(self, inputs)[0], self.units), start)}

    def macs(self, *inputs: Shape) -> int:
        """Features times units."""
        return math.prod(single(self, inputs)) * self.units

    def forward(
        self,
        weights: Mapping[str, jax.Array],
        *inputs: jax.Array,
        train: bool = False,
        key: jax.Array | None = None,
    ) -> Result:
        """(N, features) -> (N, units)."""
        (x,) = inputs
        return Result(jnp.sum((x[:, :, None] - weights["centers"][None]) ** 2, axis=1))

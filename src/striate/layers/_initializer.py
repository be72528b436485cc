"""What an initializer is: a frozen value that draws an array from a key and a shape."""

from __future__ import annotations

import abc
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from striate.layers._drawing import folded
from striate.layers._rule_kinds import whole
from striate.layers._rules import Rule, check_fields, optional

SEED = optional(whole("Give a whole number such as 0, or leave it out.", minimum=0, maximum=2**32 - 1))


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """How many inputs one unit sees and how many units one input reaches, by Keras' rule.

    >>> fans((3, 3, 16, 32))
    (144, 288)
    """
    if len(shape) < 2:
        size = shape[0] if shape else 1
        return size, size
    receptive = math.prod(shape[:-2])
    return receptive * shape[-2], receptive * shape[-1]


@dataclass(frozen=True)
class Initializer(abc.ABC):
    """How an array is drawn; a frozen value without any array in it."""

    RULES: ClassVar[Mapping[str, Rule]] = {}

    def __post_init__(self) -> None:
        """Bring the fields to canonical form and refuse wrong ones."""
        check_fields(self)

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: Any = jnp.float32) -> jax.Array:
        """Draw an array; the same key gives the same array.

        Args:
            key: a JAX random key; ignored by constants.
            shape: the shape of the array.
            dtype: its floating-point type. Draws are made in at least float32 and rounded once.
        """
        seed = getattr(self, "seed", None)
        key = key if seed is None else folded(key, seed)
        wide = dtype if jnp.finfo(dtype).bits > 32 else jnp.float32
        return self.draw(key, tuple(shape), wide).astype(dtype)

    @abc.abstractmethod
    def draw(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        """The array itself, `dtype` being float32 or wider."""

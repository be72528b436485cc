"""What the loss adds for large weights: Keras' L1, L2 and their sum."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp

from striate.layers._named import by_name
from striate.layers._rule_kinds import number
from striate.layers._rules import Rule, check_fields, optional

__all__ = ["L1", "L1L2", "L2", "REGULARIZER", "REGULARIZERS", "Regularizer", "l1", "l1_l2", "l2"]

_FACTOR = number("Give a small factor such as 0.01.", minimum=0.0)


@dataclass(frozen=True)
class Regularizer(abc.ABC):
    """A price for the size of a weight."""

    RULES: ClassVar[Mapping[str, Rule]] = {}

    def __post_init__(self) -> None:
        """Bring the fields to canonical form and refuse wrong ones."""
        check_fields(self)

    @abc.abstractmethod
    def penalty(self, weight: jax.Array) -> jax.Array:
        """One number that the loss adds for this weight."""


@dataclass(frozen=True)
class L1(Regularizer):
    """l1 * sum |w|, which drives weights to exactly 0.

    >>> print(L1(0.5).penalty(jnp.array([1.0, -3.0])))
    2.0
    """

    RULES: ClassVar[Mapping[str, Rule]] = {"l1": _FACTOR}

    l1: float = 0.01

    def penalty(self, weight: jax.Array) -> jax.Array:
        """l1 * sum |w|."""
        return self.l1 * jnp.sum(jnp.abs(weight))


@dataclass(frozen=True)
class L2(Regularizer):
    """l2 * sum w^2, without the 1/2 that some books put there.

    >>> print(L2(0.5).penalty(jnp.array([1.0, -3.0])))
    5.0
    """

    RULES: ClassVar[Mapping[str, Rule]] = {"l2": _FACTOR}

    l2: float = 0.01

    def penalty(self, weight: jax.Array) -> jax.Array:
        """l2 * sum w^2."""
        return self.l2 * jnp.sum(jnp.square(weight))


@dataclass(frozen=True)
class L1L2(Regularizer):
    """l1 * sum |w| + l2 * sum w^2.

    Both factors are 0 unless given, as in Keras; the name "l1_l2" stands for 0.01 and 0.01, as Keras' manual
    says.
    """

    RULES: ClassVar[Mapping[str, Rule]] = {"l1": _FACTOR, "l2": _FACTOR}

    l1: float = 0.0
    l2: float = 0.0

    def penalty(self, weight: jax.Array) -> jax.Array:
        """l1 * sum |w| + l2 * sum w^2."""
        return self.l1 * jnp.sum(jnp.abs(weight)) + self.l2 * jnp.sum(jnp.square(weight))


l1, l2, l1_l2 = L1, L2, L1L2
"""Keras' second names."""

REGULARIZERS: Mapping[str, type[Regularizer]] = {"l1": L1, "l2": L2, "l1_l2": L1L2}
"""Every regularizer by its name."""

_NAMED = {"l1": L1(), "l2": L2(), "l1_l2": L1L2(0.01, 0.01)}

REGULARIZER = optional(by_name(_NAMED, Regularizer, "a regularizer", "L2(1e-4)"))
"""The rule of a field that holds a regularizer, its name, or None."""

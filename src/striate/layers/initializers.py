"""How weights start: Keras' initializers, with its names, defaults and formulas, as frozen values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from striate.errors import Problem, ShapeError
from striate.layers._drawing import uniform
from striate.layers._initializer import SEED, Initializer, fans
from striate.layers._named import by_name, snake_case
from striate.layers._rule_kinds import number
from striate.layers._rules import Rule
from striate.layers._variance_scaling import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
)

__all__ = [
    "INITIALIZER",
    "INITIALIZERS",
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "fans",
]

_SPREAD = number("Give a spread such as 0.05.", minimum=0.0)
_VALUE = number("Give a finite number.")


@dataclass(frozen=True)
class Zeros(Initializer):
    """All 0."""

    def draw(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        """`shape` zeros."""
        return jax.device_put(np.zeros(shape, dtype))  # NumPy's need no program for each shape


@dataclass(frozen=True)
class Ones(Initializer):
    """All 1."""

    def draw(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        """`shape` ones."""
        return jax.device_put(np.ones(shape, dtype))


@dataclass(frozen=True)
class Constant(Initializer):
    """All the same value."""

    RULES: ClassVar[Mapping[str, Rule]] = {"value": _VALUE}

    value: float = 0.0

    def draw(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        """`shape` times the value."""
        return jax.device_put(np.full(shape, self.value, dtype))


@dataclass(frozen=True)
class Identity(Initializer):
    """The identity matrix times `gain`; for two-dimensional weights only."""

    RULES: ClassVar[Mapping[str, Rule]] = {"gain": _VALUE}

    gain: float = 1.0

    def draw(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        """Ones on the diagonal, times gain."""
        _need_axes("Identity", shape, len(shape) == 2, "a weight with two axes")
        return self.gain * jnp.eye(*shape, dtype=dtype)


@dataclass(frozen=True)
class RandomNormal(Initializer):
    """Normal with a mean and a standard deviation."""

    RULES: ClassVar[Mapping[str, Rule]] = {"mean": _VALUE, "stddev": _SPREAD, "seed": SEED}

    mean: float = 0.0
    stddev: float = 0.05
    seed: int | None = None

    def draw(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        """mean + stddev N(0, 1)."""
        return self.mean + self.stddev * jax.random.normal(key, shape, dtype)


@dataclass(frozen=True)
class TruncatedNormal(Initializer):
    """Normal, drawn again when further than two standard deviations from the mean."""

    RULES: ClassVar[Mapping[str, Rule]] = {"mean": _VALUE, "stddev": _SPREAD, "seed": SEED}

    mean: float = 0.0
    stddev: float = 0.05
    seed: int | None = None

    def draw(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        """mean + stddev N(0, 1), cut off at two standard deviations."""
        return self.mean + self.stddev * jax.random.truncated_normal(key, -2.0, 2.0, shape, dtype)


@dataclass(frozen=True)
class RandomUniform(Initializer):
    """Uniform from `minval` to `maxval`."""

    RULES: ClassVar[Mapping[str, Rule]] = {"minval": _VALUE, "maxval": _VALUE, "seed": SEED}

    minval: float = -0.05
    maxval: float = 0.05
    seed: int | None = None

    def conflicts(self) -> list[Problem]:
        """Bounds in the wrong order."""
        if self.minval <= self.maxval:
            return []
        found, cure = f"minval {self.minval:g} is above maxval {self.maxval:g}", "Swap the two."
        return [Problem("RandomUniform", found, "minval no larger than maxval", cure)]

    def draw(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        """Uniform in [minval, maxval)."""
        return uniform(key, shape, dtype, self.minval, self.maxval)


@dataclass(frozen=True)
class Orthogonal(Initializer):
    """Orthonormal rows or columns (whichever are fewer), times `gain`; all axes but the last are flattened.

    Saxe et al., Exact solutions to the nonlinear dynamics of learning in deep linear neural networks, 2014.
    """

    RULES: ClassVar[Mapping[str, Rule]] = {"gain": _VALUE, "seed": SEED}

    gain: float = 1.0
    seed: int | None = None

    def draw(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        """Q of a random normal matrix, with the signs that make it uniform over the rotations."""
        _need_axes("Orthogonal", shape, len(shape) >= 2, "a weight with at least two axes")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        normal = jax.random.normal(key, (max(rows, columns), min(rows, columns)), dtype)
        q, r = jnp.linalg.qr(normal)
        q = q * jnp.sign(jnp.diagonal(r))[None, :]
        return self.gain * (q if rows >= columns else q.T).reshape(shape)


def _need_axes(name: str, shape: tuple[int, ...], fits: bool, expected: str) -> None:
    if not fits:
        cure = "Choose another initializer for this weight, such as 'glorot_uniform'."
        raise ShapeError(Problem(name, f"the weight has shape {shape}", expected, cure))


INITIALIZERS: Mapping[str, type[Initializer]] = {
    snake_case(kind.__name__): kind
    for kind in (
        Zeros,
        Ones,
        Constant,
        Identity,
        RandomNormal,
        RandomUniform,
        TruncatedNormal,
        Orthogonal,
        VarianceScaling,
        GlorotUniform,
        GlorotNormal,
        HeUniform,
        HeNormal,
        LecunUniform,
        LecunNormal,
    )
}
"""Every initializer by its name in snake case, such as "glorot_uniform"."""

INITIALIZER = by_name(
    {name: kind() for name, kind in INITIALIZERS.items()}, Initializer, "an initializer", "HeNormal()"
)
"""The rule of a field that holds an initializer or its name."""

"""Initializers that keep the size of a signal from layer to layer: variance scaling and its named cases."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import jax

from striate.layers._drawing import uniform
from striate.layers._initializer import SEED, Initializer, fans
from striate.layers._rule_kinds import choice, number
from striate.layers._rules import Rule

_TRUNCATED_STDDEV = 0.87962566103423978
"""The standard deviation of a standard normal cut off at two standard deviations."""


@dataclass(frozen=True)
class VarianceScaling(Initializer):
    """Zero mean and variance scale / n, n being the fan-in, the fan-out or their mean.

    Args:
        scale: the numerator, above 0. mode: "fan_in", "fan_out" or "fan_avg".
        distribution: "truncated_normal", "untruncated_normal" or "uniform".
    """

    RULES: ClassVar[Mapping[str, Rule]] = {
        "scale": number("Give a positive number such as 1.0.", minimum=1e-12),
        "mode": choice("Name the fan to divide by.", "fan_in", "fan_out", "fan_avg"),
        "distribution": choice("Name the distribution.", "truncated_normal", "untruncated_normal", "uniform"),
        "seed": SEED,
    }

    scale: float = 1.0
    mode: str = "fan_in"
    distribution: str = "truncated_normal"
    seed: int | None = None

    def draw(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        """A draw with the variance that these fans ask for."""
        return _scaled(key, shape, dtype, self.scale, self.mode, self.distribution)


@dataclass(frozen=True)
class GlorotUniform(Initializer):
    """Uniform in ±sqrt(6 / (fan_in + fan_out)): Keras' default for kernels.

    Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010.
    """

    RULES: ClassVar[Mapping[str, Rule]] = {"seed": SEED}

    seed: int | None = None

    def draw(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        """Variance 1 / fan_avg."""
        return _scaled(key, shape, dtype, 1.0, "fan_avg", "uniform")


@dataclass(frozen=True)
class GlorotNormal(Initializer):
    """Truncated normal with variance 2 / (fan_in + fan_out).

    Glorot and Bengio, 2010.
    """

    RULES: ClassVar[Mapping[str, Rule]] = {"seed": SEED}

    seed: int | None = None

    def draw(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        """Variance 1 / fan_avg."""
        return _scaled(key, shape, dtype, 1.0, "fan_avg", "truncated_normal")


@dataclass(frozen=True)
class HeUniform(Initializer):
    """Uniform in ±sqrt(6 / fan_in), for layers before a relu.

    He et al., Delving deep into rectifiers, 2015.
    """

    RULES: ClassVar[Mapping[str, Rule]] = {"seed": SEED}

    seed: int | None = None

    def draw(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        """Variance 2 / fan_in."""
        return _scaled(key, shape, dtype, 2.0, "fan_in", "uniform")


@dataclass(frozen=True)
class HeNormal(Initializer):
    """Truncated normal with variance 2 / fan_in, for layers before a relu.

    He et al., 2015.
    """

    RULES: ClassVar[Mapping[str, Rule]] = {"seed": SEED}

    seed: int | None = None

    def draw(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        """Variance 2 / fan_in."""
        return _scaled(key, shape, dtype, 2.0, "fan_in", "truncated_normal")


@dataclass(frozen=True)
class LecunUniform(Initializer):
    """Uniform in ±sqrt(3 / fan_in).

    LeCun et al., Efficient backprop, 1998.
    """

    RULES: ClassVar[Mapping[str, Rule]] = {"seed": SEED}

    seed: int | None = None

    def draw(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        """Variance 1 / fan_in."""
        return _scaled(key, shape, dtype, 1.0, "fan_in", "uniform")


@dataclass(frozen=True)
class LecunNormal(Initializer):
    """Truncated normal with variance 1 / fan_in, for layers before a selu.

    LeCun et al., 1998; Klambauer et al., Self-normalizing neural networks, 2017.
    """

    RULES: ClassVar[Mapping[str, Rule]] = {"seed": SEED}

    seed: int | None = None

    def draw(self, key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
        """Variance 1 / fan_in."""
        return _scaled(key, shape, dtype, 1.0, "fan_in", "truncated_normal")


def _scaled(
    key: jax.Array, shape: tuple[int, ...], dtype: Any, scale: float, mode: str, distribution: str
) -> jax.Array:
    """Zero mean, variance scale / fan."""
    fan_in, fan_out = fans(shape)
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
    variance = scale / max(1.0, fan)
    if distribution == "uniform":
        limit = math.sqrt(3.0 * variance)
        return uniform(key, shape, dtype, -limit, limit)
    if distribution == "untruncated_normal":
        return math.sqrt(variance) * jax.random.normal(key, shape, dtype)
    stddev = math.sqrt(variance) / _TRUNCATED_STDDEV
    return stddev * jax.random.truncated_normal(key, -2.0, 2.0, shape, dtype)

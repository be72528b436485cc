"""Optimizers by Keras name, with its argument order and defaults, over Optax."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import optax

from striate.layers._rule_kinds import flag, number
from striate.layers._rules import Rule
from striate.training import _transforms, schedules
from striate.training._muon import Muon
from striate.training._optimizer import (
    BETA,
    DECAY,
    EPSILON,
    MOMENTUM,
    LearningRate,
    Optimizer,
)
from striate.training._registry import Registry

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Lion",
    "Muon",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "get",
    "schedules",
]

_BETAS = {"beta_1": BETA, "beta_2": BETA}
_AHEAD = flag("True looks one step of momentum ahead.")


@dataclass(frozen=True)
class SGD(Optimizer):
    """Stochastic gradient descent.

    m ← momentum · m + g;  u = m, or g + momentum · m with Nesterov's look ahead

    >>> SGD(0.1, momentum=0.9, nesterov=True).momentum
    0.9
    """

    RULES: ClassVar[Mapping[str, Rule]] = {"momentum": MOMENTUM, "nesterov": _AHEAD}

    learning_rate: LearningRate = 0.01
    momentum: float = 0.0
    nesterov: bool = False

    def rule(self) -> optax.GradientTransformation:
        """Momentum, or nothing at all."""
        return optax.trace(self.momentum, self.nesterov) if self.momentum else optax.identity()


@dataclass(frozen=True)
class RMSprop(Optimizer):
    """Gradients divided by the root of their running mean square (Hinton's lecture 6e).

    v ← ρ v + (1 - ρ) g²;  u = g / √(v + ε);  centered: v less the squared running mean; momentum on top of it
    """

    RULES: ClassVar[Mapping[str, Rule]] = {
        "rho": BETA,
        "momentum": MOMENTUM,
        "epsilon": EPSILON,
        "centered": flag("True divides by the deviation."),
    }

    rho: float = 0.9
    momentum: float = 0.0
    epsilon: float = 1e-7
    centered: bool = False

    def rule(self) -> optax.GradientTransformation:
        """Scaling, then momentum."""
        scale_by = optax.scale_by_stddev if self.centered else optax.scale_by_rms
        scale = scale_by(self.rho, self.epsilon)
        return optax.chain(scale, optax.trace(self.momentum)) if self.momentum else scale


@dataclass(frozen=True)
class Adam(Optimizer):
    """Adaptive moments (Kingma & Ba, arXiv 1412.6980).

    m ← β₁ m + (1 - β₁) g;  v ← β₂ v + (1 - β₂) g²;  u = m √(1 - β₂ᵗ) / ((1 - β₁ᵗ) (√v + ε))

    With `amsgrad` the largest v so far divides (arXiv 1904.09237).
    """

    RULES: ClassVar[Mapping[str, Rule]] = {
        **_BETAS,
        "epsilon": EPSILON,
        "amsgrad": flag("True divides by the largest v so far."),
    }

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    amsgrad: bool = False

    def rule(self) -> optax.GradientTransformation:
        """Both moments."""
        return _transforms.scale_by_adam(self.beta_1, self.beta_2, self.epsilon, self.amsgrad)


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov & Hutter, arXiv 1711.05101).

    As in Keras every weight decays, biases and gammas too, unless `exclude_from_weight_decay` names it.

    >>> AdamW(0.001, 0.05, exclude_from_weight_decay=("bias",)).weight_decay
    0.05
    """

    RULES: ClassVar[Mapping[str, Rule]] = {"weight_decay": DECAY}

    weight_decay: float | None = 0.004


@dataclass(frozen=True)
class Adamax(Optimizer):
    """Adam by the largest gradient instead of the mean square (arXiv 1412.6980, section 7).

    v ← max(β₂ v, |g|);  u = m / ((1 - β₁ᵗ) (v + ε))
    """

    RULES: ClassVar[Mapping[str, Rule]] = {**_BETAS, "epsilon": EPSILON}

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7

    def rule(self) -> optax.GradientTransformation:
        """Mean and maximum."""
        return _transforms.scale_by_adamax(self.beta_1, self.beta_2, self.epsilon)


@dataclass(frozen=True)
class Nadam(Optimizer):
    """Adam with Nesterov's look ahead and a momentum that warms up (Dozat 2016)."""

    RULES: ClassVar[Mapping[str, Rule]] = {**_BETAS, "epsilon": EPSILON}

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7

    def rule(self) -> optax.GradientTransformation:
        """Both moments, looked ahead."""
        return _transforms.scale_by_nadam(self.beta_1, self.beta_2, self.epsilon)


@dataclass(frozen=True)
class Adagrad(Optimizer):
    """Gradients divided by the root of the sum of all their squares (Duchi et al. 2011).

    v ← v + g²;  u = g / √(v + ε)
    """

    RULES: ClassVar[Mapping[str, Rule]] = {
        "initial_accumulator_value": number("Choose a number such as 0.1.", 0.0),
        "epsilon": EPSILON,
    }

    initial_accumulator_value: float = 0.1
    epsilon: float = 1e-7

    def rule(self) -> optax.GradientTransformation:
        """The root of the sum of squares."""
        return optax.scale_by_rss(self.initial_accumulator_value, self.epsilon)


@dataclass(frozen=True)
class Adadelta(Optimizer):
    """Gradients scaled to the size of recent steps (Zeiler, arXiv 1212.5701).

    v ← ρ v + (1 - ρ) g²;  u = g √(w + ε) / √(v + ε);  w ← ρ w + (1 - ρ) u²
    """

    RULES: ClassVar[Mapping[str, Rule]] = {"rho": BETA, "epsilon": EPSILON}

    rho: float = 0.95
    epsilon: float = 1e-7

    def rule(self) -> optax.GradientTransformation:
        """The ratio of two running roots."""
        return optax.scale_by_adadelta(self.rho, self.epsilon)


@dataclass(frozen=True)
class Lion(Optimizer):
    """The sign of an interpolated momentum (Chen et al., arXiv 2302.06675).

    u = sign(β₁ m + (1 - β₁) g);  m ← β₂ m + (1 - β₂) g
    """

    RULES: ClassVar[Mapping[str, Rule]] = _BETAS

    beta_1: float = 0.9
    beta_2: float = 0.99

    def rule(self) -> optax.GradientTransformation:
        """A step of one size in every coordinate."""
        return optax.scale_by_lion(self.beta_1, self.beta_2)


_REGISTRY: Registry[Optimizer] = Registry(
    "optimizer", "optimizers", (SGD, RMSprop, Adam, AdamW, Adagrad, Adadelta, Adamax, Nadam, Lion, Muon)
)


def get(identifier: str | Mapping[str, Any] | Optimizer | type[Optimizer]) -> Optimizer:
    """The optimizer of this name in any case, with its defaults; an object or its config gives the object.

    Raises:
        ArgumentError: listing the names that are known.

    >>> get("rmsprop").learning_rate
    0.001
    """
    return _REGISTRY.get(identifier, Optimizer)  # type: ignore[type-abstract]

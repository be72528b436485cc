"""Muon: momentum made orthogonal, for everything that is a matrix."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import optax

from striate.layers._rule_kinds import flag, number, whole
from striate.layers._rules import Rule, optional
from striate.training._optimizer import BETA, DECAY, EPSILON, MOMENTUM, Optimizer, matches, names_rule
from striate.training._transforms import scale_by_adam

Coefficients = tuple[float, float, float]


@dataclass(frozen=True)
class Muon(Optimizer):
    """Momentum made orthogonal for matrices, AdamW for everything else (Jordan 2024; arXiv 2502.16982).

    m ← momentum · m + g;  u = orthogonal(g + momentum · m) · rms_rate · √max(rows, columns)

    Args:
        exclude_layers: pieces of weight paths that AdamW takes instead, often the last layer.
        muon_a, muon_b, muon_c: the coefficients of the Newton–Schulz iteration, and `ns_steps` of it.
        adam_lr_ratio: the rate of the AdamW part over the rate of the Muon part.

    Where we differ from Keras: Keras leaves convolutions to AdamW, here the kernel (kh, kw, C, F) is the
    matrix (kh·kw·C, F), as the method's author does; a kernel with F = 1 is no matrix.
    """

    RULES: ClassVar[Mapping[str, Rule]] = {
        "adam_beta_1": BETA,
        "adam_beta_2": BETA,
        "adam_weight_decay": optional(DECAY),
        "epsilon": EPSILON,
        "exclude_layers": names_rule("Write for instance ('dense2',)."),
        "muon_a": number("Keep 3.4445."),
        "muon_b": number("Keep -4.775."),
        "muon_c": number("Keep 2.0315."),
        "adam_lr_ratio": number("Choose a number such as 1.", 0.0),
        "momentum": MOMENTUM,
        "ns_steps": whole("Choose a number such as 5.", 1),
        "nesterov": flag("True looks one step of momentum ahead."),
        "rms_rate": optional(number("Choose a number such as 0.2, or None.", 0.0)),
    }

    adam_beta_1: float = 0.9
    adam_beta_2: float = 0.999
    adam_weight_decay: float | None = 0.004
    epsilon: float = 1e-7
    weight_decay: float | None = field(default=0.004, kw_only=True)
    exclude_layers: tuple[str, ...] = field(default=(), kw_only=True)
    muon_a: float = field(default=3.4445, kw_only=True)
    muon_b: float = field(default=-4.7750, kw_only=True)
    muon_c: float = field(default=2.0315, kw_only=True)
    adam_lr_ratio: float = field(default=1.0, kw_only=True)
    momentum: float = field(default=0.95, kw_only=True)
    ns_steps: int = field(default=5, kw_only=True)
    nesterov: bool = field(default=True, kw_only=True)
    rms_rate: float | None = field(default=0.2, kw_only=True)

    def rule(self) -> optax.GradientTransformation:
        """Each weight by the rule of its kind."""
        coefficients = (self.muon_a, self.muon_b, self.muon_c)
        muon = scale_by_muon(self.momentum, self.nesterov, coefficients, self.ns_steps, self.rms_rate)
        adam = scale_by_adam(self.adam_beta_1, self.adam_beta_2, self.epsilon, False)
        adam = optax.chain(adam, optax.scale(self.adam_lr_ratio))
        parts: dict[Hashable, optax.GradientTransformation] = {"muon": muon, "adam": adam}
        return optax.partition(parts, self._labels)

    def _decay(self) -> optax.GradientTransformation:
        """Each kind's own weight decay."""
        decays = {"muon": self.weight_decay, "adam": self.adam_weight_decay}
        parts: dict[Hashable, optax.GradientTransformation] = {
            name: optax.add_decayed_weights(decay or 0.0, self._decays) for name, decay in decays.items()
        }
        return optax.partition(parts, self._labels)

    def _labels(self, params: Any) -> Any:
        """Which of the two takes each weight."""
        return jax.tree_util.tree_map_with_path(self._label, params)

    def _label(self, path: Any, weight: jax.Array) -> str:
        """A matrix has two axes, or more and more than one column."""
        matrix = weight.ndim == 2 or (weight.ndim > 2 and weight.shape[-1] > 1)
        return "muon" if matrix and not matches(path, self.exclude_layers) else "adam"


class MuonState(NamedTuple):
    """Args: m: the running sum of gradients."""

    m: Any


def scale_by_muon(
    momentum: float, nesterov: bool, coefficients: Coefficients, steps: int, rms_rate: float | None
) -> optax.GradientTransformation:
    """Muon on arrays of two or more axes; all axes but the last are the rows of the matrix.

    m ← momentum · m + g;  u = orthogonal(g + momentum · m) · rms_rate · √max(rows, columns)
    """

    def init(params: Any) -> MuonState:
        return MuonState(jax.tree.map(jnp.zeros_like, params))

    def step(g: jax.Array, m: jax.Array) -> jax.Array:
        ahead = g + momentum * m if nesterov else m
        matrix = ahead.reshape(-1, ahead.shape[-1])
        size = 1.0 if rms_rate is None else rms_rate * math.sqrt(max(matrix.shape))
        return (size * orthogonalize(matrix, coefficients, steps)).reshape(g.shape)

    def update(grads: Any, state: MuonState, params: Any = None) -> tuple[Any, MuonState]:
        m = jax.tree.map(lambda g, m: g + momentum * m, grads, state.m)
        return jax.tree.map(step, grads, m), MuonState(m)

    return optax.GradientTransformation(init, update)  # type: ignore[arg-type]


def orthogonalize(matrix: jax.Array, coefficients: Coefficients, steps: int) -> jax.Array:
    """Newton–Schulz steps that drive every singular value towards 1: X ← aX + (bA + cA²)X with A = XXᵀ.

    With Jordan's coefficients the values end between about 0.7 and 1.2, which serves as well as exactly 1
    and takes five steps of matrix products only.

    Args:
        matrix: (rows, columns). coefficients: (a, b, c). steps: how many.

    Returns:
        (rows, columns) UVᵀ, roughly, of the singular value decomposition UΣVᵀ.
    """
    a, b, c = coefficients
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / (jnp.sqrt(jnp.sum(jnp.square(x))) + 1e-7)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if tall else x

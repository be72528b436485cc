"""The update rules that Keras writes differently from Optax, as Optax transformations.

Each one turns gradients into a direction `u` with the sign of the gradient; the loop moves `p - rate * u`.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax


class MomentState(NamedTuple):
    """The running averages of Adam and its kin.

    Args:
        steps: the number of updates so far.
        m: the running mean of gradients.
        v: the running mean of squared gradients, or the running maximum of their size.
        extra: AMSGrad's largest `v`, Nadam's product of momenta, or None.
    """

    steps: jax.Array
    m: Any
    v: Any
    extra: Any = None


def scale_by_path(factors: tuple[tuple[str, float], ...]) -> optax.GradientTransformation:
    """Directions times the factor of the first pattern that fits the layer's path; the last thing to do."""

    def factor(path: str) -> float:
        return next((value for pattern, value in factors if fnmatchcase(path, pattern)), 1.0)

    def scaled(directions: Any, by: float) -> Any:
        return directions if by == 1 else jax.tree.map(lambda u: u * by, directions)

    def update(grads: Any, state: Any, params: Any = None) -> tuple[Any, Any]:
        return {path: scaled(weights, factor(path)) for path, weights in grads.items()}, state

    return optax.GradientTransformation(lambda params: optax.EmptyState(), update)  # type: ignore[arg-type]


def scale_by_adam(
    beta_1: float, beta_2: float, epsilon: float, amsgrad: bool
) -> optax.GradientTransformation:
    """Adam with Keras' epsilon, added to the root before its bias is corrected (Kingma & Ba's ε-hat)."""

    def init(params: Any) -> MomentState:
        return MomentState(_zero(), _zeros(params), _zeros(params), _zeros(params) if amsgrad else None)

    def update(grads: Any, state: MomentState, params: Any = None) -> tuple[Any, MomentState]:
        count = state.steps + 1
        m = _average(state.m, grads, beta_1)
        v = _average(state.v, jax.tree.map(jnp.square, grads), beta_2)
        largest = jax.tree.map(jnp.maximum, state.extra, v) if amsgrad else None
        alpha = jnp.sqrt(1 - _power(beta_2, count)) / (1 - _power(beta_1, count))
        step = jax.tree.map(lambda m, v: m * alpha / (jnp.sqrt(v) + epsilon), m, largest if amsgrad else v)
        return step, MomentState(count, m, v, largest)

    return optax.GradientTransformation(init, update)  # type: ignore[arg-type]


def scale_by_adamax(beta_1: float, beta_2: float, epsilon: float) -> optax.GradientTransformation:
    """Adamax with Keras' epsilon, which is added to the maximum and not inside it."""

    def init(params: Any) -> MomentState:
        return MomentState(_zero(), _zeros(params), _zeros(params))

    def update(grads: Any, state: MomentState, params: Any = None) -> tuple[Any, MomentState]:
        count = state.steps + 1
        m = _average(state.m, grads, beta_1)
        v = jax.tree.map(lambda v, g: jnp.maximum(beta_2 * v, jnp.abs(g)), state.v, grads)
        correction = 1 - _power(beta_1, count)
        return jax.tree.map(lambda m, v: m / (correction * (v + epsilon)), m, v), MomentState(count, m, v)

    return optax.GradientTransformation(init, update)  # type: ignore[arg-type]


def scale_by_nadam(beta_1: float, beta_2: float, epsilon: float) -> optax.GradientTransformation:
    """Nadam with Dozat's warming momentum u_t = β₁ (1 - 0.96ᵗ / 2), as Keras has it."""

    def warm(count: jax.Array) -> jax.Array:
        return beta_1 * (1.0 - 0.5 * _power(0.96, count))

    def init(params: Any) -> MomentState:
        return MomentState(_zero(), _zeros(params), _zeros(params), jnp.ones((), jnp.float32))

    def update(grads: Any, state: MomentState, params: Any = None) -> tuple[Any, MomentState]:
        count = state.steps + 1
        now, following = warm(count), warm(count + 1)
        product = state.extra * now
        m = _average(state.m, grads, beta_1)
        v = _average(state.v, jax.tree.map(jnp.square, grads), beta_2)

        def step(g: jax.Array, m: jax.Array, v: jax.Array) -> jax.Array:
            ahead = following * m / (1 - product * following) + (1 - now) * g / (1 - product)
            return ahead / (jnp.sqrt(v / (1 - _power(beta_2, count))) + epsilon)

        return jax.tree.map(step, grads, m, v), MomentState(count, m, v, product)

    return optax.GradientTransformation(init, update)  # type: ignore[arg-type]


def clip_each_norm(limit: float) -> optax.GradientTransformation:
    """Shorten each array on its own to the Euclidean length `limit`."""

    def clip(g: jax.Array) -> jax.Array:
        squares = jnp.sum(jnp.square(g))
        return g * (limit / jnp.maximum(jnp.sqrt(squares), limit))

    return optax.stateless(lambda grads, params: jax.tree.map(clip, grads))


def _zero() -> jax.Array:
    """A counter."""
    return jax.device_put(np.zeros((), np.int32))


def _zeros(params: Any) -> Any:
    """Zeros of the shape of each parameter; NumPy's need no program for each shape."""
    return jax.tree.map(lambda p: jax.device_put(np.zeros(p.shape, p.dtype)), params)


def _power(base: float, count: jax.Array) -> jax.Array:
    """base ** count in float32, as Keras computes it."""
    return jnp.power(jnp.float32(base), count.astype(jnp.float32))


def _average(average: Any, new: Any, beta: float) -> Any:
    """β average + (1 - β) new, in Keras' order of operations."""
    return jax.tree.map(lambda a, x: a + (x - a) * (1 - beta), average, new)

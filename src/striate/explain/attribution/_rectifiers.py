"""What relu may do to a gradient on its way back: the rules of guided backpropagation and the deconvnet.

Both are rules for `trace(activate=...)`. The forward pass keeps its numbers, only the way back differs, so
what comes out is no gradient of anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import jax
import jax.numpy as jnp

from striate import ops
from striate.layers import Activation, Layer, ReLU
from striate.network.shapes import Program, Step
from striate.ops._own_gradient import own_gradient

CEILINGS = {"relu": jnp.inf, "relu6": 6.0}
"""The activations that count as rectifiers, and where they end; all others keep their gradient."""


def guided(name: str, argument: jax.Array) -> jax.Array:
    """An activation whose rectifiers send back only what is positive, and only where they are open.

    dz = max(dy, 0) where 0 < z < ceiling, else 0

    Args:
        name: of the activation. argument: (N, ...) what it reads, z.

    Springenberg, Dosovitskiy, Brox and Riedmiller, Striving for simplicity, 2015.

    >>> back = jax.vjp(lambda z: guided("relu", z), jnp.array([2.0, 2.0, -2.0]))[1]
    >>> back(jnp.array([1.0, -1.0, 1.0]))[0]
    Array([1., 0., 0.], dtype=float32)
    """
    return _guided(argument, CEILINGS[name]) if name in CEILINGS else ops.ACTIVATIONS[name](argument)


def deconvnet(name: str, argument: jax.Array) -> jax.Array:
    """An activation whose rectifiers send back only what is positive, open or not.

    dz = max(dy, 0)

    Args:
        name: of the activation. argument: (N, ...) what it reads, z.

    Zeiler and Fergus, Visualizing and understanding convolutional networks, 2014.

    >>> back = jax.vjp(lambda z: deconvnet("relu", z), jnp.array([2.0, 2.0, -2.0]))[1]
    >>> back(jnp.array([1.0, -1.0, 1.0]))[0]
    Array([1., 0., 1.], dtype=float32)
    """
    return _deconvnet(argument, CEILINGS[name]) if name in CEILINGS else ops.ACTIVATIONS[name](argument)


def named_rectifiers(program: Program) -> Program:
    """The same program with `ReLU()` layers as `Activation("relu")`, for `trace(activate=...)` to find.

    A `ReLU` with another ceiling than 6, with a slope or with a threshold has no name, and stays.
    """
    steps = {path: _named(step) for path, step in program.steps.items()}
    return replace(program, steps=steps)


def _named(step: Step) -> Step:
    name = _name_of(step.layer)
    return step if name is None else replace(step, layer=Activation(name, trainable=step.layer.trainable))


def _name_of(layer: Layer) -> str | None:
    if type(layer) is not ReLU or layer.negative_slope or layer.threshold:
        return None
    return {None: "relu", 6.0: "relu6"}.get(layer.max_value)


def _rectified(z: jax.Array, ceiling: float) -> jax.Array:
    return ops.relu(z) if ceiling == jnp.inf else ops.relu(z, max_value=ceiling)


def _forward(z: jax.Array, ceiling: float) -> tuple[jax.Array, jax.Array]:
    return _rectified(z, ceiling), (z > 0) & (z < ceiling)


def _guided_back(_: float, is_open: jax.Array, dy: jax.Array) -> tuple[jax.Array]:
    return (jnp.where(is_open, jnp.maximum(dy, jnp.zeros_like(dy)), jnp.zeros_like(dy)),)


def _positive_back(_: float, __: jax.Array, dy: jax.Array) -> tuple[jax.Array]:
    return (jnp.maximum(dy, jnp.zeros_like(dy)),)


Rule = Callable[[jax.Array, float], jax.Array]
_guided: Rule = own_gradient(_forward, _guided_back, static=(1,))(_rectified)
_deconvnet: Rule = own_gradient(_forward, _positive_back, static=(1,))(_rectified)

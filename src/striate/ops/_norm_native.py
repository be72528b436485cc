"""Batch normalization by the statistics of its batch, perhaps with relu, with a gradient of its own.

By the native kernels where the program is compiled for a CPU, by XLA's operations elsewhere.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple, cast

import jax
import jax.numpy as jnp

from striate.ops import _native
from striate.ops.activations import relu as rectify
from striate.ops.normalization import batch_moments, batch_norm

Triple = tuple[jax.Array, jax.Array, jax.Array]


class Given(NamedTuple):
    """What comes in, and the statistics: all that the gradient needs."""

    x: jax.Array
    gamma: jax.Array
    beta: jax.Array
    mean: jax.Array
    variance: jax.Array


def normalize_batch(
    x: jax.Array, gamma: jax.Array | None, beta: jax.Array | None, epsilon: float, relu: bool = False
) -> Triple:
    """relu?((x - mean) / sqrt(variance + epsilon) * gamma + beta) by the statistics of x (N, ..., C).

    Returns:
        values of x's shape, mean (C,), variance (C,).
    """
    if x.ndim < 2 or not _native.fit(x):
        return _plain(x, gamma, beta, epsilon=epsilon, relu=relu)
    channels = x.shape[-1:]
    scale = jnp.ones(channels, x.dtype) if gamma is None else gamma
    shift = jnp.zeros(channels, x.dtype) if beta is None else beta
    return cast(Triple, _normalized(x, scale, shift, epsilon, relu))


def _plain(
    x: jax.Array, gamma: jax.Array | None, beta: jax.Array | None, *, epsilon: float, relu: bool
) -> Triple:
    mean, variance = batch_moments(x)
    y = batch_norm(x, mean, variance, gamma, beta, epsilon)
    return rectify(y) if relu else y, mean, variance


@partial(jax.custom_vjp, nondiff_argnums=(3, 4))
def _normalized(x: jax.Array, gamma: jax.Array, beta: jax.Array, epsilon: float, relu: bool) -> Triple:
    def native(*arrays: jax.Array) -> Triple:
        channels = jax.ShapeDtypeStruct(x.shape[-1:], x.dtype)
        results = (jax.ShapeDtypeStruct(x.shape, x.dtype), channels, channels)
        return _native.call("norm_forward", results, *arrays, epsilon=epsilon, relu=int(relu))

    return _native.either(native, partial(_plain, epsilon=epsilon, relu=relu), x, gamma, beta)


def _forward(
    x: jax.Array, gamma: jax.Array, beta: jax.Array, epsilon: float, relu: bool
) -> tuple[Triple, Given]:
    y, mean, variance = cast(Triple, _normalized(x, gamma, beta, epsilon, relu))
    return (y, mean, variance), Given(x, gamma, beta, mean, variance)


def _backward(epsilon: float, relu: bool, given: Given, incoming: Triple) -> Triple:
    return cast(Triple, _gradients(incoming, given, epsilon, relu))


@partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def _gradients(incoming: Triple, given: Given, epsilon: float, relu: bool) -> Triple:
    """The gradients for x, gamma and beta."""

    def native(*arrays: jax.Array) -> Triple:
        channels = jax.ShapeDtypeStruct(given.gamma.shape, given.gamma.dtype)
        results = (jax.ShapeDtypeStruct(given.x.shape, given.x.dtype), channels, channels)
        return _native.call("norm_gradient", results, *arrays, epsilon=epsilon, relu=int(relu))

    def plain(*arrays: jax.Array) -> Triple:
        return _plain_gradients(arrays[:3], Given(*arrays[3:]), epsilon, relu)

    return _native.either(native, plain, *incoming, *given)


def _plain_gradients(incoming: tuple[jax.Array, ...], given: Given, epsilon: float, relu: bool) -> Triple:
    plain = partial(_plain, epsilon=epsilon, relu=relu)
    return jax.vjp(plain, *given[:3])[1](tuple(incoming))


def _gradients_forward(
    incoming: Triple, given: Given, epsilon: float, relu: bool
) -> tuple[Triple, tuple[Triple, Given]]:
    return cast(Triple, _gradients(incoming, given, epsilon, relu)), (incoming, given)


def _gradients_backward(
    epsilon: float, relu: bool, saved: tuple[Triple, Given], outgoing: Triple
) -> tuple[Triple, Given]:
    """Second derivatives go through the separate operations, whose statistics come from x itself."""
    incoming, given = saved

    def gradients(incoming: Triple, x: jax.Array, gamma: jax.Array, beta: jax.Array) -> Triple:
        return _plain_gradients(incoming, Given(x, gamma, beta, given.mean, given.variance), epsilon, relu)

    again, x, gamma, beta = jax.vjp(gradients, incoming, *given[:3])[1](outgoing)
    return again, Given(x, gamma, beta, jnp.zeros_like(given.mean), jnp.zeros_like(given.variance))


_normalized.defvjp(_forward, _backward)
_gradients.defvjp(_gradients_forward, _gradients_backward)

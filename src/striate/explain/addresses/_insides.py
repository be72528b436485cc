"""Numbers inside layers that a run does not show: batch statistics, masks, noise, and their gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from striate import ops
from striate.explain._tracing import opened
from striate.explain.addresses.sites import DROPPING
from striate.layers import BatchNormalization, GaussianNoise, SeparableConv1D, SeparableConv2D
from striate.network.run import path_key
from striate.network.shapes import Program, Step

Arrays = dict[str, jax.Array]


def inner(program: Program) -> set[str]:
    """Names of a run's values that no nudge reaches: what lies inside a separable convolution."""
    return {f"{step.path}/depthwise" for step in program.steps.values() if _separable(step)}


def inside_values(
    program: Program, variables: Mapping[str, Any], values: Arrays, train: bool, key: jax.Array | None
) -> Arrays:
    """Means and variances of the batch, dropout's masks and the noise, as training has them."""
    found: Arrays = {}
    for step in program.steps.values() if train else ():
        x = values[step.inputs[0]]
        if isinstance(step.layer, BatchNormalization) and step.layer.trainable:
            channels_last = jnp.moveaxis(x, step.layer.axis, -1)
            _, mean, variance = ops.normalize_batch(channels_last, None, None, step.layer.epsilon)
            found |= {f"{step.path}/mean": mean, f"{step.path}/variance": variance}
        elif isinstance(step.layer, (*DROPPING, GaussianNoise)) and key is not None:
            noise = isinstance(step.layer, GaussianNoise)
            start = jnp.zeros_like(x) if noise else jnp.ones_like(x)
            drawn = step.layer.forward({}, start, train=True, key=path_key(key, step.path)).output
            found[f"{step.path}/{'noise' if noise else 'mask'}"] = drawn
    return found


def inside_grads(
    program: Program, variables: Mapping[str, Any], values: Arrays, grads: Arrays, train: bool
) -> Arrays:
    """The gradients for batch statistics and for the middle of separable convolutions."""
    found: Arrays = {}
    for step in program.steps.values():
        if _separable(step):
            upstream = grads.get(f"{step.path}/preactivation", grads[step.path])
            found[f"{step.path}/depthwise"] = _through_mixing(step, variables, values, upstream)
        elif isinstance(step.layer, BatchNormalization) and train and step.layer.trainable:
            found |= _through_norm(step, step.layer, variables, values, grads[step.path])
    return found


def _through_mixing(
    step: Step, variables: Mapping[str, Any], values: Arrays, upstream: jax.Array
) -> jax.Array:
    """Back through the pointwise half."""
    weights = _weights(step, variables)
    mix = ops.conv2d if step.layer.AXES == 2 else ops.conv1d
    _, back = jax.vjp(lambda x: mix(x, weights["pointwise_kernel"]), values[f"{step.path}/depthwise"])
    return back(upstream)[0]


def _through_norm(
    step: Step, layer: BatchNormalization, variables: Mapping[str, Any], values: Arrays, upstream: jax.Array
) -> Arrays:
    """To the variance, and to the mean directly and through the variance."""
    weights, x = _weights(step, variables), jnp.moveaxis(values[step.inputs[0]], layer.axis, -1)
    mean, variance = values[f"{step.path}/mean"], values[f"{step.path}/variance"]

    def norm(mean: jax.Array, variance: jax.Array) -> jax.Array:
        return ops.batch_norm(x, mean, variance, weights.get("gamma"), weights.get("beta"), layer.epsilon)

    def spread(mean: jax.Array) -> jax.Array:
        lifted = mean.reshape((1,) * (x.ndim - 1) + mean.shape)
        return jnp.mean(jnp.square(x - lifted), tuple(range(x.ndim - 1)))

    _, back = jax.vjp(norm, mean, variance)
    to_mean, to_variance = back(jnp.moveaxis(upstream, layer.axis, -1))
    (through,) = jax.vjp(spread, mean)[1](to_variance)
    return {f"{step.path}/mean": to_mean + through, f"{step.path}/variance": to_variance}


def _weights(step: Step, variables: Mapping[str, Any]) -> dict[str, jax.Array]:
    return {**variables["params"].get(step.owner, {}), **variables["state"].get(step.owner, {})}


def _separable(step: Step) -> bool:
    return isinstance(opened(step.layer)[0], SeparableConv1D | SeparableConv2D)

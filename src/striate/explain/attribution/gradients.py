"""Gradients of a score with respect to the pixels, as they are, times the pixels, and averaged over noise."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from striate.explain._reading import Reading
from striate.explain._tracing import Activate, trace
from striate.explain.attribution._aim import Aim, Target, aim_at
from striate.explain.attribution._arguments import need_between, need_whole
from striate.explain.attribution._attribution import Attribution
from striate.explain.attribution._parts import run, toward_scores
from striate.explain.attribution._rectifiers import named_rectifiers
from striate.explain.attribution._rows import by_rows, rows_at_once
from striate.network import Network


def gradient(reading: Reading, target: Target = None, *, absolute: bool = False) -> Attribution:
    """How the score changes with each pixel.

    A = df/dx, at each (n, h, w, c)

    Args:
        reading: a model with pictures in it. target: as for `attribute`.
        absolute: the size of the change only.

    Simonyan, Vedaldi and Zisserman, Deep inside convolutional networks, 2014.
    """
    aim = aim_at(reading, target)
    slopes = np.asarray(slopes_of(reading, aim))
    values = np.abs(slopes) if absolute else slopes
    about = f"The {'size of the ' if absolute else ''}gradient of the score with respect to each pixel."
    return Attribution("gradient", values, aim, reading, about, signed=not absolute)


def input_times_gradient(reading: Reading, target: Target = None) -> Attribution:
    """Each pixel times the gradient there: what a linear network would owe to it.

    A = x df/dx

    Args:
        reading: a model with pictures in it. target: as for `attribute`.

    Shrikumar, Greenside, Shcherbina and Kundaje, Not just a black box, 2016.
    """
    aim = aim_at(reading, target)
    values = np.asarray(reading.x * slopes_of(reading, aim))
    about = "Each pixel, in the network's own scale, times the gradient of the score there."
    return Attribution("input-x-gradient", values, aim, reading, about)


def smoothgrad(
    reading: Reading, target: Target = None, *, samples: int = 32, noise: float = 0.15, seed: int = 0
) -> Attribution:
    """The mean gradient over noisy copies of the picture.

    A = mean_k df/dx at x + e_k, with e_k normal, its deviation `noise` times the picture's range

    Args:
        reading: a model with pictures in it. target: as for `attribute`.
        samples: how many copies. noise: the deviation as a part of (largest - smallest pixel).
        seed: draws the noise.

    Smilkov, Thorat, Kim, Viégas and Wattenberg, SmoothGrad, 2017.
    """
    need_whole("samples", samples)
    need_between("noise", noise, 0, 10)
    aim, network, x = aim_at(reading, target), reading.network, reading.x
    axes = tuple(range(1, x.ndim))
    spans = noise * (x.max(axes, keepdims=True) - x.min(axes, keepdims=True))
    keys = jax.random.split(jax.random.key(seed), samples)
    program = _noisy(network)

    def smooth(inputs: Mapping[str, jax.Array], weights: jax.Array, spans: jax.Array) -> jax.Array:
        return program(reading.variables, inputs, weights, spans, keys)

    size = rows_at_once(network)
    values = by_rows(smooth, size, reading.inputs, aim.weights, spans)
    about = f"The mean gradient over {samples} copies with noise of {100 * noise:g} % of the picture's range."
    return Attribution("smoothgrad", np.asarray(values), aim, reading, about)


def slopes_of(reading: Reading, aim: Aim, activate: Activate | None = None) -> jax.Array:
    """(N, ...) the gradient of the aimed score for the first input; `activate` is that of `trace`."""
    program = sloper(reading.network, activate)
    size = rows_at_once(reading.network)
    return by_rows(
        lambda inputs, weights: program(reading.variables, inputs, weights),
        size,
        reading.inputs,
        aim.weights,
    )


@lru_cache(maxsize=32)
def sloper(network: Network, activate: Activate | None = None) -> Any:
    """(variables, inputs, aim's weights) -> gradient of the aimed scores for the first input, compiled."""
    return jax.jit(lambda *given: _slopes(network, activate, *given))


def _slopes(
    network: Network,
    activate: Activate | None,
    variables: Mapping[str, Any],
    inputs: Mapping[str, jax.Array],
    weights: jax.Array,
) -> jax.Array:
    program, name = toward_scores(network), network.inputs[0].name

    def total(x: jax.Array) -> jax.Array:
        given = {**inputs, name: x}
        if activate is None:
            return (run(program, variables, given) * weights).sum()
        values = trace(named_rectifiers(program), variables, given, activate=activate).values
        return (values[program.outputs[0]] * weights).sum()

    return jax.grad(total)(inputs[name])


@lru_cache(maxsize=16)
def _noisy(network: Network) -> Any:
    """(variables, inputs, weights, deviations, keys) -> mean gradient over one noise a key, compiled."""
    name = network.inputs[0].name

    def mean(
        variables: Mapping[str, Any],
        inputs: Mapping[str, jax.Array],
        weights: jax.Array,
        spans: jax.Array,
        keys: jax.Array,
    ) -> jax.Array:
        x = inputs[name]

        def add(total: jax.Array, key: jax.Array) -> tuple[jax.Array, None]:
            noisy = {**inputs, name: x + spans * jax.random.normal(key, x.shape)}
            return total + _slopes(network, None, variables, noisy, weights), None

        return jax.lax.scan(add, jnp.zeros_like(x), keys)[0] / keys.shape[0]

    return jax.jit(mean)

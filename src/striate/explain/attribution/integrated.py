"""Integrated gradients: the mean gradient on the straight way from a baseline to the picture."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from striate.explain._reading import Reading
from striate.explain.attribution._aim import Target, aim_at, scorer
from striate.explain.attribution._arguments import need_choice, need_whole
from striate.explain.attribution._attribution import Attribution
from striate.explain.attribution._baselines import Baseline, baseline_for
from striate.explain.attribution._parts import affine_split, run
from striate.explain.attribution._rows import by_rows, repeated, rows_at_once
from striate.network import Network

RULES = ("gauss-legendre", "trapezoid", "midpoint", "left", "right")
"""Where on the way gradients are taken: `quadrature` says it in numbers."""


def integrated_gradients(
    reading: Reading,
    target: Target = None,
    *,
    steps: int = 64,
    baseline: Baseline = 0.0,
    rule: str = "gauss-legendre",
) -> Attribution:
    """Each pixel's share of the difference between the picture's score and the baseline's.

    A = (x - b) sum_s w_s df/dx at b + t_s (x - b); the sum of A is f(x) - f(b), but for the quadrature

    Args:
        reading: a model with pictures in it. target: as for `attribute`.
        steps: how many gradients are averaged.
        baseline: what the way begins at; see `baseline_for`.
        rule: the quadrature, one of RULES.

    Sundararajan, Taly and Yan, Axiomatic attribution for deep networks, 2017.
    """
    places, shares = quadrature(need_choice("rule", rule, RULES), need_whole("steps", steps))
    aim, network = aim_at(reading, target), reading.network
    base = baseline_for(reading, baseline)
    size = rows_at_once(network)
    together = max(1, size // len(base))
    parts = [_in_parts(numbers, together) for numbers in (places, shares)]
    program = _integrator(network)

    def integrate(inputs: Mapping[str, jax.Array], base: jax.Array, weights: jax.Array) -> jax.Array:
        return program(reading.variables, inputs, base, weights, *parts)

    values = by_rows(integrate, size, reading.inputs, base, aim.weights)
    told = baseline if isinstance(baseline, str | int | float) else "the picture given"
    about = f"{steps} gradients on the way from the baseline ({told}), by the {rule} rule."
    facts = {"difference": aim.scores - _scores_at(reading, base, np.asarray(aim.weights))}
    return Attribution("integrated-gradients", np.asarray(values), aim, reading, about, facts=facts)


def quadrature(rule: str, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Places on the way from 0 to 1, and the share of each in the mean.

    >>> quadrature("trapezoid", 3)
    (array([0. , 0.5, 1. ]), array([0.25, 0.5 , 0.25]))
    """
    if rule == "gauss-legendre":
        places, shares = np.polynomial.legendre.leggauss(steps)
        return (places + 1) / 2, shares / 2
    if rule == "trapezoid" and steps > 1:
        shares = np.full(steps, 1 / (steps - 1))
        shares[[0, -1]] /= 2
        return np.linspace(0, 1, steps), shares
    offset = {"left": 0.0, "right": 1.0}.get(rule, 0.5)
    return (np.arange(steps) + offset) / steps, np.full(steps, 1 / steps)


def _in_parts(numbers: np.ndarray, together: int) -> jax.Array:
    """(S,) as (parts, together), the rest filled with zeros: places that count nothing."""
    filled = np.zeros(-(-len(numbers) // together) * together, np.float32)
    filled[: len(numbers)] = numbers
    return jnp.asarray(filled.reshape(-1, together))


def _scores_at(reading: Reading, x: jax.Array, weights: np.ndarray) -> np.ndarray:
    """(N,) the aimed scores of other pictures."""
    network = reading.network
    inputs = {**reading.inputs, network.inputs[0].name: x}
    program = scorer(network)
    scores = by_rows(lambda given: program(reading.variables, given), rows_at_once(network), inputs)
    return (np.asarray(scores) * weights).sum(1)


@lru_cache(maxsize=16)
def _integrator(network: Network) -> Any:
    """(variables, inputs, base, aim's weights, places, shares) -> (N, H, W, C) attributions, compiled.

    The affine beginning keeps a straight way straight, so the way is walked behind it and the mean gradient
    goes back through it once. The loop holds nothing but sums: rows of one picture are added up at the end,
    because a reduction inside the loop takes longer than it saves.
    """
    head, name, tail = affine_split(network)
    source = network.inputs[0].name

    def integrate(
        variables: Mapping[str, Any],
        inputs: Mapping[str, jax.Array],
        base: jax.Array,
        weights: jax.Array,
        places: jax.Array,
        shares: jax.Array,
    ) -> jax.Array:
        x, copies = inputs[source], places.shape[1]
        others = {n: repeated(a, copies) for n, a in inputs.items() if n != source}

        def begin(x: jax.Array) -> jax.Array:
            return x if head is None else run(head, variables, {source: x})

        def add(total: jax.Array, part: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
            along, share = (_of_rows(numbers, len(x)) for numbers in part)
            aims = repeated(weights, copies) * share[:, None]

            def score(points: jax.Array) -> jax.Array:
                return (run(tail, variables, {**others, name: points}) * aims).sum()

            points = starts + jnp.expand_dims(along, range(1, ways.ndim)) * ways
            return total + jax.grad(score)(points), None

        end, back = jax.vjp(begin, x)
        start = begin(base)
        starts, ways = repeated(start, copies), repeated(end - start, copies)
        totals = jax.lax.scan(add, jnp.zeros_like(ways), (places, shares))[0]
        return (x - base) * back(totals.reshape(copies, *end.shape).sum(0))[0]

    return jax.jit(integrate)


def _of_rows(numbers: jax.Array, examples: int) -> jax.Array:
    """One number a copy as one number a row."""
    return jnp.repeat(numbers, examples)

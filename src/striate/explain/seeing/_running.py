"""Compiled runs that go no further than the layer that is looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import jax

from striate.errors import ArgumentError, Problem
from striate.explain._tracing import trace
from striate.layers._base import Shape
from striate.network import Network
from striate.network.shapes import Program, unroll

Run = Callable[[Mapping[str, Any], Mapping[str, jax.Array]], dict[str, jax.Array]]
"""(variables, inputs) -> the values that were asked for."""


def partial(program: Program, names: Iterable[str]) -> Program:
    """The program with only those steps that these values need.

    Args:
        program: of a network. names: of values: "conv1", "conv1/preactivation", "input1".
    """
    wanted = {owner(program, name) for name in names}
    kept: dict[str, Any] = {}
    for step in reversed(program.steps.values()):
        if step.path in wanted:
            kept[step.path] = step
            wanted |= set(step.inputs)
    return replace(program, steps=dict(reversed(kept.items())))


def owner(program: Program, name: str) -> str:
    """The step (or input) that makes a value."""
    return name if name in program.shapes else name.rpartition("/")[0]


@lru_cache(maxsize=32)
def runner(network: Network, names: tuple[str, ...]) -> Run:
    """A compiled run that gives these values; equal networks share it."""
    program = partial(network.program, names)

    def run(variables: Mapping[str, Any], inputs: Mapping[str, jax.Array]) -> dict[str, jax.Array]:
        values = trace(program, variables, inputs).values
        return {name: values[name] for name in names}

    return jax.jit(run)


def resized(network: Network, names: Iterable[str], shape: Shape) -> Program:
    """The steps that these values need, for an input of another shape.

    Args:
        network: with one input. names: of values. shape: (H, W, C) of the input.

    Raises:
        ArgumentError: a layer among them does not take what comes then.
    """
    program = partial(unroll(network, [shape]), names)
    problems = [problem for problem in program.problems if problem.where in program.steps]
    if not problems:
        return program
    height, width = shape[:2]
    happened = f"pictures of {height}x{width} do not fit {problems[0].where!r}: {problems[0].happened}"
    usual = network.shapes[network.inputs[0].name]
    cure = "Leave size out, or choose an earlier layer."
    raise ArgumentError(Problem("size", happened, f"{usual[0]}x{usual[1]} there", cure))

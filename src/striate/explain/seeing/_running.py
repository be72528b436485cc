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
from striate.network.shapes import Program, Step, unroll

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
    unfit = _unfit(program, network.program)
    if unfit is None:
        return program
    height, width = shape[:2]
    happened = f"pictures of {height}x{width} do not fit {unfit}"
    usual = network.shapes[network.inputs[0].name]
    cure = "Leave size out, or choose an earlier layer."
    raise ArgumentError(Problem("size", happened, f"{usual[0]}x{usual[1]} there", cure))


def _unfit(program: Program, usual: Program) -> str | None:
    """The first layer that cannot take what comes, or would need other weights, and why; or None."""
    wrong = {problem.where: problem.happened for problem in program.problems}
    for path, step in program.steps.items():
        if path in wrong:
            return f"{path!r}: {wrong[path]}"
        if step.input_shapes is None:
            return f"{path!r}"
        needed, kept = _weight_shapes(step), _weight_shapes(usual.steps[path])
        for name, there in kept.items():
            if needed.get(name) != there:
                return f"{path!r}: its {name} has the shape {there}, and {needed.get(name)} would be needed"
    return None


def _weight_shapes(step: Step) -> dict[str, Shape]:
    """{weight: shape} of a step for what it reads."""
    return {name: weight.shape for name, weight in step.layer.weights(*(step.input_shapes or ())).items()}

"""Weights drawn and networks run: pure functions of a program, its variables and its inputs."""

from __future__ import annotations

import operator
import zlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from striate.errors import ArgumentError, Problem
from striate.layers._base import Result, Weight
from striate.layers._drawing import folded, key_of
from striate.network._feeding import check_numbers, check_variables, read_inputs
from striate.network._fusion import all_weights, find_chains
from striate.network._narrowing import narrow_chains
from striate.network._preparing import Prepared, replaced
from striate.network.kept_programs import keep_programs
from striate.network.shapes import Program, Step
from striate.ops import sums_in_order

__all__ = [
    "Applied",
    "Variables",
    "check_numbers",
    "check_variables",
    "draw_weights",
    "execute",
    "penalty",
    "read_inputs",
]

Variables = dict[str, dict[str, dict[str, jax.Array]]]
"""{"params": {path: {weight: array}}, "state": {path: {weight: array}}}."""

MAX_PARAMETERS = 2**32
"""More weights than this (16 GiB) are refused before any is drawn."""


class Applied(NamedTuple):
    """What running a network gives.

    Args:
        output: (N, ...) array, or a tuple of them for several outputs.
        state: the complete new state, {path: {weight: array}}.
        record: the named intermediates that were asked for.
    """

    output: Any
    state: dict[str, dict[str, jax.Array]]
    record: dict[str, jax.Array]


def path_key(key: jax.Array, path: str) -> jax.Array:
    """A key of its own for a path, the same whatever else the network holds."""
    return folded(key, zlib.crc32(path.encode()))


def draw_weights(declared: Mapping[str, Mapping[str, Weight]], seed_or_key: int | jax.Array) -> Variables:
    """Draw every declared weight with a key made from its own path."""
    keep_programs()
    count = sum(_size(weight) for weights in declared.values() for weight in weights.values())
    if count > MAX_PARAMETERS:
        largest = max(declared, key=lambda path: sum(map(_size, declared[path].values())))
        happened = f"the network wants {count:,} weights"
        cure = f"Most are in {largest!r}; make what it reads smaller."
        raise ArgumentError(Problem("network", happened, f"at most {MAX_PARAMETERS:,}", cure))
    key = seed_or_key if isinstance(seed_or_key, jax.Array) else key_of(operator.index(seed_or_key))
    variables: Variables = {"params": {}, "state": {}}
    for path, weights in declared.items():
        for name, weight in weights.items():
            array = weight.initializer(path_key(key, f"{path}/{name}"), weight.shape)
            variables["params" if weight.trainable else "state"].setdefault(path, {})[name] = array
    return variables


def execute(
    program: Program,
    variables: Mapping[str, Any],
    inputs: Mapping[str, jax.Array],
    *,
    train: bool,
    key: jax.Array | None,
    record: bool | Sequence[str],
    prepared: Prepared | None = None,
) -> Applied:
    """Run every step in order; shared weights and state are looked up under their owner's path."""
    keep_programs()  # whoever compiles a network traces it first
    params = variables.get("params", {})
    state = {path: dict(weights) for path, weights in variables.get("state", {}).items()}
    values: dict[str, jax.Array] = dict(inputs)
    made: dict[str, jax.Array] = {}
    chains = {} if record else find_chains(program, train, answers=prepared is not None and not train)
    prepared = prepared or {}
    narrow = narrow_chains(program, chains, prepared)
    for step in program.steps.values():
        if step.path in values:  # a chain has run it
            continue
        if chain := chains.get(step.path):
            weights_of = partial(all_weights, params=params, state=state)
            result = chain.run(values, weights_of, prepared.get(step.path), step.path in narrow)
            values.update({joined.path: result.output for joined in chain.steps})
            state = _moved(state, step, result)
            continue
        with sums_in_order(bool(record)):
            weights = replaced(all_weights(step, params, state), step.path, prepared)
            result = _forward(step, weights, values, train, key)
        made.update({f"{step.path}/{name}": array for name, array in result.inside.items()})
        made[step.path] = values[step.path] = result.output
        state = _moved(state, step, result)
    outputs = tuple(values[path] for path in program.outputs)
    output = outputs[0] if len(outputs) == 1 else outputs
    return Applied(output, state, _recorded(program, values, made, record))


def _moved(state: Mapping[str, Any], step: Step, result: Result) -> dict[str, Any]:
    """The state with what a step made of its own."""
    return (
        {**state, step.owner: {**state.get(step.owner, {}), **result.state}} if result.state else dict(state)
    )


def _forward(
    step: Step,
    weights: Mapping[str, Any],
    values: Mapping[str, jax.Array],
    train: bool,
    key: jax.Array | None,
) -> Result:
    own = path_key(key, step.path) if key is not None and train else None
    return step.layer.forward(weights, *(values[name] for name in step.inputs), train=train, key=own)


def _recorded(
    program: Program,
    values: Mapping[str, jax.Array],
    made: dict[str, jax.Array],
    record: bool | Sequence[str],
) -> dict[str, jax.Array]:
    """The intermediates that were asked for: all in the order they were made, or those named."""
    if isinstance(record, bool):
        return made if record else {}
    wanted = (record,) if isinstance(record, str) else tuple(record)
    if unknown := [name for name in wanted if name not in made and name not in program.names]:
        raise ArgumentError([_unknown(name, [*program.names, *made]) for name in unknown])
    return {name: made[name] if name in made else values[program.names[name]] for name in wanted}


def _unknown(name: str, known: list[str]) -> Problem:
    names = ", ".join(dict.fromkeys(known))
    names = names if len(names) <= 300 else names[:297] + "..."
    return Problem(
        "record", f"there is no intermediate {name!r}", "a name from the network", f"Known: {names}."
    )


def penalty(
    declared: Mapping[str, Mapping[str, Weight]], params: Mapping[str, Mapping[str, jax.Array]]
) -> jax.Array:
    """The sum of the regularizers over the trainable weights."""
    terms = [
        weight.regularizer.penalty(params[path][name])
        for path, weights in declared.items()
        for name, weight in weights.items()
        if weight.regularizer is not None and weight.trainable
    ]
    return sum(terms, start=jnp.zeros((), jnp.float32))


def nest(weights: Mapping[str, jax.Array]) -> dict[str, dict[str, jax.Array]]:
    """{"path/weight": array} as {path: {weight: array}}."""
    nested: dict[str, dict[str, jax.Array]] = {}
    for name, array in weights.items():
        path, _, weight = name.rpartition("/")
        nested.setdefault(path, {})[weight] = array
    return nested


def unnest(nested: Mapping[str, Mapping[str, jax.Array]]) -> dict[str, jax.Array]:
    """{path: {weight: array}} as {"path/weight": array}."""
    return {f"{path}/{name}": array for path, weights in nested.items() for name, array in weights.items()}


def _size(weight: Weight) -> int:
    size = 1
    for axis in weight.shape:
        size *= axis
    return size

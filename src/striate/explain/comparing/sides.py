"""Whatever can be compared, brought to one form: weights by name, and values for given examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from striate.errors import ArgumentError, Problem
from striate.explain._reading import read
from striate.explain._tracing import trace
from striate.explain.recording.reading import RecordedStep
from striate.models import Model
from striate.network import Network

PRECISIONS = ("bfloat16", "float16")
BATCH = 64

Run = Callable[[Any, Sequence[str]], Mapping[str, np.ndarray]]


@dataclass(frozen=True, eq=False)
class Side:
    """One of two things that are compared.

    Args:
        name: what it is called. network: its architecture, or None. weights: {"conv1/kernel": array}.
        run: (x, names) -> {name: (N, ...) array} of activations and outputs; names that it has not are left
            out. None where nothing can be run.
        output: the name of its output among them.
        model: the model, where there is one.
    """

    name: str
    network: Network | None
    weights: Mapping[str, np.ndarray]
    run: Run | None
    output: str
    model: Model | None = None


OUTPUT = "output"
"""What the output of a function or of bare arrays is called."""


def side_of(given: Any, other: Any, name: str) -> Side:
    """A side from what a person gives.

    Args:
        given: a model; a recorded step (`recording.at(120)`); "bfloat16" or "float16" for the other side's
            model computed in that precision; a function of x; an array of outputs; or a dict of arrays.
        other: what the other side was given. name: what to call it when it has no name of its own.

    Raises:
        ArgumentError: it is none of these.
    """
    if isinstance(given, Model):
        return _model_side(given, given.network.name or name)
    if isinstance(given, RecordedStep):
        return _recorded_side(given)
    if isinstance(given, str) and given in PRECISIONS and isinstance(other, Model):
        return cast_side(other, given)
    if callable(given):
        return Side(name, None, {}, lambda x, names: _answered(given(x)), OUTPUT)
    if isinstance(given, Mapping) or hasattr(given, "__array__"):
        return Side(name, None, {}, lambda x, names: _answered(given), OUTPUT)
    expected = "a model, recording.at(step), 'bfloat16' beside a model, a function of x, or arrays"
    happened = f"got {given!r}" if isinstance(given, str) else f"got a {type(given).__name__}"
    cure = "Load files first: st.load(path), st.explain.open_recording(path).at(step)."
    raise ArgumentError(Problem(name, happened, expected, cure))


def cast_side(model: Model, precision: str) -> Side:
    """A model whose weights and whose every operation are in another precision."""
    held = jax.tree.map(
        lambda a: a.astype(precision) if jnp.issubdtype(a.dtype, jnp.floating) else a, model.variables
    )
    weights = _flat(jax.tree.map(lambda a: np.asarray(a, np.float32), held))
    run = _runner_of(model, held, precision)
    output = model.network.program.outputs[0]
    return Side(precision, model.network, weights, run, output, model)


def _model_side(model: Model, name: str) -> Side:
    run = _runner_of(model, model.variables, "float32")
    output = model.network.program.outputs[0]
    return Side(name, model.network, _flat(model.variables), run, output, model)


def _recorded_side(step: RecordedStep) -> Side:
    """A recorded step: the whole model where every weight was recorded, else what there is."""
    name = f"step {step.step}"
    try:
        return _model_side(step.model(), name)
    except ArgumentError:
        return Side(name, None, step.weights(), lambda x, names: step.values(), OUTPUT)


def _runner_of(model: Model, variables: Any, precision: str) -> Run:
    """Runs a model batch by batch, giving back only what is asked for."""

    def run(x: Any, names: Sequence[str]) -> dict[str, np.ndarray]:
        known = tuple(name for name in names if name in model.network.program.shapes)
        look = _looker(model.network, known, precision)
        inputs = read(model, x).inputs
        count = len(next(iter(inputs.values())))
        parts = [
            jax.device_get(look(variables, {n: a[start : start + BATCH] for n, a in inputs.items()}))
            for start in range(0, count, BATCH)
        ]
        return {
            name: np.concatenate([np.asarray(part[name], np.float32) for part in parts]) for name in known
        }

    return run


@lru_cache(maxsize=16)
def _looker(network: Network, names: tuple[str, ...], precision: str) -> Any:
    """(variables, inputs) -> {name: array}, compiled; equal networks share it."""

    def look(variables: Any, inputs: Mapping[str, jax.Array]) -> dict[str, jax.Array]:
        cast = {name: array.astype(precision) for name, array in inputs.items()}
        values = trace(network.program, variables, cast).values
        return {name: values[name] for name in names}

    return jax.jit(look)


def _answered(answer: Any) -> dict[str, np.ndarray]:
    """Arrays by name, from a dict, a list (the first is the output), or an array."""
    if isinstance(answer, Mapping):
        return {str(name): np.asarray(array, np.float32) for name, array in answer.items()}
    first = answer[0] if isinstance(answer, list | tuple) else answer
    return {OUTPUT: np.asarray(first, np.float32)}


def _flat(variables: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """{"conv1/kernel": array} of weights and running statistics."""
    return {
        f"{path}/{name}": np.asarray(array)
        for group in variables.values()
        for path, weights in group.items()
        for name, array in weights.items()
    }

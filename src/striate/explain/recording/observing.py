"""All numbers of a step from one compiled call: values, and the gradients of the loss that is trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp

from striate.explain._tracing import trace
from striate.explain.recording._selecting import GRAD
from striate.network import Network
from striate.network.run import Applied
from striate.training._batches import Batch
from striate.training._steps import Steps


@dataclass(frozen=True)
class _Open:
    """A network that runs in the open: `Steps.loss` finds `apply` and `penalty`, and hands its state on.

    What it hands on as its state is every value, so that the loss stays the one that is trained.
    """

    network: Network
    nudges: Mapping[str, jax.Array]

    def apply(self, variables: Any, x: Any, *, train: bool, key: jax.Array | None) -> Applied:
        """The outputs as `Network.apply` gives them."""
        inputs = self.network.read_inputs(x)
        program, nudges = self.network.program, self.nudges
        values: Any = trace(program, variables, inputs, nudges=nudges, train=train, key=key).values
        outputs = tuple(values[path] for path in self.network.program.outputs)
        return Applied(outputs[0] if len(outputs) == 1 else outputs, values, {})

    def penalty(self, params: Any) -> jax.Array:
        """What the regularizers add."""
        return self.network.penalty(params)


Observe = Callable[[Any, Any, Batch, "jax.Array | None"], dict[str, jax.Array]]


def observer(steps: Steps, values: tuple[str, ...], gradients: bool, train: bool, examples: int) -> Observe:
    """A compiled (params, state, batch, key) -> {name: array}.

    Args:
        steps: the arithmetic of the training. values: which activations.
        gradients: whether the loss is differentiated, for "conv1/kernel.grad" of every trained weight and
            "conv1.grad" of the activations.
        train: as in a training step (batch statistics, dropout, augmentation) or as in an answer.
        examples: how many of the batch are given back; gradients of weights are of the whole batch.
    """
    try:
        return _equal_observer(steps, values, gradients, train, examples)
    except TypeError:  # a value of the user's own that cannot be hashed
        return _new_observer(steps, values, gradients, train, examples)


def _new_observer(
    steps: Steps, values: tuple[str, ...], gradients: bool, train: bool, examples: int
) -> Observe:
    """Compiled anew."""

    def run(params: Any, state: Any, batch: Batch, key: jax.Array | None) -> dict[str, jax.Array]:
        seen, mixture = steps.varied(batch, key) if train and key is not None else (batch, None)

        def loss(params: Any, nudges: Mapping[str, jax.Array]) -> tuple[jax.Array, dict[str, jax.Array]]:
            opened = replace(steps, network=_Open(steps.network, nudges))
            whole, (_, _, found) = opened.loss(params, state, seen, train, key, mixture)
            return whole, {name: found[name] for name in values}

        if not gradients:
            return _cut(_values(steps, params, state, seen, train, key, values), examples)
        shapes = jax.eval_shape(lambda: loss(params, {})[1])
        zeros = {name: jnp.zeros(value.shape, value.dtype) for name, value in shapes.items()}
        slopes, found = jax.grad(loss, argnums=(0, 1), has_aux=True)(params, zeros)
        named = {f"{p}/{n}{GRAD}": g for p, weights in slopes[0].items() for n, g in weights.items()}
        return named | _cut(found | {name + GRAD: slope for name, slope in slopes[1].items()}, examples)

    return jax.jit(run)


_equal_observer = lru_cache(maxsize=8)(_new_observer)


def _values(
    steps: Steps,
    params: Any,
    state: Any,
    batch: Batch,
    train: bool,
    key: jax.Array | None,
    values: tuple[str, ...],
) -> dict[str, jax.Array]:
    """Activations alone; no target is needed."""
    inputs = steps.prepare(batch.inputs)
    opened = _Open(steps.network, {})
    given = inputs[0] if len(inputs) == 1 else inputs
    found: Any = opened.apply({"params": params, "state": state}, given, train=train, key=key).state
    return {name: found[name] for name in values}


def _cut(arrays: Mapping[str, jax.Array], examples: int) -> dict[str, jax.Array]:
    """The first examples of each."""
    return {name: array[:examples] for name, array in arrays.items()}

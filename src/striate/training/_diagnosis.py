"""A training met a number that is not finite: which step, which layer, and what to do."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from striate.errors import Problem, TrainingError
from striate.network import find_nonfinite
from striate.training._batches import Batch
from striate.training._steps import Steps

CURE = (
    "Lower the learning rate (now {rate:.3g}), clip gradients with clipnorm=1.0, or look at the data of this "
    "step. The model holds the weights from before it."
)


def not_finite(run: Any, key: jax.Array) -> TrainingError:
    """The error that names epoch, step and layer; the carry still holds the weights from before the step.

    Args:
        run: a `Run` whose next step is the one that went wrong.
        key: the epoch's random key, so that dropout and noise are the same again.
    """
    steps: Steps = run.programs.steps
    batch = jax.tree.map(jnp.asarray, run.feeder.batch(run.step))
    variables = {"params": run.carry.params, "state": run.carry.state}
    happened = _what(steps, variables, batch, jax.random.fold_in(key, run.carry.step))
    of = "" if run.feeder.steps is None else f" of {run.feeder.steps}"
    rate = float(run.rates(run.step, run.step + 1)[0])
    where = f"epoch {run.epoch + 1}, step {run.step + 1}{of}"
    return TrainingError(Problem(where, happened, "finite numbers", CURE.format(rate=rate)))


def _what(steps: Steps, variables: Any, batch: Batch, key: jax.Array) -> str:
    """What was not finite: the output of a layer, the loss, or the gradient of a weight."""
    batch, mixture = steps.varied(batch, key)
    inputs = steps.prepare(batch.inputs)
    x = inputs[0] if len(inputs) == 1 else inputs
    layer = find_nonfinite(steps.network, variables, x, train=True, key=key)
    if layer is not None:
        return f"the layer {layer!r} gave a number that is not finite (NaN or infinity)"
    grad = jax.jit(jax.value_and_grad(steps.loss, has_aux=True), static_argnums=3)
    (whole, _), grads = grad(variables["params"], variables["state"], batch, True, key, mixture)
    if not bool(jnp.isfinite(whole)):
        largest = _largest(steps, variables, x)
        return f"the loss is not finite (NaN or infinity), though every output is; {largest}"
    path = _last_nonfinite(steps, grads)
    return f"the gradient of the layer {path!r} is not finite (NaN or infinity), though the loss is"


def _largest(steps: Steps, variables: Any, x: Any) -> str:
    """The layer with the largest numbers, where an overflow or a division by nothing is likely to begin."""
    record = steps.network.apply(variables, x, record=tuple(steps.network.program.steps)).record
    sizes = {path: float(jnp.abs(array).max()) for path, array in record.items()}
    path = max(sizes, key=lambda path: sizes[path])
    return f"the largest, {sizes[path]:.3g}, comes from the layer {path!r}"


def _last_nonfinite(steps: Steps, grads: Any) -> str:
    """The layer with such a gradient that lies nearest to the output, where the trouble began."""
    found = [
        path
        for path in steps.network.declared
        if not all(bool(jnp.isfinite(grad).all()) for grad in grads.get(path, {}).values())
    ]
    return found[-1] if found else "?"

"""All that training changes from step to step, as one value that lives on the device."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import numpy as np
import optax

from striate.training._objective import Objective


class Sums(NamedTuple):
    """What is known of the examples seen since the epoch began, summed, so that short batches count exactly.

    Args:
        examples: float32, how many there were.
        loss: float32, the sum over examples of the whole loss (every output, weighted, and the penalty).
        losses: for each output that has a loss, the sum over examples of its own loss.
        metrics: for each output, the states of its metrics.
    """

    examples: jax.Array
    loss: jax.Array
    losses: tuple[jax.Array, ...]
    metrics: tuple[tuple[Any, ...], ...]


class Carry(NamedTuple):
    """The value that goes into a step and comes out of it.

    Args:
        params: {path: {weight: array}}, what the optimizer moves.
        state: {path: {weight: array}}, what layers update themselves (running means).
        optimizer: the optimizer's memory.
        sums: what the epoch has shown so far.
        step: int32, the steps done in this epoch; the next one has this number.
        finite: False once a step met a number that is not finite; such a step changes nothing else.
    """

    params: Any
    state: Any
    optimizer: Any
    sums: Sums
    step: jax.Array
    finite: jax.Array


class Evaluated(NamedTuple):
    """The value that testing carries from batch to batch.

    Args:
        sums: what the examples have shown so far.
        step: int32, the batches done.
    """

    sums: Sums
    step: jax.Array


def zero_sums(objective: Objective) -> Sums:
    """Nothing seen yet."""
    zero: Any = np.zeros((), np.float32)
    metrics = tuple(tuple(metric.init() for metric in group) for group in objective.metric_groups())
    return own(Sums(zero, zero, (zero,) * len(objective.loss_outputs), metrics))


def first_evaluated(objective: Objective) -> Evaluated:
    """What testing begins with."""
    return Evaluated(zero_sums(objective), own(np.zeros((), np.int32)))


def first_carry(
    variables: Any, transform: optax.GradientTransformation, memory: Any, objective: Objective
) -> Carry:
    """The value a training begins with; all arrays are copies, because the program gives its buffers away.

    Args:
        variables: {"params": …, "state": …}.
        transform: the optimizer's update rule.
        memory: the optimizer's memory from an earlier training, or None.
        objective: what is minimized and measured.
    """
    params, state = own(variables["params"]), own(variables["state"])
    memory = own(transform.init(params) if memory is None else memory)
    nothing: Any = None
    return new_epoch(Carry(params, state, memory, nothing, nothing, nothing), objective)


def new_epoch(carry: Carry, objective: Objective) -> Carry:
    """The same weights and memory, with step and sums at zero."""
    step, finite = own((np.zeros((), np.int32), np.ones((), bool)))
    return carry._replace(sums=zero_sums(objective), step=step, finite=finite)


def own(tree: Any) -> Any:
    """A copy of every array on the device, in buffers that nobody else holds; it needs no program."""
    return jax.tree.map(lambda leaf: jax.device_put(leaf, may_alias=False), tree)


def is_alive(carry: Carry) -> bool:
    """Whether the arrays are still there: a program that was cut off has taken them with it."""
    return not any(leaf.is_deleted() for leaf in jax.tree.leaves(carry))

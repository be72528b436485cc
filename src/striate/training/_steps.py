"""One step of training or testing as a pure function, and the compiled programs that make many of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import lax

from striate.ops import products_of
from striate.training._batches import Batch
from striate.training._objective import Objective
from striate.training._state import Carry, Evaluated, Sums
from striate.training.augmentation import Augmentation, Mixture

AUGMENTING = 0x5EED
"""Folded into a step's key, so that augmentation and dropout do not draw the same numbers."""


@dataclass(frozen=True)
class Steps:
    """The arithmetic of training one network for one objective.

    Args:
        network: what is trained; `apply` and `penalty` are used.
        objective: what is minimized and measured.
        transform: the optimizer's direction, before the learning rate.
        prepare: what happens to the inputs on the device, such as scaling uint8 pictures.
        augment: how pictures are varied while training, or None.
        precision: of the numbers that are multiplied, see `ops.products_of`.
    """

    network: Any
    objective: Objective
    transform: optax.GradientTransformation
    prepare: Callable[[tuple[jax.Array, ...]], tuple[jax.Array, ...]]
    augment: Augmentation | None = None
    precision: str = "float32"

    def loss(
        self,
        params: Any,
        state: Any,
        batch: Batch,
        train: bool,
        key: jax.Array | None,
        mixture: Mixture | None = None,
    ) -> tuple[jax.Array, tuple[tuple[jax.Array, ...], tuple[jax.Array, ...], Any]]:
        """The whole loss of a batch, and beside it: each output's own loss, the outputs, the new state.

        whole = Σ_k loss_weights[k] · Σ_i w_ki · loss_k(i) / N + penalty(params)

        In a mixture, loss_k(i) is share · loss_k(i) + (1 - share) · the loss with the partner's target.
        """
        variables = {"params": params, "state": state}
        inputs = _one_or_all(self.prepare(batch.inputs))
        with products_of(self.precision):
            applied = self.network.apply(variables, inputs, train=train, key=key)
        outputs = applied.output if isinstance(applied.output, tuple | list) else (applied.output,)
        parts = []
        for index in self.objective.loss_outputs:
            loss = self.objective.losses[index]
            assert loss is not None
            values = loss.per_example(batch.targets[index], outputs[index])
            if mixture is not None:
                others = loss.per_example(batch.targets[index][mixture.partner], outputs[index])
                values = mixture.share * values + (1 - mixture.share) * others
            parts.append(jnp.mean(values * batch.weights[index] if batch.weights else values))
        whole = self.network.penalty(params)
        for index, part in zip(self.objective.loss_outputs, parts, strict=True):
            factor = self.objective.loss_weights[index]
            whole = whole + (part if factor == 1 else part * factor)
        return whole, (tuple(parts), tuple(outputs), applied.state)

    def varied(self, batch: Batch, key: jax.Array) -> tuple[Batch, Mixture | None]:
        """The batch as a training step sees it, and how it was mixed."""
        if self.augment is None:
            return batch, None
        change, mix = jax.random.split(jax.random.fold_in(key, AUGMENTING))
        first, *others = batch.inputs
        first = self.augment.change(first, change)
        mixture = None
        if self.augment.mixup:
            first, mixture = self.augment.mix(first, mix)
        return batch._replace(inputs=(first, *others)), mixture

    def train(self, carry: Carry, batch: Batch, rate: jax.Array, key: jax.Array) -> Carry:
        """p ← p - rate · u, unless the loss or a gradient is not finite: then only `finite` changes."""
        grad = jax.value_and_grad(self.loss, has_aux=True)
        seen, mixture = self.varied(batch, key)
        (whole, (parts, outputs, state)), grads = grad(carry.params, carry.state, seen, True, key, mixture)
        direction, memory = self.transform.update(grads, carry.optimizer, carry.params)
        params = jax.tree.map(
            lambda p, u: p - rate.astype(p.dtype) * u.astype(p.dtype), carry.params, direction
        )
        sums = self._add(carry.sums, batch, whole, parts, outputs)
        fresh = Carry(params, state, memory, sums, carry.step + 1, carry.finite)
        finite = carry.finite & _all_finite(whole, grads)
        kept = jax.tree.map(lambda new, old: jnp.where(finite, new, old), fresh, carry)
        return kept._replace(finite=finite)

    def test(self, evaluated: Evaluated, variables: Any, batch: Batch) -> Evaluated:
        """Adds the batch to the sums; no weight moves."""
        whole, (parts, outputs, _) = self.loss(variables["params"], variables["state"], batch, False, None)
        return Evaluated(self._add(evaluated.sums, batch, whole, parts, outputs), evaluated.step + 1)

    def _add(
        self,
        sums: Sums,
        batch: Batch,
        whole: jax.Array,
        parts: tuple[jax.Array, ...],
        outputs: tuple[jax.Array, ...],
    ) -> Sums:
        """The sums with one more batch in them; means are turned back into sums over examples."""
        count = jnp.float32(batch.inputs[0].shape[0])
        states = []
        for index, (plain, weighted, group) in enumerate(
            zip(self.objective.metrics, self.objective.weighted_metrics, sums.metrics, strict=True)
        ):
            heavy = batch.weights[index] if batch.weights else None
            weights = [None] * len(plain) + [heavy] * len(weighted)
            states.append(
                tuple(
                    metric.update(state, batch.targets[index], outputs[index], weight)
                    for metric, state, weight in zip(plain + weighted, group, weights, strict=True)
                )
            )
        losses = tuple(old + part * count for old, part in zip(sums.losses, parts, strict=True))
        return Sums(sums.examples + count, sums.loss + whole * count, losses, tuple(states))


class Programs:
    """The compiled forms of `Steps`; kept with a compiled model, so that nothing is compiled twice."""

    def __init__(self, steps: Steps) -> None:
        """Nothing is compiled before the first call."""
        self.steps = steps
        self.train_rows = jax.jit(
            partial(_train_rows, steps), static_argnames=("size", "stride"), donate_argnums=0
        )
        self.train_batch = jax.jit(partial(_train_batch, steps), donate_argnums=0)
        self.test_rows = jax.jit(
            partial(_test_rows, steps), static_argnames=("size", "stride"), donate_argnums=0
        )
        self.test_batch = jax.jit(steps.test, donate_argnums=0)


def _train_rows(
    steps: Steps,
    carry: Carry,
    data: Batch,
    order: jax.Array,
    rates: jax.Array,
    key: jax.Array,
    stop: jax.Array,
    *,
    size: int,
    stride: int,
) -> Carry:
    """Train on batches carry.step … stop - 1 of an epoch, without leaving the device.

    Args:
        steps: the arithmetic.
        carry: where training stands.
        data: the whole data set.
        order: (N,) int32, the examples in this epoch's order.
        rates: (steps of an epoch,) float32, the learning rate of each step.
        key: this epoch's random key; each step folds its number into it.
        stop: int32, the first step that is not made. A number that is not finite ends the loop before it.
        size: examples in a batch. stride: examples between two batches (the size of a full one).
    """

    def advance(carry: Carry) -> Carry:
        rows = lax.dynamic_slice_in_dim(order, carry.step * stride, size)
        batch = jax.tree.map(lambda array: jnp.take(array, rows, axis=0, mode="clip"), data)
        return steps.train(carry, batch, rates[carry.step], jax.random.fold_in(key, carry.step))

    return lax.while_loop(lambda carry: (carry.step < stop) & carry.finite, advance, carry)


def _train_batch(
    steps: Steps, carry: Carry, batch: Batch, rate: jax.Array, key: jax.Array
) -> tuple[Carry, jax.Array]:
    """Train on one batch; `finite` comes back twice, to be read after the carry has been given away."""
    after = steps.train(carry, batch, rate, jax.random.fold_in(key, carry.step))
    return after, after.finite


def _test_rows(
    steps: Steps,
    evaluated: Evaluated,
    variables: Any,
    data: Batch,
    stop: jax.Array,
    *,
    size: int,
    stride: int,
) -> Evaluated:
    """Test on batches evaluated.step … stop - 1, in the order of the data."""

    def advance(evaluated: Evaluated) -> Evaluated:
        batch = jax.tree.map(lambda a: lax.dynamic_slice_in_dim(a, evaluated.step * stride, size), data)
        return steps.test(evaluated, variables, batch)

    return lax.while_loop(lambda evaluated: evaluated.step < stop, advance, evaluated)


def _all_finite(whole: jax.Array, grads: Any) -> jax.Array:
    """Whether the loss and every gradient are finite numbers."""
    checks = [jnp.all(jnp.isfinite(grad)) for grad in jax.tree.leaves(grads)]
    return jnp.stack([jnp.isfinite(whole), *checks]).all()


def _one_or_all(arrays: tuple[jax.Array, ...]) -> Any:
    """A network of one input takes an array, one of several takes a tuple."""
    return arrays[0] if len(arrays) == 1 else arrays

"""The compiled programs behind addresses: every number of a network, and the gradient for each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial, wraps
from typing import Any, NamedTuple, TypeVar, cast

import jax
import jax.numpy as jnp

from striate.explain._tracing import trace
from striate.explain.addresses._insides import inner, inside_grads, inside_values
from striate.explain.addresses.rules.crossentropy import Crossentropy
from striate.explain.addresses.rules.losses import Opaque, compared
from striate.explain.addresses.sites import LOSS, SCORE, named
from striate.network import Network
from striate.network.shapes import Program
from striate.ops.losses import EPSILON
from striate.training import losses

Arrays = dict[str, jax.Array]


@dataclass(frozen=True)
class Objective:
    """What gradients are of, as far as a program depends on it.

    Args:
        losses: of each output, None where there is none; empty for the sum of chosen scores.
        factors: the weight of each loss. score: the name of the scores.
    """

    losses: tuple[losses.Loss | None, ...] = ()
    factors: tuple[float, ...] = ()
    score: str = ""

    def rows(self, *columns: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """(loss, factor, …) of the outputs that have a loss."""
        rows = zip(self.losses, self.factors, *columns, strict=True) if self.losses else ()
        return [row for row in rows if row[0] is not None]


class Ran(NamedTuple):
    """All that a run gives, {path: array}."""

    values: Arrays
    grads: Arrays


Made = TypeVar("Made", bound=Callable[..., Any])


def kept(make: Made) -> Made:
    """A maker of programs that makes equal ones once; what cannot be hashed gets a new one each time."""
    known = lru_cache(maxsize=32)(make)

    @wraps(make)
    def find(*values: Any) -> Any:
        try:
            return known(*values)
        except TypeError:  # a value of the user's own
            return make(*values)

    find.cache_info = known.cache_info  # type: ignore[attr-defined]
    return cast(Made, find)


@kept
def forward(network: Network, train: bool) -> Callable[..., Arrays]:
    """(variables, inputs, key) -> every number of the forward pass, compiled; equal networks share it."""

    def run(variables: Mapping[str, Any], inputs: Arrays, key: jax.Array | None) -> Arrays:
        values = trace(network.program, variables, inputs, train=train, key=key).values
        inside = inside_values(network.program, variables, values, train, key)
        return _with_paths(network.program, {**values, **inside})

    return jax.jit(run)


@kept
def backward(network: Network, objective: Objective, train: bool) -> Callable[..., Ran]:
    """(variables, inputs, wanted, key) -> every number and its gradient, compiled.

    `wanted` holds the targets of each output, or the chosen place of each example's scores.
    """
    return jax.jit(partial(_backward, network, objective, train))


def _backward(
    network: Network,
    objective: Objective,
    train: bool,
    variables: Mapping[str, Any],
    inputs: Arrays,
    wanted: tuple[jax.Array, ...],
    key: jax.Array | None,
) -> Ran:
    program = network.program

    def goal(params: Any, nudges: Arrays) -> tuple[jax.Array, Arrays]:
        values = trace(
            program, {**variables, "params": params}, inputs, nudges=nudges, train=train, key=key
        ).values
        if not objective.losses:
            return _chosen(values[objective.score], wanted[0]), values
        return _whole_loss(network, objective, params, values, wanted), values

    shapes = jax.eval_shape(lambda: trace(program, variables, inputs, train=train, key=key).values)
    nudges = {name: jnp.zeros(s.shape, s.dtype) for name, s in shapes.items() if name not in inner(program)}
    ((value, values), (params, grads)) = jax.value_and_grad(goal, argnums=(0, 1), has_aux=True)(
        variables["params"], nudges
    )
    values = {**values, **inside_values(program, variables, values, train, key)}
    grads = {**grads, **inside_grads(program, variables, values, grads, train)}
    found = Ran(_with_paths(program, values), _with_paths(program, grads))
    found.values[LOSS if objective.losses else SCORE] = value
    found.grads.update({f"{path}/{name}": a for path, some in params.items() for name, a in some.items()})
    for loss, factor, path, target in objective.rows(program.outputs, wanted):
        _add_inside_of_loss(loss, factor, named(program, path), target, found)
    return found


def _chosen(scores: jax.Array, picks: jax.Array) -> jax.Array:
    """The sum of one number of each example."""
    flat = scores.reshape(scores.shape[0], -1)
    return jnp.take_along_axis(flat, picks[:, None], axis=1).sum()


def _whole_loss(
    network: Network, objective: Objective, params: Any, values: Arrays, wanted: tuple[jax.Array, ...]
) -> jax.Array:
    """The loss as training has it: the weighted means of the outputs' losses, and the penalty."""
    whole = network.penalty(params)
    for loss, factor, path, target in objective.rows(network.program.outputs, wanted):
        part = jnp.mean(loss.per_example(target, values[path]))
        whole = whole + (part if factor == 1 else part * factor)
    return whole


def _add_inside_of_loss(loss: losses.Loss, factor: float, output: str, target: jax.Array, found: Ran) -> None:
    """The shares that a crossentropy of probabilities reads; of an unknown loss its numbers and slopes."""
    p, place = found.values[output], output.removesuffix("/output")
    part = compared(loss, factor, output, "")
    if isinstance(part, Crossentropy) and part.read != output:
        share = p / jnp.sum(p, axis=-1, keepdims=True)
        found.values[part.read] = share
        found.grads[part.read] = jax.grad(lambda s: factor * _crossentropy(loss, target, s))(share)
    elif isinstance(part, Opaque):
        found.values[f"{place}/loss"] = loss.per_example(target, p)
        found.values[f"{place}/slope"] = jax.grad(lambda p: loss.per_example(target, p).sum())(p)


def _crossentropy(loss: losses.Loss, target: jax.Array, share: jax.Array) -> jax.Array:
    """The mean crossentropy as a function of the shares, in the engine's own steps."""
    if isinstance(loss, losses.SparseCategoricalCrossentropy):
        target = jax.nn.one_hot(target, share.shape[-1], dtype=share.dtype)
    smooth = getattr(loss, "label_smoothing", 0.0)
    target = target * (1 - smooth) + smooth / share.shape[-1] if smooth else target
    return -jnp.sum(target * jnp.log(jnp.clip(share, EPSILON, 1 - EPSILON))) * share.shape[-1] / share.size


def _with_paths(program: Program, arrays: Mapping[str, jax.Array]) -> Arrays:
    """The names of a run as paths of addresses."""
    inputs_and_steps = set(program.shapes)
    return {named(program, n) if n in inputs_and_steps else n: array for n, array in arrays.items()}

"""The compiled search for a small change that turns an answer: steps along the gradient, within a ball."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from striate.explain.attribution._parts import run, toward_scores
from striate.network import Network

NEVER = -1e30


class Wish(NamedTuple):
    """What the search makes large: the rivals' scores less the wanted class's, or the other way round.

    Args:
        chosen: (N, K) 1 at the class in question, for a single sigmoid unit its sign. sign: 1 leaves that
            class, -1 reaches it.
    """

    chosen: jax.Array
    sign: jax.Array


class Ball(NamedTuple):
    """How far a picture may be moved.

    Args:
        low, high: broadcastable to (N, H, W, C), the limits of pixels. radius: (N,) in parts of high - low.
    """

    low: jax.Array
    high: jax.Array
    radius: jax.Array


def lead(scores: jax.Array, wish: Wish) -> jax.Array:
    """(N,) by how much the wish comes true: above 0 the answer is the wished one."""
    if scores.shape[1] == 1:
        return -wish.sign * (scores * wish.chosen).sum(1)
    own = (scores * wish.chosen).sum(1)
    rival = jnp.where(wish.chosen > 0, jnp.full_like(scores, NEVER), scores).max(1)
    return wish.sign * (rival - own)


def _loss(scores: jax.Array, wish: Wish) -> jax.Array:
    """(N,) with the direction of the cross-entropy's gradient, but without its rounding near certainty.

    log sum_{j != c} exp(s_j) - s_c is the log odds against class c.
    """
    if scores.shape[1] == 1:
        return lead(scores, wish)
    rivals = jnp.where(wish.chosen > 0, jnp.full_like(scores, NEVER), scores)
    return wish.sign * (jax.nn.logsumexp(rivals, axis=1) - (scores * wish.chosen).sum(1))


@lru_cache(maxsize=16)
def searcher(network: Network, norm: str, steps: int) -> Any:
    """(variables, inputs, wish, ball, stride, key) -> changed pictures and their leads, compiled.

    `stride` is (N,) in parts of the radius; with a key the search begins at a random place in the ball.
    """
    program, name = toward_scores(network), network.inputs[0].name

    def search(
        variables: Mapping[str, Any],
        inputs: Mapping[str, jax.Array],
        wish: Wish,
        ball: Ball,
        stride: jax.Array,
        key: jax.Array,
    ) -> tuple[jax.Array, jax.Array]:
        x, span = inputs[name], ball.high - ball.low
        axes = tuple(range(1, x.ndim))
        radius, length = (jnp.expand_dims(n, axes) for n in (ball.radius, ball.radius * stride))

        def scores(change: jax.Array) -> jax.Array:
            return run(program, variables, {**inputs, name: x + span * change})

        def within(change: jax.Array) -> jax.Array:
            if norm == "inf":
                change = jnp.clip(change, -radius, radius)
            else:
                change = change * jnp.minimum(1, radius / (_length(change) + 1e-12))
            return (jnp.clip(x + span * change, ball.low, ball.high) - x) / span

        def step(_: int, kept: tuple[jax.Array, jax.Array, jax.Array]) -> tuple[jax.Array, ...]:
            change, best, leads = kept
            slopes = jax.grad(lambda change: _loss(scores(change), wish).sum())(change)
            along = jnp.sign(slopes) if norm == "inf" else slopes / (_length(slopes) + 1e-12)
            change = within(change + length * along)
            found = lead(scores(change), wish)
            better = jnp.expand_dims(found > leads, axes)
            return change, jnp.where(better, change, best), jnp.maximum(leads, found)

        start = within(radius * jax.random.uniform(key, x.shape, x.dtype, -1, 1) * 0.5)
        begin = jnp.where(jnp.expand_dims(stride >= 1, axes), jnp.zeros_like(x), start)
        nothing = jnp.full(len(x), NEVER, x.dtype)
        _, best, leads = jax.lax.fori_loop(0, steps, step, (begin, begin, nothing))
        return x + span * best, leads

    return jax.jit(search)


def _length(change: jax.Array) -> jax.Array:
    axes = tuple(range(1, change.ndim))
    return jnp.sqrt((change**2).sum(axes, keepdims=True))

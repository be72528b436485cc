"""Climbing an objective: one compiled loop that changes spectra of pictures with Adam."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, cast

import jax
import jax.numpy as jnp

from striate import ops
from striate.explain._tracing import Activate, trace
from striate.explain.attribution._rectifiers import CEILINGS, named_rectifiers
from striate.explain.seeing._aims import Aim, Numbers, measure
from striate.explain.seeing._colours import to_colours
from striate.explain.seeing._fourier import to_pictures
from striate.explain.seeing._moves import Moves, draw_move, moved
from striate.explain.seeing._pixels import Pixels
from striate.explain.seeing._running import resized
from striate.network import Network
from striate.network.shapes import Program
from striate.ops._own_gradient import own_gradient
from striate.training.optimizers import Adam

ADAM = Adam().direction()


class Site(NamedTuple):
    """What a compiled climb is made for.

    Args:
        network, aims, pixels: what is looked at. size: (H, W) of the pictures. decay: of their spectra.
        copies: pictures of one direction, next to each other. maps: the value that shall vary among them.
    """

    network: Network
    aims: tuple[Aim, ...]
    pixels: Pixels
    size: tuple[int, int]
    decay: float
    copies: int
    maps: str | None


class Setting(NamedTuple):
    """What may differ from climb to climb of one program, as arrays.

    Args:
        variables: the weights. numbers: of the aims. basis: of the colours. moves: how far.
        rate: the length of a step. variety: the weight of being different. key: for the moves.
    """

    variables: Mapping[str, Any]
    numbers: tuple[Numbers, ...]
    basis: jax.Array
    moves: Moves
    rate: jax.Array
    variety: jax.Array
    key: jax.Array


class State(NamedTuple):
    """Where a climb stands: spectra, Adam's memory, steps done, and (N,) gains before the last one."""

    spectra: jax.Array
    memory: Any
    step: jax.Array
    gains: jax.Array


Climb = Callable[[Setting, State, jax.Array], State]
"""(setting, state, step to stop before) -> state."""


def begin(spectra: jax.Array) -> State:
    """The state before the first step."""
    return State(spectra, ADAM.init(spectra), jnp.int32(0), jnp.zeros(spectra.shape[1], jnp.float32))


@lru_cache(maxsize=16)
def climber(site: Site) -> Climb:
    """The compiled loop; equal sites share it, whatever the weights, channels, rates and numbers of steps."""
    names = [aim.name for aim in site.aims] + ([site.maps] if site.maps else [])
    shape = (*site.size, site.pixels.shape[-1])
    program = named_rectifiers(resized(site.network, names, shape))

    def step(setting: Setting, state: State) -> State:
        move = draw_move(jax.random.fold_in(setting.key, state.step), setting.moves)

        def total(spectra: jax.Array) -> tuple[jax.Array, jax.Array]:
            seen = moved(to_colours(to_pictures(spectra, site.size, site.decay), setting.basis), move)
            gains, likeness = _gains(site, program, setting, seen, move)
            scale = jax.lax.stop_gradient(jnp.abs(gains).mean())
            return gains.sum() - setting.variety * scale * likeness.sum(), gains

        slopes, gains = jax.grad(total, has_aux=True)(state.spectra)
        direction, memory = ADAM.update(slopes, state.memory)
        return State(state.spectra + setting.rate * cast(jax.Array, direction), memory, state.step + 1, gains)

    def climb(setting: Setting, state: State, stop: jax.Array) -> State:
        return jax.lax.while_loop(lambda s: s.step < stop, lambda s: step(setting, s), state)

    return jax.jit(climb)


def _gains(
    site: Site, program: Program, setting: Setting, seen: jax.Array, move: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """(N,) the objective of each picture, and (N,) how much it is like the others of its direction."""

    def values(pictures: jax.Array, activate: Activate | None) -> dict[str, jax.Array]:
        inputs = {site.pixels.name: site.pixels.scaled(pictures)}
        return trace(program, setting.variables, inputs, activate=activate).values

    own = values(seen, _opening)
    others = [
        values(moved(n.picture, move), None) if aim.way == "like" else {}
        for aim, n in zip(site.aims, setting.numbers, strict=True)
    ]
    gains = measure(site.aims, setting.numbers, own, others)
    if site.copies == 1 or site.maps is None:
        return gains, jnp.zeros_like(gains)
    return gains, style_likeness(own[site.maps], site.copies)


def style_likeness(maps: jax.Array, copies: int) -> jax.Array:
    """(N,) the mean cosine between the Gram matrix of each picture and those of the others of its group.

    Args:
        maps: (N, H, W, C). copies: pictures of a group; groups lie one behind the other.

    Gatys, Ecker and Bethge, A neural algorithm of artistic style, 2015: the Gram matrix sum_p a_p a_p^T says
    which channels go together, and not where.
    """
    flat = maps.reshape(len(maps), -1, maps.shape[-1])
    grams = jnp.einsum("npc,npd->ncd", flat, flat).reshape(-1, copies, maps.shape[-1] ** 2)
    unit = grams / (jnp.linalg.norm(grams, axis=-1, keepdims=True) + 1e-12)
    cosines = jnp.einsum("gax,gbx->gab", unit, unit)
    return ((cosines.sum(-1) - jnp.einsum("gaa->ga", cosines)) / (copies - 1)).reshape(-1)


def _opening(name: str, z: jax.Array) -> jax.Array:
    """An activation; a rectifier that lets nothing of a picture back is opened.

    An objective that starts in the dark would otherwise never move.
    """
    return _opened(z, CEILINGS[name]) if name in CEILINGS else ops.ACTIVATIONS[name](z)


def _rectified(z: jax.Array, ceiling: float) -> jax.Array:
    return ops.relu(z) if ceiling == jnp.inf else ops.relu(z, max_value=ceiling)


def _forward(z: jax.Array, ceiling: float) -> tuple[jax.Array, jax.Array]:
    return _rectified(z, ceiling), z


def _back(ceiling: float, z: jax.Array, dy: jax.Array) -> tuple[jax.Array]:
    """The usual gradient, but where a picture gets none at all, what would raise the closed ones."""
    usual = jnp.where((z > 0) & (z < ceiling), dy, jnp.zeros_like(dy))
    raised = jnp.where((z <= 0) & (dy > 0), dy, jnp.zeros_like(dy))
    dark = ~jnp.any(usual != 0, axis=tuple(range(1, dy.ndim)), keepdims=True)
    return (jnp.where(dark, raised, usual),)


_opened: Any = own_gradient(_forward, _back, static=(1,))(_rectified)

"""Score-CAM and RISE: the network is asked about masked pictures, and no gradient is taken."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from striate import ops
from striate.explain._reading import Reading
from striate.explain._tracing import trace
from striate.explain.attribution._aim import Target, aim_at, squashing
from striate.explain.attribution._arguments import need_between, need_whole
from striate.explain.attribution._attribution import Attribution
from striate.explain.attribution._baselines import Baseline, baseline_for, need_pictures
from striate.explain.attribution._layers import named_layer
from striate.explain.attribution._parts import run, toward_scores, until
from striate.explain.attribution._rows import by_rows, repeated, rows_at_once
from striate.network import Network


def score_cam(
    reading: Reading, target: Target = None, *, layer: str | None = None, baseline: Baseline = 0.0
) -> Attribution:
    """The layer's channels, each weighted by the score of the picture seen through it.

    A = relu(sum_k w_k a_k), w = softmax over k of f(m_k x + (1 - m_k) b), m_k = a_k enlarged, from 0 to 1

    Args:
        reading: a model with pictures in it. target: as for `attribute`.
        layer: whose map; the last map of the network unless given.
        baseline: what is seen where the mask is 0; see `baseline_for`.

    Wang et al., Score-CAM: score-weighted visual explanations for convolutional neural networks, 2020.
    """
    need_pictures(reading, "score-cam")
    name, aim = named_layer(reading.network, layer), aim_at(reading, target)
    base, rows = baseline_for(reading, baseline), rows_at_once(reading.network)
    program = _channel_scorer(reading.network, name, max(1, rows // len(base)))

    def ask(inputs: Mapping[str, jax.Array], base: jax.Array, weights: jax.Array) -> tuple[Any, Any]:
        return program(reading.variables, inputs, base, weights)

    values, scores = by_rows(ask, rows, reading.inputs, base, aim.weights)
    shares = np.asarray(jax.nn.softmax(scores, axis=1))[:, None, None]
    weighted = np.maximum((np.asarray(values) * shares).sum(-1), 0)
    about = f"The {shares.shape[-1]} channels of {name}, weighted by the picture's score seen through each."
    return Attribution("score-cam", weighted, aim, reading, about, layer=name, signed=False)


def rise(
    reading: Reading,
    target: Target = None,
    *,
    masks: int = 1000,
    cells: int = 7,
    visible: float = 0.5,
    baseline: Baseline = 0.0,
    seed: int = 0,
) -> Attribution:
    """The mean of random masks, each weighted by the probability of the class behind it.

    A = sum_i p(m_i x + (1 - m_i) b) m_i / (masks visible)

    Args:
        reading: a model with pictures in it. target: as for `attribute`.
        masks: how many. cells: the grid that is drawn and enlarged, cells x cells.
        visible: the part of cells that are open. baseline: what is seen where the mask is 0.
        seed: draws the masks.

    Petsiuk, Das and Saenko, RISE: randomized input sampling for explanation of black-box models, 2018.
    """
    need_pictures(reading, "rise")
    for name, number in (("masks", masks), ("cells", cells)):
        need_whole(name, number)
    need_between("visible", visible, 0.01, 0.99)
    aim, base = aim_at(reading, target), baseline_for(reading, baseline)
    rows = rows_at_once(reading.network)
    together = max(1, rows // len(base))
    keys = jax.random.split(jax.random.key(seed), -(-masks // together) * together)
    program = _mask_averager(reading.network, cells, visible, together, masks)

    def ask(inputs: Mapping[str, jax.Array], base: jax.Array, weights: jax.Array) -> jax.Array:
        return program(reading.variables, inputs, base, weights, keys)

    values = by_rows(ask, rows, reading.inputs, base, aim.weights)
    about = f"{masks} random masks of {cells}x{cells} cells, weighted by the probability behind each."
    signed = squashing(reading.network) is None
    return Attribution("rise", np.asarray(values), aim, reading, about, signed=signed)


@lru_cache(maxsize=8)
def _channel_scorer(network: Network, name: str, together: int) -> Any:
    """(variables, inputs, base, aim's weights) -> the layer's values, (N, K) scores through each channel."""
    program, source = toward_scores(network), network.inputs[0].name

    def ask(
        variables: Mapping[str, Any], inputs: Mapping[str, jax.Array], base: jax.Array, weights: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        x = inputs[source]
        values = trace(until(program, name), variables, inputs).values[name]
        channels = values.shape[-1]
        order = jnp.minimum(jnp.arange(-(-channels // together) * together), channels - 1)
        maps = jnp.moveaxis(values, -1, 0)[order].reshape(-1, together * len(x), *values.shape[1:3])

        def some(_: None, maps: jax.Array) -> tuple[None, jax.Array]:
            masks = _unit(jax.image.resize(maps, (len(maps), *x.shape[1:3]), "bilinear"))
            scores = _seen(network, variables, inputs, base, masks)
            return None, (scores * repeated(weights, together)).sum(1).reshape(together, -1)

        scores = jax.lax.scan(some, None, maps)[1]
        return values, scores.reshape(-1, len(x))[:channels].T

    return jax.jit(ask)


@lru_cache(maxsize=8)
def _mask_averager(network: Network, cells: int, visible: float, together: int, count: int) -> Any:
    """(variables, inputs, base, aim's weights, keys) -> (N, H, W) mean of `count` masks, compiled."""
    source, squash = network.inputs[0].name, squashing(network)

    def ask(
        variables: Mapping[str, Any],
        inputs: Mapping[str, jax.Array],
        base: jax.Array,
        weights: jax.Array,
        keys: jax.Array,
    ) -> jax.Array:
        x = inputs[source]
        draw = jax.vmap(lambda key: _random_mask(key, cells, visible, (x.shape[1], x.shape[2])))

        def some(total: jax.Array, part: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
            masks = draw(part[0])
            seen = _seen(network, variables, inputs, base, jnp.repeat(masks, len(x), 0))
            worth = _worth(seen, repeated(weights, together), squash).reshape(together, -1)
            return total + jnp.einsum("mn,mhw->nhw", worth * part[1][:, None], masks), None

        counts = (jnp.arange(keys.shape[0]) < count).astype(x.dtype).reshape(-1, together)
        parts = (keys.reshape(-1, together), counts)
        total = jax.lax.scan(some, jnp.zeros(x.shape[:3], x.dtype), parts)[0]
        return total / (count * visible)

    return jax.jit(ask)


def _seen(
    network: Network,
    variables: Mapping[str, Any],
    inputs: Mapping[str, jax.Array],
    base: jax.Array,
    masks: jax.Array,
) -> jax.Array:
    """(masks, K) scores of the pictures, in order again and again, each behind its mask (…, H, W)."""
    source = network.inputs[0].name
    copies = len(masks) // len(base)
    given = {name: repeated(array, copies) for name, array in inputs.items()}
    open_ = masks[..., None]
    given[source] = open_ * given[source] + (1 - open_) * repeated(base, copies)
    return run(toward_scores(network), variables, given)


def _worth(scores: jax.Array, weights: jax.Array, squash: str | None) -> jax.Array:
    """(R,) the class's probability; its score where the network has no probabilities."""
    if squash == "softmax":
        return (ops.softmax(scores) * weights).sum(1)
    aimed = (scores * weights).sum(1)
    return ops.sigmoid(aimed) if squash == "sigmoid" else aimed


def _unit(maps: jax.Array) -> jax.Array:
    """Each map brought to 0 … 1; a flat one is 0."""
    low, high = maps.min((1, 2), keepdims=True), maps.max((1, 2), keepdims=True)
    return (maps - low) / jnp.where(high > low, high - low, jnp.ones_like(high))


def _random_mask(key: jax.Array, cells: int, visible: float, extent: tuple[int, int]) -> jax.Array:
    """(H, W): random cells enlarged smoothly, by one cell too large, and cut at a random place."""
    grid_key, place_key = jax.random.split(key)
    cell = [-(-side // cells) for side in extent]
    grid = jax.random.bernoulli(grid_key, visible, (cells + 1, cells + 1)).astype(jnp.float32)
    large = jax.image.resize(grid, [(cells + 1) * size for size in cell], "bilinear")
    offsets = jax.random.randint(place_key, (2,), 0, jnp.array(cell, jnp.int32))
    return jax.lax.dynamic_slice(large, (offsets[0], offsets[1]), extent)

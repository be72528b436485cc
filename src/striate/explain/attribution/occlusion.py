"""Occlusion: how much the score drops when a part of the picture is covered."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from striate.errors import ArgumentError, Problem
from striate.explain._reading import Reading
from striate.explain.attribution import _local
from striate.explain.attribution._aim import Target, aim_at
from striate.explain.attribution._attribution import Attribution
from striate.explain.attribution._baselines import Baseline, baseline_for, need_pictures
from striate.explain.attribution._parts import run, toward_scores
from striate.explain.attribution._reach import plan
from striate.explain.attribution._rows import by_rows, repeated, rows_at_once
from striate.network import Network

Size = int | tuple[int, int] | None


def occlusion(
    reading: Reading,
    target: Target = None,
    *,
    window: Size = None,
    stride: Size = None,
    baseline: Baseline = 0.0,
) -> Attribution:
    """The drop of the score when a window is covered, averaged over the windows that cover a pixel.

    A[p] = mean of f(x) - f(x covered by W) over the windows W that hold p

    Args:
        reading: a model with pictures in it. target: as for `attribute`.
        window: rows and columns that are covered, all channels at once; an eighth of the picture unless
            given.
        stride: steps between windows; half a window unless given. Windows at the far edge are cut off.
        baseline: what covers them; see `baseline_for`.

    Only what a window can reach is computed, see `_reach.plan`; the numbers are those of whole pictures.

    Zeiler and Fergus, Visualizing and understanding convolutional networks, 2014; Nakandala, Kumar and
    Papakonstantinou, Incremental and approximate inference for faster occlusion-based explanations, 2019.
    """
    need_pictures(reading, "occlusion")
    extent = (reading.x.shape[1], reading.x.shape[2])
    size, step = _sizes(window, stride, extent)
    aim, base = aim_at(reading, target), baseline_for(reading, baseline)
    rows = rows_at_once(reading.network)
    together = max(1, rows // len(base))
    program = _occluder(reading.network, extent, size, step, together)

    def occlude(inputs: Mapping[str, jax.Array], base: jax.Array, weights: jax.Array) -> jax.Array:
        return program(reading.variables, inputs, base, weights)

    covered = np.asarray(by_rows(occlude, rows, reading.inputs, base, aim.weights))
    values = spread(aim.scores[:, None] - covered, windows_on(extent, size, step), extent)
    told = baseline if isinstance(baseline, str | int | float) else "the picture given"
    about = (
        f"{covered.shape[1]} windows of {size[0]}x{size[1]}, every {step[0]}x{step[1]}, covered by {told}."
    )
    return Attribution("occlusion", values, aim, reading, about)


def windows_on(extent: tuple[int, int], size: tuple[int, int], step: tuple[int, int]) -> np.ndarray:
    """(V, 4) first row, first column, last row, last column of every window, in reading order.

    >>> windows_on((4, 5), (2, 3), (2, 2)).tolist()
    [[0, 0, 1, 2], [0, 2, 1, 4], [2, 0, 3, 2], [2, 2, 3, 4]]
    """
    rows, columns = (
        np.arange(max(0, -(-(whole - one) // by)) + 1) * by
        for whole, one, by in zip(extent, size, step, strict=True)
    )
    first = np.stack(np.meshgrid(rows, columns, indexing="ij"), -1).reshape(-1, 2)
    return np.concatenate([first, np.minimum(first + size, extent) - 1], 1)


def spread(drops: np.ndarray, windows: np.ndarray, extent: tuple[int, int]) -> np.ndarray:
    """(N, V) numbers of windows as (N, H, W): for each pixel the mean over the windows that hold it."""
    sums, counts = np.zeros((len(drops), *extent)), np.zeros(extent)
    for drop, (top, left, bottom, right) in zip(drops.T, windows, strict=True):
        sums[:, top : bottom + 1, left : right + 1] += drop[:, None, None]
        counts[top : bottom + 1, left : right + 1] += 1
    return (sums / counts).astype(np.float32)


@lru_cache(maxsize=8)
def _occluder(
    network: Network, extent: tuple[int, int], size: tuple[int, int], step: tuple[int, int], together: int
) -> Any:
    """(variables, inputs, base, aim's weights) -> (N, V) scores of the covered pictures, compiled."""
    program, source = toward_scores(network), network.inputs[0].name
    windows = windows_on(extent, size, step)
    planned = plan(program, source, windows)
    order = np.minimum(np.arange(-(-len(windows) // together) * together), len(windows) - 1)
    starts = _local.starts_of(planned, windows, source)
    parts = {name: jnp.asarray(n[order].reshape(-1, together, 2), jnp.int32) for name, n in starts.items()}

    def occlude(
        variables: Mapping[str, Any], inputs: Mapping[str, jax.Array], base: jax.Array, weights: jax.Array
    ) -> jax.Array:
        x, others = inputs[source], {n: repeated(a, together) for n, a in inputs.items() if n != source}
        maps = _local.whole_maps(planned, program, variables, inputs, source)
        aims = repeated(weights, together)

        def some(_: None, starts: _local.Starts) -> tuple[None, jax.Array]:
            changed = {source: _local.patches(x, base, planned.regions[source], starts)}
            values = _local.run_regions(planned, variables, maps, changed, starts)
            scores = run(planned.tail, variables, {**others, planned.cut: values})
            return None, (scores * aims).sum(1).reshape(together, -1)

        covered = jax.lax.scan(some, None, parts)[1]
        return covered.reshape(-1, x.shape[0])[: len(windows)].T

    return jax.jit(occlude)


def _sizes(window: Size, stride: Size, extent: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Window and stride as (rows, columns)."""
    size = _pair("window", window, tuple(max(1, one // 8) for one in extent))
    step = _pair("stride", stride, tuple(max(1, one // 2) for one in size))
    problems = []
    if any(one > whole for one, whole in zip(size, extent, strict=True)):
        found = f"{size[0]}x{size[1]} is larger than the picture"
        cure = "Choose a smaller window."
        problems.append(Problem("window", found, f"at most {extent[0]}x{extent[1]}", cure))
    if any(by > one for by, one in zip(step, size, strict=True)):
        found = f"{step[0]}x{step[1]} steps over pixels that no window covers"
        cure = "Choose a smaller stride, or a larger window."
        problems.append(Problem("stride", found, f"at most the window, {size[0]}x{size[1]}", cure))
    if problems:
        raise ArgumentError(problems)
    return size, step


def _pair(name: str, value: Size, usual: tuple[int, ...]) -> tuple[int, int]:
    pair = usual if value is None else (value, value) if isinstance(value, int) else tuple(value)
    if len(pair) != 2 or not all(isinstance(one, int) and one >= 1 for one in pair):
        cure = f"Write for instance {name}=4 or {name}=(4, 6)."
        raise ArgumentError(Problem(name, f"got {value!r}", "a whole number of at least 1, or two", cure))
    return pair

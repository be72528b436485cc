"""Running a network on regions: what each window changes is computed, the rest is as in the whole picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from striate.explain._tracing import trace
from striate.explain.attribution._parts import run, until
from striate.explain.attribution._reach import Plan, Region, Stage
from striate.network.shapes import Program

Starts = dict[str, jax.Array]
"""{name: (windows, 2) first row and column}: what differs from window to window."""


class Cut(NamedTuple):
    """How a stage's input is cut out for every window, in the two axes.

    Args:
        size: what the stage reads. slack: what is laid around it (before, after), so that the changed region
            always fits. margin: what is laid around the whole map, so that every cut lies inside.
        starts: (V, 2) of the cuts on the widened map. places: (V, 2) of the changed region in the cut.
    """

    size: tuple[int, int]
    slack: np.ndarray
    margin: np.ndarray
    starts: np.ndarray
    places: np.ndarray

    @property
    def whole(self) -> tuple[int, int]:
        """Rows and columns with the slack."""
        rows, columns = self.slack.sum(0) + self.size
        return int(rows), int(columns)


def cuts(plan: Plan) -> dict[tuple[str, str], Cut]:
    """{(stage, source): Cut} of a plan."""
    return {
        (stage.name, source): _cut(stage, plan.regions[source], plan.regions[stage.name])
        for stage in plan.stages
        for source in stage.sources
    }


def _cut(stage: Stage, changed: Region, made: Region) -> Cut:
    """What a stage must read of one source to make its region."""
    size, needed = np.array(made.size), made.starts
    if (window := stage.window) is not None:
        reach = (np.array(window.size) - 1) * window.dilation + 1
        before = np.array([pad[0] for pad in window.padding])
        needed, size = needed * window.stride - before, (size - 1) * window.stride + reach
    ends, changed_ends = needed + size, changed.starts + changed.size
    zero = np.zeros(2, int)
    slack = np.stack(
        [np.maximum(needed - changed.starts, 0).max(0), np.maximum(changed_ends - ends, 0).max(0)]
    )
    first, last = needed - slack[0], ends + slack[1]
    margin = np.stack([np.maximum(-first.min(0), zero), np.maximum(last.max(0) - changed.extent, zero)])
    rows, columns = (int(n) for n in size)
    return Cut((rows, columns), slack, margin, first + margin[0], changed.starts - first)


def starts_of(plan: Plan, windows: np.ndarray, source: str) -> dict[str, np.ndarray]:
    """{name: (V, 2)} of everything that differs from window to window."""
    starts = {f"{stage}|{source}|cut": cut.starts for (stage, source), cut in cuts(plan).items()}
    starts |= {f"{stage}|{source}|place": cut.places for (stage, source), cut in cuts(plan).items()}
    starts |= {"cut": plan.regions[plan.cut].starts, "source": plan.regions[source].starts}
    return {**starts, "low": windows[:, :2], "high": windows[:, 2:]}


def whole_maps(
    plan: Plan, program: Program, variables: Mapping[str, Any], inputs: Mapping[str, jax.Array], source: str
) -> dict[str, jax.Array]:
    """{name: (N, H, W, C)} of the unchanged pictures: what stages read, each in its margin, and the cut."""
    if not plan.stages:
        return {plan.cut: inputs[source]}
    values = trace(until(program, plan.cut), variables, {source: inputs[source]}).values
    fills = {stage.name: stage.fill for stage in plan.stages}
    widened = {plan.cut: values[plan.cut]}
    for (stage, name), cut in cuts(plan).items():
        (top, left), (bottom, right) = cut.margin.tolist()
        margins = ((0, 0), (top, bottom), (left, right), (0, 0))
        widened[f"{stage}|{name}"] = jnp.pad(values[name], margins, constant_values=fills[stage])
    return widened


def patches(x: jax.Array, base: jax.Array, region: Region, starts: Starts) -> jax.Array:
    """(windows N, h, w, C) the source's regions, the baseline being laid where the windows are."""

    def one(begin: jax.Array, low: jax.Array, high: jax.Array) -> jax.Array:
        rows, columns = (begin[axis] + jnp.arange(region.size[axis], dtype=begin.dtype) for axis in (0, 1))
        down, across = ((n >= low[axis]) & (n <= high[axis]) for axis, n in enumerate((rows, columns)))
        hidden = (down[:, None] & across[None])[None, :, :, None]
        return jnp.where(hidden, _slice(base, begin, region.size), _slice(x, begin, region.size))

    return _each(one, starts["source"], starts["low"], starts["high"])


def run_regions(
    plan: Plan,
    variables: Mapping[str, Any],
    maps: Mapping[str, jax.Array],
    changed: dict[str, jax.Array],
    starts: Starts,
) -> jax.Array:
    """(windows N, H, W, C) the cut's value for every window, from the source's changed regions."""
    known = cuts(plan)
    for stage in plan.stages:
        sources = dict.fromkeys(stage.sources)
        crops = {name: _crops(known, stage, name, maps, changed[name], starts) for name in sources}
        changed[stage.name] = run(stage.program, variables, crops)
    regions = _by_window(changed[plan.cut], starts["cut"])
    return _each(lambda start, region: _laid(maps[plan.cut], region, start), starts["cut"], regions)


def _crops(
    known: Mapping[tuple[str, str], Cut],
    stage: Stage,
    source: str,
    maps: Mapping[str, jax.Array],
    changed: jax.Array,
    starts: Starts,
) -> jax.Array:
    """(windows N, h, w, C) what a stage reads: cuts of the whole map, the changed regions laid in."""
    cut, name = known[stage.name, source], f"{stage.name}|{source}"
    (top, left), (height, width) = cut.slack[0].tolist(), cut.size

    def one(start: jax.Array, place: jax.Array, region: jax.Array) -> jax.Array:
        canvas = _laid(_slice(maps[name], start, cut.whole), region, place)
        return canvas[:, top : top + height, left : left + width]

    begins = starts[f"{name}|cut"]
    return _each(one, begins, starts[f"{name}|place"], _by_window(changed, begins))


def _each(make: Callable[..., jax.Array], *given: jax.Array) -> jax.Array:
    """What is made for each window, one behind the other, in a loop: unrolled it takes minutes to compile."""
    if len(given[0]) == 1:
        return make(*(array[0] for array in given))
    made = jax.lax.map(lambda one: make(*one), given)
    return made.reshape(-1, *made.shape[2:])


def _by_window(array: jax.Array, starts: jax.Array) -> jax.Array:
    """(windows N, ...) as (windows, N, ...)."""
    return array.reshape(len(starts), -1, *array.shape[1:])


def _slice(array: jax.Array, start: jax.Array, size: tuple[int, int]) -> jax.Array:
    zero = jnp.zeros((), start.dtype)
    sizes = (array.shape[0], *size, array.shape[3])
    return jax.lax.dynamic_slice(array, (zero, start[0], start[1], zero), sizes)


def _laid(array: jax.Array, region: jax.Array, start: jax.Array) -> jax.Array:
    zero = jnp.zeros((), start.dtype)
    return jax.lax.dynamic_update_slice(array, region, (zero, start[0], start[1], zero))

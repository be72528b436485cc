"""The window a layer tells of is what its arithmetic looks at: found by changing one position at a time."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from striate.layers._table import ROWS

WINDOWED = [row for row in ROWS if row.kind.SEES == "window"]


def row_name(row):
    return repr(row.make())


def looked_at(window, sizes, place):
    """The positions that the output at `place` looks at, from the window alone."""
    spread = window.spread or (1,) * len(sizes)
    axes = []
    for axis, size in enumerate(sizes):
        first = place[axis] * window.stride[axis] - window.padding[axis][0]
        taps = {first + tap * window.dilation[axis] for tap in range(window.size[axis])}
        axes.append({index for index in range(size) if index * spread[axis] in taps})
    grid = np.zeros(sizes, bool)
    grid[np.ix_(*map(sorted, axes))] = True
    return grid


def promised_sizes(window, sizes):
    """How many windows there are, from the window alone."""
    spread = window.spread or (1,) * len(sizes)
    axes = zip(sizes, spread, window.padding, window.size, window.stride, window.dilation, strict=True)
    return tuple(
        ((size - 1) * apart + 1 + sum(pads) - (kernel - 1) * dilation - 1) // stride + 1
        for size, apart, pads, kernel, stride, dilation in axes
    )


@pytest.mark.parametrize("row", WINDOWED, ids=row_name)
def test_an_output_depends_on_its_window_and_nothing_else(row):
    layer, (shape,) = row.make(), row.inputs
    if getattr(layer, "activation", None):
        layer = dataclasses.replace(layer, activation=None)
    sizes, window = shape[:-1], layer.window(shape)
    rng = np.random.default_rng(len(repr(layer)))
    weights = {
        name: jnp.asarray(rng.uniform(0.5, 1.5, weight.shape).astype(np.float32))
        for name, weight in layer.weights(shape).items()
    }
    picture = rng.uniform(0.1, 1.0, shape).astype(np.float32)
    places = list(np.ndindex(*sizes))
    batch = np.repeat(picture[None], 1 + len(places), axis=0)
    for number, place in enumerate(places, 1):
        batch[(number, *place)] += 100.0
    run = jax.jit(layer.forward, compiler_options={"xla_backend_optimization_level": 0})
    outputs = np.asarray(run(weights, jnp.asarray(batch)).output)

    changed = np.abs(outputs[1:] - outputs[:1]).max(axis=-1) > 1e-2
    assert changed.shape[1:] == promised_sizes(window, sizes)
    for place in np.ndindex(*changed.shape[1:]):
        seen = changed[(slice(None), *place)].reshape(sizes)
        np.testing.assert_array_equal(seen, looked_at(window, sizes, place))

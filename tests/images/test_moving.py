"""Pictures moved on the device, against loops in float64 and hand-made pictures."""

import math

import jax.numpy as jnp
import numpy as np
import pytest

from striate.images.moving import mirror, resample, shift


def mirrored(index, size):
    period = max(2 * (size - 1), 1)
    place = index % period
    return min(place, period - place) if size > 1 else 0


def slow_resample(x, angle, factor, offset):
    height, width, _ = x.shape
    out = np.zeros(x.shape)
    middle = np.array([(height - 1) / 2, (width - 1) / 2])
    for row in range(height):
        for column in range(width):
            down, right = np.array([row, column]) - middle - offset
            # Counterclockwise with rows that grow downwards: the source lies clockwise from here.
            source = np.array(
                [
                    math.cos(angle) * down + math.sin(angle) * right,
                    -math.sin(angle) * down + math.cos(angle) * right,
                ]
            )
            place = source / factor + middle
            low = np.floor(place).astype(int)
            for a in (0, 1):
                for b in (0, 1):
                    share = (1 - abs(low[0] + a - place[0])) * (1 - abs(low[1] + b - place[1]))
                    out[row, column] += share * x[mirrored(low[0] + a, height), mirrored(low[1] + b, width)]
    return out


@pytest.mark.parametrize("shape", [(7, 6, 1), (5, 9, 3), (1, 4, 1)])
def test_resampling_equals_slow_loops(shape):
    random = np.random.default_rng()
    x = random.uniform(0, 255, (3, *shape))
    angles, factors = random.uniform(-3, 3, 3), random.uniform(0.5, 2, (3, 2))
    offsets = random.uniform(-4, 4, (3, 2))
    got = resample(*(jnp.asarray(a, jnp.float32) for a in (x, angles, factors, offsets)))
    for n in range(3):
        wanted = slow_resample(x[n], angles[n], factors[n], offsets[n])
        np.testing.assert_allclose(got[n], wanted, atol=0.02)  # coordinates are float32


def test_nothing_to_do_changes_nothing():
    x = np.random.default_rng().integers(0, 256, (2, 5, 6, 3)).astype(np.float32)
    still = resample(x, jnp.zeros(2), jnp.ones((2, 2)), jnp.zeros((2, 2)))
    np.testing.assert_allclose(still, x, atol=1e-3)


@pytest.mark.parametrize("offset", [(0, 0), (2, -1), (-3, 3)])
def test_a_shift_takes_whole_pixels(offset):
    x = np.random.default_rng().integers(0, 256, (1, 6, 7, 2)).astype(np.uint8)
    got = np.asarray(shift(jnp.asarray(x), jnp.asarray([offset]), (3, 3)))
    assert got.dtype == np.uint8
    for row in range(6):
        for column in range(7):
            source = x[0, mirrored(row - offset[0], 6), mirrored(column - offset[1], 7)]
            assert (got[0, row, column] == source).all()


def test_mirrors_turn_only_those_that_are_asked():
    x = np.random.default_rng().integers(0, 256, (4, 3, 2, 1)).astype(np.uint8)
    got = np.asarray(mirror(jnp.asarray(x), np.array([0, 1, 0, 1], bool), np.array([0, 0, 1, 1], bool)))
    wanted = [x[0], x[1][::-1], x[2][:, ::-1], x[3][::-1, ::-1]]
    np.testing.assert_array_equal(got, np.stack(wanted))

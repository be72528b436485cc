"""Layers that are random while training: rate, mean, determinism, and silence afterwards."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from striate.errors import ArgumentError
from striate.layers import Dropout, GaussianNoise, SpatialDropout1D, SpatialDropout2D

KEY, OTHER = (jax.random.key(seed, impl="unsafe_rbg") for seed in (5, 6))
"""Keys of the kind that compiles fastest."""
X = jnp.ones((64, 6, 5, 8))
LAYERS = [Dropout(0.3), Dropout(0.3, seed=9), SpatialDropout2D(0.3), GaussianNoise(0.5)]


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_predicting_changes_nothing(layer):
    assert layer.RANDOM
    np.testing.assert_array_equal(layer.forward({}, X).output, X)
    np.testing.assert_array_equal(layer.forward({}, X, key=KEY).output, X)


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_the_key_decides(layer):
    first, again, other = (layer.forward({}, X, train=True, key=key).output for key in (KEY, KEY, OTHER))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("layer", [*LAYERS, SpatialDropout1D(0.3, name="drop")], ids=repr)
def test_training_without_a_key_is_refused(layer):
    with pytest.raises(ArgumentError) as caught:
        layer.forward({}, X, train=True)
    assert str(caught.value) == (
        f"{layer.name or layer.KIND}: train=True without a random key; expected a key.\n"
        "  Pass key=jax.random.key(0), another one at each step, or train=False."
    )


def test_a_key_of_the_usual_kind_will_do():
    first, again = (Dropout(0.3).forward({}, X, train=True, key=jax.random.key(0)).output for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_a_seed_is_mixed_into_the_key():
    plain, seeded = (layer.forward({}, X, train=True, key=KEY).output for layer in LAYERS[:2])
    assert not np.array_equal(plain, seeded)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_keeps_its_rate_and_its_mean(rate):
    y = np.asarray(Dropout(rate).forward({}, X, train=True, key=KEY).output)
    deviation = np.sqrt(rate * (1 - rate) / y.size)
    assert abs((y == 0).mean() - rate) < 5 * deviation
    assert y.mean() == pytest.approx(1, abs=5 * deviation / (1 - rate))
    np.testing.assert_allclose(np.unique(y), [0, 1 / (1 - rate)], rtol=1e-6)


def test_dropping_nothing_and_everything():
    np.testing.assert_array_equal(Dropout(0).forward({}, X, train=True, key=KEY).output, X)
    np.testing.assert_array_equal(Dropout(1).forward({}, X, train=True, key=KEY).output, 0 * X)


def test_a_noise_shape_drops_whole_axes():
    y = np.asarray(Dropout(0.5, noise_shape=(None, 1, 5, None)).forward({}, X, train=True, key=KEY).output)
    assert (y == y[:, :1]).all()
    assert not (y == y[:, :, :1]).all()


def test_spatial_dropout_drops_whole_channels():
    y = np.asarray(SpatialDropout2D(0.5).forward({}, X, train=True, key=KEY).output)
    assert (y == y[:, :1, :1]).all()
    assert 0.4 < (y[:, 0, 0] == 0).mean() < 0.6
    row = np.asarray(SpatialDropout1D(0.5).forward({}, X[:, 0], train=True, key=KEY).output)
    assert (row == row[:, :1]).all()
    assert 0.4 < (row[:, 0] == 0).mean() < 0.6


def test_the_gradient_passes_through_the_same_mask():
    layer = Dropout(0.5)
    y, back = jax.vjp(lambda x: layer.forward({}, x, train=True, key=KEY).output, X)
    np.testing.assert_array_equal(back(jnp.ones_like(y))[0], y)


def test_noise_has_its_deviation():
    y = np.asarray(GaussianNoise(0.5).forward({}, X, train=True, key=KEY).output) - 1
    assert y.mean() == pytest.approx(0, abs=5 * 0.5 / np.sqrt(y.size))
    assert y.std() == pytest.approx(0.5, rel=0.03)

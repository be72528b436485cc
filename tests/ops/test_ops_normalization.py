import jax.numpy as jnp
import numpy as np
import pytest
from adjoints import assert_same_gradients, with_gradients

import references
from striate import ops
from striate.errors import ArgumentError, ShapeError


def draw(seed, *shape):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


def test_moments_are_those_of_every_channel():
    x = draw(1, 4, 3, 5, 2) * 3 + 1000
    mean, variance = ops.batch_moments(x)
    np.testing.assert_allclose(mean, np.asarray(x, np.float64).mean((0, 1, 2)), rtol=1e-6)
    np.testing.assert_allclose(variance, np.asarray(x, np.float64).var((0, 1, 2)), rtol=1e-4)


def test_normalization_equals_the_reference():
    x, mean, gamma, beta = draw(2, 4, 3, 3, 5), draw(3, 5), draw(4, 5), draw(5, 5)
    variance = jnp.square(draw(6, 5))
    y = ops.batch_norm(x, mean, variance, gamma, beta, 1e-3)
    true = references.batch_norm(x, mean, variance, gamma, beta, 1e-3)
    np.testing.assert_allclose(y, true, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [(6, 5), (4, 3, 5), (4, 2, 3, 5)])
def test_values_and_gradients_through_the_moments_equal_keras(shape):
    import keras

    def mine(x, gamma, beta):
        return ops.batch_norm(x, *ops.batch_moments(x), gamma, beta)

    def theirs(x, gamma, beta):
        mean, variance = keras.ops.moments(x, tuple(range(len(shape) - 1)))
        return keras.ops.batch_normalization(x, mean, variance, -1, beta, gamma, 1e-3)

    assert_same_gradients(mine, theirs, draw(7, *shape), draw(8, 5), draw(9, 5), tolerance=2e-5)


def test_gamma_and_beta_may_be_left_out():
    x = draw(10, 8, 3)
    y = ops.batch_norm(x, *ops.batch_moments(x), epsilon=0.0)
    np.testing.assert_allclose(y.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(y.std(0), 1, rtol=1e-5)


def test_short_types_keep_their_digits_in_sums():
    x = jnp.full((4096, 1), 1.5, jnp.bfloat16)
    mean, variance = ops.batch_moments(x)
    assert (mean.dtype, float(mean[0]), float(variance[0])) == (jnp.float32, 1.5, 0)
    assert ops.batch_norm(x, mean, variance).dtype == jnp.bfloat16


def test_all_statistics_that_do_not_fit_are_named_at_once():
    with pytest.raises(ShapeError) as caught:
        ops.batch_norm(jnp.ones((2, 3)), jnp.ones(3), jnp.ones(2), jnp.ones((1, 3)))
    assert str(caught.value) == (
        "2 problems:\n"
        "1. batch_norm: variance has shape (2,) for x (2, 3); expected shape (3,).\n"
        "  Give one number for each channel, the last axis of x.\n"
        "2. batch_norm: gamma has shape (1, 3) for x (2, 3); expected shape (3,).\n"
        "  Give one number for each channel, the last axis of x."
    )


@pytest.mark.parametrize("size", [1, 2, 3, 5, 9])
def test_neighbours_that_exist_are_counted(size):
    x = draw(11, 2, 3, 3, 7)
    y = ops.local_response_norm(x, size, 0.3, 0.75, 2.0)
    np.testing.assert_allclose(
        y, references.local_response_norm(x, size, 0.3, 0.75, 2.0), rtol=1e-5, atol=1e-6
    )


def test_the_gradient_of_local_response_normalization_equals_differences():
    x = np.random.default_rng(12).normal(size=(1, 1, 1, 6))

    def scalar(x):
        y = references.local_response_norm(x, 5, 0.5, 0.75, 1.0)
        return (y * np.random.default_rng(0).normal(size=y.shape)).sum()

    _, dx = with_gradients(
        lambda x: ops.local_response_norm(x, 5, 0.5, 0.75, 1.0), jnp.asarray(x, jnp.float32)
    )
    np.testing.assert_allclose(dx, references.gradient(scalar, x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("size", [0, -1, 2.5, True])
def test_a_size_that_counts_nothing_is_refused(size):
    with pytest.raises(ArgumentError) as caught:
        ops.local_response_norm(jnp.ones((1, 4)), size)
    assert str(caught.value) == (
        f"local_response_norm: size is {size!r}; expected a whole number >= 1.\n  Pass for instance size=2."
    )

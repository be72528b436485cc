import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from adjoints import assert_same_gradients, with_gradients

from striate import ops
from striate.errors import ArgumentError

POINTS = np.array([-30.0, -4.0, -3.0, -1.5, -0.2, 0.0, 0.1, 1.0, 2.5, 3.0, 6.0, 7.0, 40.0])


def normal_share(x):
    return 0.5 * math.erfc(-x / math.sqrt(2))


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


BY_HAND = {
    "linear": lambda x: x,
    "relu": lambda x: max(x, 0),
    "relu6": lambda x: min(max(x, 0), 6),
    "leaky_relu": lambda x: x if x > 0 else 0.2 * x,
    "elu": lambda x: x if x > 0 else math.exp(x) - 1,
    "selu": lambda x: 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * (math.exp(x) - 1)),
    "gelu": lambda x: x * normal_share(x),
    "silu": lambda x: x * sigmoid(x),
    "swish": lambda x: x * sigmoid(x),
    "sigmoid": sigmoid,
    "hard_sigmoid": lambda x: min(max(x / 6 + 0.5, 0), 1),
    "hard_silu": lambda x: x * min(max(x / 6 + 0.5, 0), 1),
    "hard_swish": lambda x: x * min(max(x / 6 + 0.5, 0), 1),
    "tanh": math.tanh,
    "softplus": lambda x: math.log1p(math.exp(-abs(x))) + max(x, 0),
    "softsign": lambda x: x / (1 + abs(x)),
    "exponential": math.exp,
    "mish": lambda x: x * math.tanh(math.log1p(math.exp(x))),
}
ACROSS = {"softmax", "log_softmax"}


def test_every_activation_is_checked_here():
    assert set(ops.ACTIVATIONS) == set(BY_HAND) | ACROSS


@pytest.mark.parametrize("name", BY_HAND)
def test_values_equal_the_formula(name):
    y = ops.ACTIVATIONS[name](jnp.asarray(POINTS, jnp.float32))
    np.testing.assert_allclose(y, [BY_HAND[name](x) for x in POINTS], rtol=1e-5, atol=1e-6)


def away_from_kinks(name):
    kinks = {"relu6": (0, 6), "hard_sigmoid": (-3, 3), "hard_silu": (-3, 3), "hard_swish": (-3, 3)}
    return np.array([x for x in POINTS[1:-1] if x not in kinks.get(name, (0,))])


@pytest.mark.parametrize("name", BY_HAND)
def test_slopes_equal_differences_of_the_formula(name):
    points = away_from_kinks(name)
    slopes = jax.vmap(jax.grad(ops.ACTIVATIONS[name]))(jnp.asarray(points, jnp.float32))
    found = [(BY_HAND[name](x + 1e-6) - BY_HAND[name](x - 1e-6)) / 2e-6 for x in points]
    np.testing.assert_allclose(slopes, found, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", sorted(set(BY_HAND) | ACROSS))
def test_values_and_gradients_equal_keras(name):
    import keras

    theirs = keras.activations.get(name)
    x = jnp.asarray(np.random.default_rng(1).normal(size=(4, 5)) * 3, jnp.float32)
    assert_same_gradients(ops.ACTIVATIONS[name], theirs, x)


def test_relu_is_flat_at_zero():
    slopes = jax.vmap(jax.grad(ops.relu))(jnp.array([-1.0, -0.0, 0.0, 1e-30, 1.0]))
    assert slopes.tolist() == [0, 0, 0, 1, 1]


def test_nan_stays_nan_through_every_activation():
    for name, function in ops.ACTIVATIONS.items():
        assert np.isnan(function(jnp.array([jnp.nan, 1.0]))[0]), name


@pytest.mark.parametrize("options", [(0.1, 6.0, 0.0), (0.0, None, 1.0), (0.3, 2.0, 0.5)])
def test_the_general_relu_equals_keras(options):
    import keras

    slope, ceiling, threshold = options
    layer = keras.layers.ReLU(ceiling, slope, threshold)
    x = jnp.asarray(np.random.default_rng(2).normal(size=20) * 3, jnp.float32)
    assert_same_gradients(lambda x: ops.relu(x, slope, ceiling, threshold), layer, x)


def test_softmax_adds_up_and_stays_finite():
    x = jnp.array([[1e4, 1e4 - 1, -1e4], [0.0, 0.0, 0.0]])
    np.testing.assert_allclose(ops.softmax(x).sum(1), 1, rtol=1e-6)
    np.testing.assert_allclose(ops.log_softmax(x)[0], [-0.31326, -1.31326, -20000.3], rtol=1e-3)
    np.testing.assert_allclose(ops.softmax(x, axis=0)[:, 1], [1, 0], atol=1e-6)


def test_short_types_stay_short():
    for name, function in ops.ACTIVATIONS.items():
        y, dx = with_gradients(function, jnp.ones((2, 3), jnp.bfloat16))
        assert (y.dtype, dx.dtype) == (jnp.bfloat16, jnp.bfloat16), name


def test_whole_numbers_are_refused():
    with pytest.raises(ArgumentError) as caught:
        ops.relu(jnp.arange(3))
    assert str(caught.value) == (
        "relu: x holds int32 values; expected floating-point values.\n"
        "  Scale them to floats first, for instance x.astype('float32') / 255."
    )


def test_the_table_cannot_be_changed():
    with pytest.raises(TypeError):
        ops.ACTIVATIONS["relu"] = ops.tanh

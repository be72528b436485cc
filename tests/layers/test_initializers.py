"""Initializers: bounds and variances by Keras' definitions, keys, types and refusals."""

import inspect
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from striate.errors import ShapeError
from striate.layers import initializers
from striate.layers._initializer import fans

keras = pytest.importorskip("keras")

SHAPE = (5, 4, 20, 40)
KEY = jax.random.key(3)
VARIANCES = {
    "GlorotUniform": 2 / (20 * 20 + 20 * 40),
    "GlorotNormal": 2 / (20 * 20 + 20 * 40),
    "HeUniform": 2 / 400,
    "HeNormal": 2 / 400,
    "LecunUniform": 1 / 400,
    "LecunNormal": 1 / 400,
}


@pytest.fixture(scope="module")
def drawn():
    """16,000 numbers of each scaled initializer, drawn once."""
    return {name: np.asarray(getattr(initializers, name)()(KEY, SHAPE)) for name in VARIANCES}


@pytest.mark.parametrize("name", VARIANCES)
def test_scaled_initializers_have_their_mean_and_variance(drawn, name):
    variance = VARIANCES[name]
    error = math.sqrt(variance / drawn[name].size)
    assert abs(drawn[name].mean()) < 5 * error
    assert drawn[name].var() == pytest.approx(variance, rel=0.05)


@pytest.mark.parametrize("name", VARIANCES)
def test_scaled_initializers_are_bounded(drawn, name):
    deviation = math.sqrt(VARIANCES[name])
    limit = deviation * (math.sqrt(3) if "Uniform" in name else 2 / 0.87962566103423978)
    largest = np.abs(drawn[name]).max()
    assert largest <= limit * (1 + 1e-6)
    assert largest > 0.99 * limit


@pytest.mark.parametrize("name", VARIANCES)
def test_draws_of_keras_keep_the_same_bound_and_variance(drawn, name):
    theirs = np.asarray(getattr(keras.initializers, name)(seed=1)(SHAPE))
    assert np.abs(theirs).max() == pytest.approx(np.abs(drawn[name]).max(), rel=0.01)
    assert theirs.std() == pytest.approx(drawn[name].std(), rel=0.03)


@pytest.mark.parametrize("kind", initializers.INITIALIZERS.values(), ids=initializers.INITIALIZERS)
def test_names_arguments_and_defaults_are_those_of_keras(kind):
    theirs = inspect.signature(getattr(keras.initializers, kind.__name__)).parameters.values()
    expected = {argument.name: argument.default for argument in theirs}
    mine = {argument.name: argument.default for argument in inspect.signature(kind).parameters.values()}
    assert mine == {name: default for name, default in expected.items() if name in mine}
    assert set(expected) - set(mine) <= {"input_axes", "output_axes"}


@pytest.mark.parametrize("shape", [(), (5,), (3, 7), (3, 5, 7), (2, 3, 5, 7), (2, 2, 3, 5, 7)])
def test_fans_are_those_of_keras(shape):
    from keras.src.initializers.random_initializers import compute_fans

    assert fans(shape) == tuple(map(int, compute_fans(shape)))


def test_plain_initializers():
    np.testing.assert_array_equal(initializers.Zeros()(KEY, (2, 3)), np.zeros((2, 3)))
    np.testing.assert_array_equal(initializers.Ones()(KEY, (2, 3)), np.ones((2, 3)))
    np.testing.assert_array_equal(initializers.Constant(0.5)(KEY, (2, 3)), np.full((2, 3), 0.5))
    np.testing.assert_array_equal(initializers.Identity(2)(KEY, (2, 3)), 2 * np.eye(2, 3))


def test_random_initializers_have_their_parameters():
    shape = (100, 100)
    normal = np.asarray(initializers.RandomNormal(1, 0.5)(KEY, shape))
    assert (normal.mean(), normal.std()) == (pytest.approx(1, abs=0.02), pytest.approx(0.5, rel=0.02))
    uniform = np.asarray(initializers.RandomUniform(-1, 3)(KEY, shape))
    assert (uniform.min(), uniform.max()) == (pytest.approx(-1, abs=0.01), pytest.approx(3, abs=0.01))
    cut = np.asarray(initializers.TruncatedNormal(1, 0.5)(KEY, shape))
    assert (cut.min(), cut.max()) == (pytest.approx(0, abs=0.01), pytest.approx(2, abs=0.01))
    assert cut.std() == pytest.approx(0.5 * 0.87962566, rel=0.02)


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (2, 3, 4)])
def test_orthogonal_rows_or_columns(shape):
    matrix = np.asarray(initializers.Orthogonal(gain=3)(KEY, shape)).reshape(-1, shape[-1])
    gram = matrix.T @ matrix if matrix.shape[0] >= matrix.shape[1] else matrix @ matrix.T
    np.testing.assert_allclose(gram, 9 * np.eye(len(gram)), atol=1e-4)


def test_variance_scaling_takes_every_mode_and_distribution():
    for mode, fan in (("fan_in", 80), ("fan_out", 40), ("fan_avg", 60)):
        for distribution in ("truncated_normal", "untruncated_normal", "uniform"):
            scaled = np.asarray(initializers.VarianceScaling(3, mode, distribution)(KEY, (80, 40)))
            assert scaled.var() == pytest.approx(3 / fan, rel=0.1)


def test_the_key_and_the_seed_decide():
    uniform = initializers.GlorotUniform()
    other = jax.random.key(4)
    np.testing.assert_array_equal(uniform(KEY, (3, 3)), uniform(KEY, (3, 3)))
    assert not np.array_equal(uniform(KEY, (3, 3)), uniform(other, (3, 3)))
    seeded = initializers.GlorotUniform(seed=1)
    assert not np.array_equal(uniform(KEY, (3, 3)), seeded(KEY, (3, 3)))
    np.testing.assert_array_equal(seeded(KEY, (3, 3)), initializers.GlorotUniform(1)(KEY, (3, 3)))


def test_short_types_are_rounded_from_float32():
    exact, rounded = (initializers.HeNormal()(KEY, (3, 3), dtype) for dtype in (jnp.float32, jnp.bfloat16))
    assert rounded.dtype == jnp.bfloat16
    np.testing.assert_array_equal(rounded, exact.astype(jnp.bfloat16))


def test_weights_with_the_wrong_axes_are_refused():
    with pytest.raises(ShapeError) as caught:
        initializers.Identity()(KEY, (3, 3, 3))
    assert str(caught.value) == (
        "Identity: the weight has shape (3, 3, 3); expected a weight with two axes.\n"
        "  Choose another initializer for this weight, such as 'glorot_uniform'."
    )
    with pytest.raises(
        ShapeError, match=r"^Orthogonal: the weight has shape \(3,\); expected a weight with at least"
    ):
        initializers.Orthogonal()(KEY, (3,))

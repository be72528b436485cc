"""ResNet-50 and VGG-16 answer as those of keras.applications do on the same random weights."""

import jax
import numpy as np
import pytest

import striate.applications as applications
from striate.formats import exchange

keras = pytest.importorskip("keras")

CASES = {"resnet50": ("ResNet50", 25_636_712), "vgg16": ("VGG16", 138_357_544)}
SIDE = 64


def weights_of(model):
    """{"conv1_conv/kernel": array, …}: random, of everyday size, variances positive."""
    rng = np.random.default_rng(0)
    arrays = {}
    for weight in model.weights:
        shape = tuple(weight.shape)
        if len(shape) > 1:
            array = rng.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape)
        else:
            array = rng.uniform(0.5, 1.5, shape) if "variance" in weight.path else rng.normal(0, 0.1, shape)
            array = array + 1 if "gamma" in weight.path else array
        arrays[weight.path] = array.astype(np.float32)
    return arrays


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_logits_equal_keras(name):
    theirs_name, _ = CASES[name]
    make = getattr(keras.applications, theirs_name)
    how = {"input_shape": (SIDE, SIDE, 3), "classes": 1000, "classifier_activation": None}
    theirs = make(weights=None, **how)
    arrays = weights_of(theirs)
    theirs.set_weights(list(arrays.values()))
    ours = applications.get(name, convention="keras", **how)
    ours.variables = exchange.into_variables(ours.network, arrays, "keras")
    x = np.random.default_rng(1).standard_normal((2, SIDE, SIDE, 3), np.float32)
    with jax.numpy_rank_promotion("allow"), jax.numpy_dtype_promotion("standard"):
        expected = np.asarray(theirs(x))
    found = ours.predict_on_batch(x)
    assert np.abs(expected[0] - expected[1]).max() > 0.01 * np.abs(expected).max()
    error = np.abs(found - expected).max() / np.abs(expected).max()
    assert error <= 1e-4, f"{error:.2g}"
    print(f"{name}: largest relative error {error:.1e}")


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_weights_have_the_names_shapes_and_number_of_keras(name):
    theirs_name, count = CASES[name]
    theirs = getattr(keras.applications, theirs_name)(weights=None)
    network = applications.get(name, convention="keras").network
    ours = {
        f"{path}/{weight}": promise.shape
        for path, weights in network.declared.items()
        for weight, promise in weights.items()
    }
    assert {weight.path: tuple(weight.shape) for weight in theirs.weights} == ours
    assert theirs.count_params() == network.totals.params == count

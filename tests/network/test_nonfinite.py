"""The first place where numbers stop being finite."""

import jax
import jax.numpy as jnp
import pytest

from striate.layers import Activation, Dense
from striate.network import find_nonfinite, sequential


@pytest.fixture(scope="module")
def network():
    base = sequential([Dense(2, activation="relu"), Dense(2)], (3,), name="base")
    return sequential([base, Activation("exponential"), Dense(1)], (3,))


def spoiled(variables, path, name, value):
    weights = variables["params"][path]
    return {
        **variables,
        "params": {**variables["params"], path: {**weights, name: weights[name].at[0].set(value)}},
    }


def test_finite_numbers_are_no_finding(network):
    assert find_nonfinite(network, network.init(1), jnp.ones((2, 3))) is None


@pytest.mark.parametrize("path", ["base/dense1", "base/dense2", "dense1"])
@pytest.mark.parametrize("value", [jnp.nan, jnp.inf])
def test_weights_are_named_before_the_outputs_they_spoil(network, path, value):
    assert find_nonfinite(network, spoiled(network.init(1), path, "bias", value), jnp.ones((2, 3))) == path


def test_a_hidden_nan_behind_a_relu_is_found_where_it_arose(network):
    """relu turns a negative infinity into a harmless 0; the pre-activation still tells."""
    variables = spoiled(network.init(1), "base/dense1", "kernel", -3e38)
    assert find_nonfinite(network, variables, jnp.full((2, 3), 1e3)) == "base/dense1"


def test_an_overflow_is_named_where_it_happens(network):
    variables = spoiled(network.init(1), "base/dense2", "bias", 1000.0)
    assert find_nonfinite(network, variables, jnp.ones((2, 3))) == "activation1"


def test_an_input_can_be_the_culprit(network):
    x = jnp.ones((2, 3)).at[1, 1].set(jnp.nan)
    assert find_nonfinite(network, network.init(1), x) == "input1"


def test_the_key_of_the_failing_step_is_passed_on():
    from striate.layers import Dropout

    network = sequential([Dropout(0.5), Dense(1)], (3,))
    variables = spoiled(network.init(1), "dense1", "kernel", jnp.inf)
    assert find_nonfinite(network, variables, jnp.ones((1, 3)), train=True, key=jax.random.key(0)) == "dense1"

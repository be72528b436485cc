"""Rectifiers keep their numbers on the way forward and follow their own rule on the way back."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from striate import ops
from striate.explain.attribution._rectifiers import deconvnet, guided, named_rectifiers
from striate.layers import Activation, Conv2D, Dense, Flatten, ReLU
from striate.models import Input, Sequential


@pytest.fixture
def numbers():
    draw = np.random.default_rng()
    return jnp.asarray(draw.normal(size=300) * 5, jnp.float32), jnp.asarray(
        draw.normal(size=300), jnp.float32
    )


@pytest.mark.parametrize("name", ["relu", "relu6"])
@pytest.mark.parametrize("rule", [guided, deconvnet])
def test_forward_numbers_are_the_activations_own(rule, name, numbers):
    np.testing.assert_array_equal(rule(name, numbers[0]), ops.ACTIVATIONS[name](numbers[0]))


@pytest.mark.parametrize(("name", "ceiling"), [("relu", np.inf), ("relu6", 6.0)])
def test_the_way_back_is_the_rule_of_the_paper(name, ceiling, numbers):
    z, dy = (np.asarray(array, np.float64) for array in numbers)
    positive = np.maximum(dy, 0)
    expected = {guided: positive * (z > 0) * (z < ceiling), deconvnet: positive}
    for rule, wanted in expected.items():
        sent = jax.vjp(lambda z, rule=rule: rule(name, z), numbers[0])[1](numbers[1])[0]
        np.testing.assert_allclose(sent, wanted, rtol=1e-6)


@pytest.mark.parametrize("rule", [guided, deconvnet])
def test_at_the_kink_and_for_smooth_activations(rule):
    at_zero = jax.grad(lambda z: rule("relu", z))(0.0)
    assert float(at_zero) == (0.0 if rule is guided else 1.0)
    assert float(jax.grad(lambda z: -rule("tanh", z))(0.3)) == pytest.approx(np.tanh(0.3) ** 2 - 1, rel=1e-5)


def test_relu_layers_get_a_name_unless_they_have_a_slope_or_another_ceiling():
    layers = [ReLU(), ReLU(max_value=6), ReLU(max_value=3), ReLU(negative_slope=0.1), ReLU(threshold=1)]
    network = Sequential([Input((4, 4, 1)), Conv2D(2, 3), *layers, Flatten(), Dense(2)]).network
    named = [step.layer for step in named_rectifiers(network.program).steps.values()][1:6]
    assert named == [Activation("relu"), Activation("relu6"), *layers[2:]]

"""A run in the open gives the engine's own numbers, bit for bit, and a hand on each of them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from striate.errors import DataError
from striate.explain import read
from striate.explain._reading import score_name
from striate.explain._tracing import trace
from striate.layers import (
    Activation,
    Add,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    SeparableConv2D,
)
from striate.models import Input, Model, Sequential


@pytest.fixture(scope="module")
def model():
    x = Input((6, 6, 2))
    y = Conv2D(4, 3, padding="same", activation="gelu", name="a")(x)
    z = BatchNormalization(name="norm")(SeparableConv2D(4, 3, padding="same", activation="tanh", name="s")(y))
    y = Dropout(0.5, name="drop")(AveragePooling2D(name="pool")(Add(name="sum")(y, z)))
    return Model(x, Activation("softmax", name="p")(Dense(3, name="d")(Flatten()(y))))


@pytest.fixture
def x():
    return np.random.default_rng().normal(size=(2, 6, 6, 2)).astype(np.float32)


@pytest.mark.parametrize("train", [False, True])
def test_the_numbers_are_those_of_apply_bit_for_bit(model, x, train):
    network, key = model.network, jax.random.key(3)
    applied = network.apply(model.variables, x, record=True, train=train, key=key)
    made = trace(network.program, model.variables, network.read_inputs(x), train=train, key=key)
    assert set(applied.record) == set(made.values) - {spec.name for spec in network.inputs}
    for name, array in applied.record.items():
        np.testing.assert_array_equal(made.values[name], array, err_msg=name)
    for path, weights in applied.state.items():
        for name, array in weights.items():
            np.testing.assert_array_equal(made.state[path][name], array)


@pytest.mark.parametrize("name", ["input1", "a/preactivation", "a", "sum", "pool"])
def test_the_gradient_of_a_nudge_is_the_gradient_of_the_value(model, x, name):
    reading = read(model, x)
    program, at = model.network.program, reading.values[name]

    def loss(nudge):
        return (trace(program, model.variables, reading.inputs, nudges={name: nudge}).values["p"] ** 2).sum()

    slopes = jax.grad(loss)(jnp.zeros_like(at))
    step, direction = 1e-2, np.sign(slopes)
    measured = float(loss(step * direction) - loss(-step * direction)) / (2 * step)
    assert float(abs(slopes).sum()) == pytest.approx(measured, rel=0.05)


def test_scores_are_what_the_softmax_reads(model, x):
    assert score_name(model.network) == "d"
    reading = read(model, x)
    np.testing.assert_allclose(jax.nn.softmax(reading.scores), reading.output, rtol=1e-6)


def test_raw_pictures_without_scaling_are_refused():
    model = Sequential([Input((4, 4, 1)), Flatten(), Dense(2)])
    with pytest.raises(DataError) as refused:
        read(model, np.zeros((1, 4, 4, 1), np.uint8))
    assert str(refused.value) == (
        "x: the array holds uint8 numbers, and the model does not scale them; "
        "expected floating-point numbers.\n"
        "  Scale them as in training, for instance x / 255, or set model.preprocessing."
    )


@pytest.mark.parametrize("shape", [(1, 4, 4, 1), (4, 4, 1), (4, 4)])
def test_one_picture_may_come_without_its_outer_axes(shape):
    model = Sequential([Input((4, 4, 1)), Flatten(), Dense(2)])
    assert read(model, np.zeros(shape, np.float32)).x.shape == (1, 4, 4, 1)

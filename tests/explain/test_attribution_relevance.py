"""Relevance against explicit matrices in float64, and its account: pixels, biases and the lost part."""

import numpy as np
import pytest
from attribution_networks import drawn, plain, reading_of, residual
from numpy_network import MADE, numpy_run

from striate import layers
from striate.errors import ArgumentError
from striate.explain import read
from striate.explain.attribution import input_times_gradient, relevance
from striate.explain.attribution._aim import aim_at
from striate.models import Input, Model, Sequential

RULES = ("composite", "epsilon", "gamma", "zplus")


def matrix_and_bias(layer, weights, shape):
    """A linear layer of one example as (in, out) numbers and (out,) numbers, probed with one-hot inputs."""
    size = int(np.prod(shape))
    zero = MADE[type(layer)](layer, weights, np.zeros((1, *shape)))[0].ravel()
    probed = MADE[type(layer)](layer, weights, np.eye(size).reshape(size, *shape)).reshape(size, -1)
    return probed - zero, zero


def shared_out(x, matrix, bias, given, kind, amount):
    """What each number of x gets of `given`, from every single product x_i w_ij."""
    parts = x[:, None] * matrix
    z = parts.sum(0) + bias
    if kind == "epsilon":
        total = z + amount * np.sqrt((z**2).mean()) * np.where(z < 0, -1, 1)
        return (parts * (given / total)).sum(1)
    up, down = np.maximum(parts, 0), np.minimum(parts, 0)
    if kind == "zplus":
        total = up.sum(0) + np.maximum(bias, 0)
        return (up * np.where(total > 0, given / np.where(total > 0, total, 1), 0)).sum(1)
    agreeing = np.where(z >= 0, parts + amount * up, parts + amount * down)
    more = np.where(z >= 0, bias + amount * np.maximum(bias, 0), bias + amount * np.minimum(bias, 0))
    return (agreeing * (given / (agreeing.sum(0) + more))).sum(1)


def by_hand(reading, rule):
    """LRP of the plain network for class 0, one example after the other."""
    network, amounts = reading.network, {"epsilon": 0.01, "gamma": 0.25, "zplus": None}
    given = {network.inputs[0].name: reading.x}
    values = numpy_run(network, reading.variables, given)
    maps = []
    for n in range(len(reading.x)):
        r = np.eye(4)[0] * values["dense2/preactivation"][n]
        for path, step in reversed(network.program.steps.items()):
            x, layer = values[step.inputs[0]][n], step.layer
            if isinstance(layer, layers.Flatten):
                r = r.reshape(x.shape)
            elif isinstance(layer, layers.MaxPooling2D):
                r = to_winners(x, r)
            else:
                weights = {k: np.asarray(w, np.float64) for k, w in reading.variables["params"][path].items()}
                dense = isinstance(layer, layers.Dense)
                kind = {"composite": "epsilon" if dense else "gamma"}.get(rule, rule)
                matrix, bias = matrix_and_bias(layer, weights, x.shape)
                r = shared_out(x.ravel(), matrix, bias, r.ravel(), kind, amounts[kind]).reshape(x.shape)
        maps.append(r)
    return np.stack(maps)


def to_winners(x, r):
    """Each window's relevance at its first maximum."""
    sent = np.zeros(x.shape)
    for i, j, c in np.ndindex(r.shape):
        window = x[2 * i : 2 * i + 2, 2 * j : 2 * j + 2, c]
        u, v = np.unravel_index(window.argmax(), window.shape)
        sent[2 * i + u, 2 * j + v, c] += r[i, j, c]
    return sent


@pytest.mark.parametrize("rule", RULES)
def test_every_product_is_shared_out_as_the_rule_says(rule):
    reading = reading_of(plain, 2)
    found = relevance(reading, 0, rule=rule).values
    expected = by_hand(reading, rule)
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-4 * np.abs(expected).max())


@pytest.mark.parametrize("rule", ["composite", "zplus"])
def test_pixels_biases_and_the_lost_part_add_up_to_the_score(rule):
    """The way back adds up what biases take by itself, not as what is missing."""
    reading = reading_of(residual)
    found = relevance(reading, rule=rule)
    total = found.values.sum((1, 2, 3)) + found.facts["biases"] + found.facts["lost"]
    np.testing.assert_allclose(total, found.aim.scores, rtol=1e-4)
    assert abs(found.facts["biases"]).min() > 1e-4
    if rule != "zplus":  # which also loses what nothing positive asks for
        assert abs(found.facts["lost"]).max() > 1e-4


def test_epsilon_without_biases_and_epsilon_is_input_times_gradient():
    """Ancona et al., Towards better understanding of gradient-based attribution, 2018, say so."""
    layers_ = [
        layers.Conv2D(3, 3, use_bias=False, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
    ]
    model = Sequential([Input((7, 7, 2)), *layers_, layers.Dense(3, use_bias=False)])
    reading = read(model, np.random.default_rng().normal(size=(2, 7, 7, 2)).astype(np.float32))
    found = relevance(reading, rule="epsilon", epsilon=0.0)
    np.testing.assert_allclose(found.values, input_times_gradient(reading).values, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(found.values.sum((1, 2, 3)), found.aim.scores, rtol=1e-4)


@pytest.mark.slow
def test_every_kind_of_layer_keeps_the_account():
    image = Input((12, 12, 2))
    x = layers.ZeroPadding2D(1)(layers.Rescaling(0.5)(image))
    x = layers.LeakyReLU()(layers.SeparableConv2D(4, 3)(x))
    y = layers.BatchNormalization()(layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2)(x))
    y = layers.Conv2D(4, 1)(layers.PReLU(shared_axes=(1, 2))(y))
    x = layers.Average()([x, layers.Subtract()([y, layers.BatchNormalization()(x)])])
    x = layers.Maximum()([x, layers.AveragePooling2D(3, strides=1, padding="same")(x)])
    x = layers.Conv2DTranspose(3, 2, strides=2)(layers.L2Pooling2D(2)(x))
    x = layers.Cropping2D(1)(layers.UpSampling2D(2, interpolation="bilinear")(layers.MaxPooling2D(2)(x)))
    x = layers.LocallyConnected2D(3, 3, strides=2)(
        layers.Permute((2, 1, 3))(layers.LocalResponseNormalization()(x))
    )
    model = Model(image, layers.Dense(3, activation="softmax")(layers.GlobalMaxPooling2D()(layers.ELU()(x))))
    rng = np.random.default_rng(4)
    model.variables = drawn(model.variables, rng)
    reading = read(model, rng.normal(size=(2, 12, 12, 2)).astype(np.float32))
    found = relevance(reading, [0, 2])
    total = found.values.sum((1, 2, 3)) + found.facts["biases"] + found.facts["lost"]
    size = np.abs(found.values).sum((1, 2, 3))
    np.testing.assert_allclose(total, found.aim.scores, atol=1e-4 * size.max())
    np.testing.assert_allclose(aim_at(reading, [0, 2]).scores, found.aim.scores)


def test_layers_without_a_rule_are_all_named():
    image = Input((4, 4, 2))
    x = layers.Conv2D(2, 1, name="gate", activation="sigmoid")(image)
    x = layers.Softmax(name="soft")(layers.Multiply(name="product")([image, x]))
    model = Model(image, layers.Dense(2)(layers.Flatten()(x)))
    with pytest.raises(ArgumentError) as refused:
        relevance(read(model, np.zeros((1, 4, 4, 2), np.float32)))
    known = "expected layers that add, scale, choose or rectify"
    cure = "Use integrated-gradients, which any network has."
    assert str(refused.value) == (
        f"2 problems:\n1. product: Multiply has no rule for relevance; {known}.\n  {cure}\n"
        f"2. soft: Softmax has no rule for relevance; {known}.\n  {cure}"
    )
    with pytest.raises(ArgumentError, match="rule: got 'alpha'; expected one of 'composite', 'epsilon'"):
        relevance(reading_of(plain), rule="alpha")

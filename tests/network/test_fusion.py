"""Chains of layers: when they are made, and that nobody can tell."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from striate.layers import (
    Activation,
    Add,
    BatchNormalization,
    Conv2D,
    Dense,
    Flatten,
    MaxPooling2D,
    ReLU,
)
from striate.network import Input, graph, sequential
from striate.network._fusion import find_chains
from striate.network.run import execute

SHAPE = (9, 11, 3)


def chains(layers, train=False):
    found = find_chains(sequential(layers, SHAPE).program, train)
    return [[step.path for step in chain.steps] for chain in found.values()]


def test_convolution_norm_relu_and_maximum_are_one_chain_at_inference():
    layers = [Conv2D(4, 3), BatchNormalization(), ReLU(), MaxPooling2D(), Conv2D(4, 2, activation="relu")]
    (whole, alone) = chains(layers)
    assert len(whole) == 4
    assert len(alone) == 1


def test_batch_norm_in_training_joins_relu_alone_unless_it_is_frozen():
    assert chains([Conv2D(4, 3), BatchNormalization(), ReLU()], train=True) == [["norm1", "relu1"]]
    assert chains([Conv2D(4, 3), BatchNormalization(), MaxPooling2D()], train=True) == []
    (chain,) = chains([Conv2D(4, 3), BatchNormalization(trainable=False), Activation("relu")], train=True)
    assert len(chain) == 3


@pytest.mark.parametrize(
    "follower",
    [
        MaxPooling2D(3),
        MaxPooling2D(2, strides=1),
        MaxPooling2D(padding="same"),
        MaxPooling2D(edges="keep"),
        ReLU(max_value=6.0),
        Activation("tanh"),
        BatchNormalization(axis=1),
        Flatten(),
    ],
    ids=repr,
)
def test_other_layers_do_not_join(follower):
    assert chains([Conv2D(4, 3), follower]) == []


def test_what_two_layers_read_and_what_the_network_gives_back_is_left_alone():
    image = Input(SHAPE)
    conv = Conv2D(3, 3, padding="same")(image)
    left = ReLU()(conv)
    forked = graph([image], [Add()([left, conv])])
    assert find_chains(forked.program, train=False) == {}
    shown = graph([image], [conv, left])
    assert find_chains(shown.program, train=False) == {}


@pytest.mark.parametrize("train", [False, True])
def test_values_state_and_gradients_are_those_of_the_single_layers(train):
    layers = [
        Conv2D(8, 3, activation="relu"),
        MaxPooling2D(),
        Conv2D(5, 2, use_bias=False),
        BatchNormalization(),
        ReLU(),
        Flatten(),
        Dense(3),
    ]
    network = sequential(layers, SHAPE)
    variables = network.init(1)
    random = np.random.default_rng(0)
    state = {
        path: {k: jnp.asarray(random.uniform(0.5, 2, v.shape), v.dtype) for k, v in weights.items()}
        for path, weights in variables["state"].items()
    }
    x = jnp.asarray(random.standard_normal((4, *SHAPE)), jnp.float32)

    def run(params, record):
        inputs = network.read_inputs(x)
        both = {"params": params, "state": state}
        done = execute(network.program, both, inputs, train=train, key=None, record=record)
        return jnp.sum(jnp.sin(done.output)), (done.output, done.state)

    results = [jax.value_and_grad(run, has_aux=True)(variables["params"], record) for record in (False, True)]
    fused, single = map(jax.tree.leaves, results)
    assert len(fused) == len(single)
    for got, wanted in zip(fused, single, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)

"""Weights to and from PyTorch: it loads our files strictly and answers the same, and we load its files."""

import numpy as np
import pytest
from peer_environment import ask

import striate.layers as layers
from striate.formats import exchange
from striate.formats.foreign import read_tensors
from striate.network import Input, graph, sequential

pytestmark = pytest.mark.peers


def everything():
    image = Input((6, 5, 3), name="image")
    x = layers.Conv2D(4, 3, padding="same", name="stem.0")(image)
    x = layers.PReLU(shared_axes=(1, 2), name="stem.2")(layers.BatchNormalization(name="stem.1")(x))
    a, b = (
        layers.Conv2D(4, 1, name="a"),
        layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2, name="b"),
    )
    x = sequential([a, b], name="block")(x)
    x = layers.Conv2D(4, (3, 2), groups=2, dilation_rate=(1, 2), name="grouped")(x)
    x = layers.Conv2DTranspose(3, 2, strides=2, activation="relu", name="deconv")(x)
    x = layers.BatchNormalization(name="bn1d")(layers.Flatten()(x))
    x = layers.BatchNormalization(name="bn2")(layers.Dense(12, name="fc1")(x))
    x = layers.Conv2D(5, 1, name="up")(layers.Reshape((2, 3, 2))(x))
    return graph(image, layers.Dense(3, name="fc2")(layers.Flatten()(x)), name="everything")


def rows():
    items = [
        layers.Conv1D(6, 3, padding=1, groups=2, name="conv"),
        layers.DepthwiseConv1D(3, depth_multiplier=2, name="dw"),
        layers.Conv1DTranspose(5, 3, strides=2, name="up"),
        layers.Flatten(),
        layers.Dense(3, name="fc"),
    ]
    return sequential(items, input_shape=(7, 4))


def drawn(network, seed):
    """Random weights of everyday size; variances are positive."""
    rng = np.random.default_rng(seed)
    variables = {"params": {}, "state": {}}
    for path, weights in network.declared.items():
        for name, weight in weights.items():
            group = variables["params" if weight.trainable else "state"].setdefault(path, {})
            draw = (
                rng.uniform(0.5, 1.5, weight.shape)
                if "variance" in name
                else rng.normal(0, 0.5, weight.shape)
            )
            group[name] = draw.astype(np.float32)
    return variables


@pytest.mark.parametrize("make", [everything, rows])
def test_torch_loads_our_file_strictly_and_answers_the_same(make, tmp_path):
    network = make()
    variables = drawn(network, 1)
    x = np.random.default_rng(2).normal(size=(3, *network.inputs[0].shape)).astype(np.float32)
    path = tmp_path / "a.safetensors"
    written = exchange.write_weights(path, network, variables, "torch")
    told = ask("weights_torch_side.py", tmp_path, make.__name__, str(path), x=x)
    ours = np.asarray(network.apply(variables, x).output)
    assert np.abs(ours - told["y"]).max() <= 1e-4 * np.abs(told["y"]).max()
    assert set(written) == set(told) - {"y"}
    back = exchange.map_tensors(network, read_tensors(f"{path}.pth"))
    assert back.convention == "torch"
    for group, layers_ in variables.items():
        for layer, weights in layers_.items():
            for name, array in weights.items():
                np.testing.assert_array_equal(back.variables[group][layer][name], array)

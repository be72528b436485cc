"""Logits of the landmark networks equal PyTorch's on the same random weights, found by their names alone."""

import jax
import numpy as np
import pytest
from drawn_weights import draw_all
from peer_environment import ask

import striate.applications as applications
from striate.formats import exchange

pytestmark = pytest.mark.peers

CASES = {
    "resnet18": (64, {}),
    "resnet50": (64, {}),
    "vgg16": (64, {}),
    "vgg11-bn": (32, {"classes": 10, "batch_norm": True}),
    "alexnet": (224, {}),
    "alexnet-2012": (224, {}),
    "mobilenet-v2": (64, {}),
    "googlenet": (75, {}),  # odd maps all the way down: partial windows at every pooling
    "googlenet-2014": (224, {"auxiliary_heads": True}),
    "efficientnet-lite0": (65, {}),
}
"""Side of the picture, options."""


@pytest.mark.parametrize("name", CASES)
def test_logits_equal_pytorch(name, tmp_path):
    side, options = CASES[name]
    x = np.random.default_rng(side).standard_normal((2, side, side, 3), np.float32)
    theirs = ask("architectures_side.py", tmp_path, name, x=x)
    shapes = {key[6:]: tuple(shape) for key, shape in theirs.items() if key.startswith("shape ")}
    shown = {"input_shape": (side, side, 3), "classifier_activation": None}
    network = applications.get(name.removesuffix("-bn"), **shown, **options).network
    assert network.totals.trainable == int(theirs["trained"])
    variables = exchange.into_variables(network, draw_all(shapes), "torch")
    ours = jax.jit(lambda v, x: network.apply(v, x).output)(variables, x)
    outputs = ours if isinstance(ours, tuple) else (ours,)
    assert len(outputs) == sum(key.startswith("logits") for key in theirs)
    for index, output in enumerate(outputs):
        expected = theirs[f"logits {index}"]
        assert np.abs(expected[0] - expected[1]).max() > 0.01 * np.abs(expected).max()  # the pictures matter
        error = np.abs(np.asarray(output) - expected).max() / np.abs(expected).max()
        assert error <= 1e-4, f"{name}: {error:.2g}"
        print(f"{name}: largest relative error {error:.1e}")

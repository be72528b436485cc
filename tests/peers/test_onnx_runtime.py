"""Exported networks in ONNX Runtime: the same logits, with the preprocessing inside the graph."""

import dataclasses

import jax
import numpy as np
import pytest
from drawn_weights import draw_all
from peer_environment import ask

from striate import applications, ops
from striate.formats import exchange
from striate.formats.onnx import write_onnx
from striate.formats.onnx.table import EMITTERS
from striate.images import Preprocessing
from striate.layers import Activation
from striate.layers._table import ROWS
from striate.network import Input, graph

pytestmark = pytest.mark.peers

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CASES = {
    "lenet5": ((28, 28, 1), Preprocessing((28, 28), 1)),
    "resnet50": ((96, 96, 3), Preprocessing((96, 96), 3, 1 / 255, MEAN, STD)),
    "mobilenet-v2": ((96, 96, 3), Preprocessing((96, 96), 3, 1 / 255, MEAN, STD)),
    "alexnet-2012": ((224, 224, 3), Preprocessing((224, 224), 3, 1.0, (123.0, 117.0, 104.0))),
    "googlenet": ((75, 75, 3), Preprocessing((75, 75), 3, 1 / 255, MEAN, STD)),
    "efficientnet-lite0": ((65, 65, 3), Preprocessing((65, 65), 3, 1 / 255, 0.5, 0.5)),
}
"""Shapes and recipes; AlexNet of 2012 has groups and local response normalization."""


def weights_of(network):
    """Random weights that keep the size of a signal."""
    slots = exchange.CONVENTIONS["torch"].slots(network, ())
    return exchange.into_variables(network, draw_all({s.name: s.layout.theirs for s in slots}), "torch")


@pytest.mark.parametrize("name", CASES)
def test_logits_equal_onnx_runtime_with_the_preprocessing_in_the_graph(name, tmp_path):
    shape, recipe = CASES[name]
    network = applications.get(name, input_shape=shape, classifier_activation=None).network
    variables = weights_of(network)
    write_onnx(tmp_path / "a.onnx", network, variables, preprocessing=recipe)
    pictures = np.random.default_rng(1).integers(0, 256, (3, *shape), np.uint8)
    told = ask("onnx_side.py", tmp_path, str(tmp_path / "a.onnx"), **{network.inputs[0].name: pictures})
    ours = jax.jit(lambda v, x: network.apply(v, recipe.scale_pixels(x)).output)(variables, pictures)
    (theirs,) = told.values()
    error = np.abs(theirs - np.asarray(ours)).max() / np.abs(theirs).max()
    assert np.abs(theirs[0] - theirs[1]).max() > 0.01 * np.abs(theirs).max()  # the pictures matter
    assert error <= 1e-4, f"{name}: {error:.2g}"
    print(f"{name}: largest relative error {error:.1e}")


def test_every_layer_and_every_activation_equals_onnx_runtime(tmp_path):
    inputs, outputs = [], []
    rows = [row for row in ROWS if row.kind in EMITTERS]
    for place, row in enumerate(rows):
        begins = [Input(shape, name=f"in{place}_{number}") for number, shape in enumerate(row.inputs)]
        inputs += begins
        outputs.append(dataclasses.replace(row.make(), name=f"row{place}")(begins))
    line = Input((3, 4), name="line")
    outputs += [Activation(name, name=f"activation_{name}")(line) for name in ops.ACTIVATIONS]
    network = graph([*inputs, line], outputs)
    rng = np.random.default_rng(3)
    variables = {"params": {}, "state": {}}
    for path, weights in network.declared.items():
        for name, weight in weights.items():
            group = variables["params" if weight.trainable else "state"].setdefault(path, {})
            draw = rng.uniform(0.2, 1.5, weight.shape) if "var" in name else rng.normal(size=weight.shape)
            group[name] = draw.astype(np.float32)
    write_onnx(tmp_path / "a.onnx", network, variables)
    x = {spec.name: rng.normal(size=(2, *spec.shape)).astype(np.float32) for spec in network.inputs}
    told = ask("onnx_side.py", tmp_path, str(tmp_path / "a.onnx"), **x)
    ours = jax.jit(lambda v, x: network.apply(v, x).output)(variables, x)
    labels = [f"{row.make()!r}" for row in rows] + list(ops.ACTIVATIONS)
    for label, theirs, mine in zip(labels, told.values(), ours, strict=True):
        assert theirs.shape == mine.shape, label
        np.testing.assert_allclose(theirs, mine, rtol=1e-4, atol=1e-5, err_msg=label)

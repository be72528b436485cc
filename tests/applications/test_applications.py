"""The models by name, row for row as they were printed."""

import json
import math
from pathlib import Path

import jax
import numpy as np
import pytest

import striate as st
import striate.applications as applications
from striate.errors import ArgumentError, ShapeError
from striate.network import from_json, summary_text, to_json

EXAMPLES = json.loads((Path(__file__).parents[1] / "data" / "worked-examples.json").read_text())
SUMMARIES = {entry["name"]: entry for entry in EXAMPLES["summaries"]}
NETWORKS = {
    name: applications.get(name).network for name in applications.names() if not name.startswith("resnet")
}
KINDS = {"conv": "conv", "maxpool": "pool", "flatten": "flatten", "dense": "dense"}


@pytest.mark.parametrize("name", ["mnist-convnet", "cats-and-dogs"])
def test_every_row_is_the_printed_one(name):
    printed, rows = SUMMARIES[name], NETWORKS[name].rows()
    assert NETWORKS[name].inputs[0].shape == tuple(printed["input"])
    assert [row.kind for row in rows] == [KINDS[layer[0]] for layer in printed["layers"]]
    assert [list(row.output_shape) for row in rows] == printed["output_shapes"]
    assert [row.params for row in rows] == printed["params"]
    assert NETWORKS[name].totals.params == printed["total"]


@pytest.mark.parametrize("name", ["mnist-convnet", "cats-and-dogs"])
def test_every_layer_has_the_printed_numbers(name):
    for row, (kind, *numbers) in zip(NETWORKS[name].rows(), SUMMARIES[name]["layers"], strict=True):
        if kind == "conv":
            assert [row.layer.filters, row.layer.kernel_size] == [numbers[0], (numbers[1],) * 2]
        if kind == "maxpool":
            assert row.layer.pool_size == (numbers[0],) * 2
        if kind == "dense":
            assert row.layer.units == numbers[0]


VGG_ROWS = [
    ((224, 224, 64), 1728 + 64),
    ((224, 224, 64), 36864 + 64),
    ((112, 112, 64), 0),
    ((112, 112, 128), 73728 + 128),
    ((112, 112, 128), 147456 + 128),
    ((56, 56, 128), 0),
    ((56, 56, 256), 294912 + 256),
    ((56, 56, 256), 589824 + 256),
    ((56, 56, 256), 589824 + 256),
    ((28, 28, 256), 0),
    ((28, 28, 512), 1179648 + 512),
    ((28, 28, 512), 2359296 + 512),
    ((28, 28, 512), 2359296 + 512),
    ((14, 14, 512), 0),
    ((14, 14, 512), 2359296 + 512),
    ((14, 14, 512), 2359296 + 512),
    ((14, 14, 512), 2359296 + 512),
    ((7, 7, 512), 0),
    ((25088,), 0),
    ((4096,), 102760448 + 4096),
    ((4096,), 16777216 + 4096),
    ((1000,), 4096000 + 1000),
]


def test_vgg16_row_by_row():
    network, printed = NETWORKS["vgg16"], SUMMARIES["vgg16"]
    assert [(row.output_shape, row.params) for row in network.rows()] == VGG_ROWS
    kernels = [math.prod(weights["kernel"].shape) for weights in network.declared.values()]
    assert kernels == printed["weights"]
    assert network.inputs[0].shape == tuple(printed["input"])
    assert network.totals.params == printed["total_with_biases"]


def test_vgg16_activation_memory_under_named_conventions():
    """The copied figure of 24M floats, 93 MB is not the sum of its own table; these are, row by row."""
    totals = NETWORKS["vgg16"].totals
    convolutions, pools, dense = 13_547_520, 1_530_368, 4096 + 4096 + 1000
    assert totals.inputs == 224 * 224 * 3
    assert totals.outputs == convolutions + pools + dense
    assert totals.activations == 15_237_608
    assert totals.activation_bytes == 60_950_432
    assert totals.preactivations == convolutions + dense
    assert totals.activations_with_preactivations == 28_794_320
    assert (
        "Activations: 15,237,608 floats (58.1 MiB) for one example; 28,794,320 with pre-activations"
        in summary_text(NETWORKS["vgg16"])
    )


def test_vgg16_published_memory_holds_each_convolutions_input_twice():
    """24M floats, 93 MB an image is reached if every convolution keeps a copy of its input."""
    network = NETWORKS["vgg16"]
    convolutions = [row for row in network.rows() if "conv" in row.name]
    copies = sum(math.prod(network.shapes[source]) for row in convolutions for source in row.inputs)
    floats = network.totals.activations + copies
    assert floats == 24_319_464
    assert round(4 * floats / 2**20) == 93


def test_vgg16_work_and_view():
    rows = {row.name: row for row in NETWORKS["vgg16"].rows()}
    assert NETWORKS["vgg16"].totals.macs == 15_470_264_320
    assert rows["block5_pool"].receptive.size == (212, 212)
    assert rows["block5_pool"].receptive.stride == (32, 32)


def test_vgg16_with_the_papers_dropout_has_the_same_weights():
    network = applications.vgg16(dropout=0.5).network
    names = [node.name for node in network.nodes][-5:]
    assert names == ["fc1", "fc1_dropout", "fc2", "fc2_dropout", "predictions"]
    assert network.totals.params == 138_357_544


PARAMETERS = {
    "mnist-convnet": 93_322,
    "mnist-dense": 407_050,
    "lenet5": 61_706,
    "cifar10-convnet": 1_162_346,
    "cats-and-dogs": 3_453_121,
    "vgg16": 138_357_544,
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_network_is_sound_and_data(name):
    network = NETWORKS[name]
    assert network.totals.params == PARAMETERS[name]
    assert network.name == name
    assert network.errors() == []
    assert from_json(to_json(network)) == network


@pytest.mark.parametrize("name", PARAMETERS)
def test_promised_shapes_are_facts(name):
    """Traced, so that not even VGG-16 is allocated."""
    network = NETWORKS[name]
    variables = jax.eval_shape(lambda: network.init(0))
    assert sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(variables)) == PARAMETERS[name]
    image = jax.ShapeDtypeStruct((2, *network.inputs[0].shape), "float32")
    record = jax.eval_shape(lambda v, x: network.apply(v, x, record=True).record, variables, image)
    for row in network.rows():
        assert record[row.name].shape == (2, *row.output_shape)


def test_registered_names():
    resnets = {f"resnet{depth}" for depth in (18, 34, 50, 101, 152)}  # test_resnet.py
    assert set(applications.names()) == set(PARAMETERS) | resnets
    assert applications.get("mnist_convnet").network == applications.mnist_convnet().network
    assert applications.get("vgg16", classes=5, input_shape=(64, 64, 3)).output_shape == (None, 5)


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_name_gives_a_model_without_weights_yet(name):
    model = applications.get(name)
    assert isinstance(model, st.Model)
    assert model.name == name
    assert model._variables is None


@pytest.mark.parametrize("name", [*PARAMETERS, "resnet18"])
def test_unknown_weights_are_told(name):
    with pytest.raises(ArgumentError) as caught:
        applications.get(name, weights="of-nobody")
    assert str(caught.value) == (
        f"weights: there are no weights 'of-nobody' for {name}; expected None.\n"
        "  Leave weights out, and give the model its weights with model.load_weights(path)."
    )


def test_a_model_learns_at_once():
    """As a Keras user writes it; the digits are noise."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(8, 28, 28, 1)).astype(np.float32), rng.integers(0, 10, 8)
    model = applications.lenet5()
    model.compile("adam", "sparse_categorical_crossentropy")
    history = model.fit(x, y, batch_size=4, epochs=8, verbose=0, seed=0)
    assert history.history["loss"][-1] < history.history["loss"][0]


def test_cats_and_dogs_for_more_kinds():
    last = [applications.cats_and_dogs(classes=classes).layers[-1] for classes in (2, 3)]
    assert [(layer.units, layer.activation) for layer in last] == [(1, "sigmoid"), (3, "softmax")]


def test_unknown_names_are_told_with_the_nearest():
    with pytest.raises(ArgumentError) as caught:
        applications.get("vgg-16")
    assert str(caught.value) == (
        "applications.get: there is no network 'vgg-16'; expected one of mnist-convnet, mnist-dense, lenet5, "
        "cifar10-convnet, cats-and-dogs, vgg16, resnet18, resnet34, resnet50, resnet101, resnet152.\n"
        "  Did you mean 'vgg16'?"
    )
    with pytest.raises(ArgumentError, match="Choose one of these"):
        applications.get("zzz")


def test_pictures_that_are_too_small_are_told_with_their_layer():
    with pytest.raises(ShapeError) as caught:
        applications.cats_and_dogs(input_shape=(20, 20, 3))
    assert str(caught.value) == (
        "pool3: the window 2x2 is larger than the image 1x1; expected an image of at least 2x2.\n"
        "  Use a smaller window or padding='same'."
    )

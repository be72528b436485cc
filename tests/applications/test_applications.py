"""The models by name, row for row as they were printed."""

import dataclasses
import json
import math
from pathlib import Path

import jax
import numpy as np
import pytest

import striate as st
import striate.applications as applications
from striate.applications import pretrained
from striate.errors import ArgumentError, ShapeError
from striate.network import from_json, to_json

EXAMPLES = json.loads((Path(__file__).parents[1] / "data" / "worked-examples.json").read_text())
SUMMARIES = {entry["name"]: entry for entry in EXAMPLES["summaries"]}
NETWORKS = {name: applications.get(name).network for name in applications.names()}
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


TRAINABLE = {
    "mnist-convnet": 93_322,
    "mnist-dense": 407_050,
    "lenet5": 61_706,
    "lenet5-1998": 60_000,
    "cifar10-convnet": 1_162_346,
    "small-resnet": 412_954,
    "all-cnn-a": 1_254_250,
    "all-cnn-b": 1_300_618,
    "all-cnn-c": 1_369_738,
    "alphago-policy": 3_882_793,
    "cats-and-dogs": 3_453_121,
    "alexnet": 61_100_840,
    "alexnet-2012": 60_965_224,
    "zfnet": 62_357_608,
    "vgg11": 132_863_336,
    "vgg13": 133_047_848,
    "vgg16": 138_357_544,
    "vgg19": 143_667_240,
    "googlenet": 6_624_904,
    "googlenet-2014": 6_998_552,
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "resnet101": 44_549_160,
    "resnet152": 60_192_808,
    "mobilenet-v2": 3_504_872,
    "efficientnet-lite0": 4_652_008,
}
"""Trainable weights, running statistics apart; the files of the families derive them from the papers."""

WITHOUT_TOP = ("mnist-convnet", "mnist-dense", "cifar10-convnet", "cats-and-dogs")
"""Small networks of textbooks, which have no options."""

WITHOUT_CLASSES = ("alphago-policy", "cats-and-dogs")
WITH_OPTIONS = tuple(name for name in TRAINABLE if name.startswith(("vgg", "resnet", "googlenet", "all-cnn")))


@pytest.mark.parametrize("name", TRAINABLE)
def test_every_network_is_sound_and_data(name):
    network = NETWORKS[name]
    assert network.totals.trainable == TRAINABLE[name]
    assert network.name == name
    assert network.errors() == []
    assert from_json(to_json(network)) == network


@pytest.mark.parametrize("name", TRAINABLE)
def test_promised_shapes_are_facts(name):
    """Traced, so that not even VGG-16 is allocated."""
    network = NETWORKS[name]
    variables = jax.eval_shape(lambda: network.init(0))
    trained = jax.tree.leaves(variables["params"])
    assert sum(math.prod(leaf.shape) for leaf in trained) == TRAINABLE[name]
    image = jax.ShapeDtypeStruct((2, *network.inputs[0].shape), "float32")
    record = jax.eval_shape(lambda v, x: network.apply(v, x, record=True).record, variables, image)
    for row in network.rows():
        assert record[row.name].shape == (2, *row.output_shape)


def test_registered_names():
    assert set(applications.names()) == set(TRAINABLE)
    functions = {name.replace("-", "_") for name in applications.names()}
    assert functions | {"compare", "get", "names"} <= set(applications.__all__)
    assert applications.get("mnist_convnet").network == applications.mnist_convnet().network
    assert applications.get("vgg16", classes=5, input_shape=(64, 64, 3)).output_shape == (None, 5)


@pytest.mark.parametrize("name", TRAINABLE)
def test_every_name_gives_a_model_without_weights_yet(name):
    model = applications.get(name)
    assert isinstance(model, st.Model)
    assert model.name == name
    assert model._variables is None


@pytest.mark.parametrize("name", TRAINABLE)
def test_every_name_asks_for_weights_in_one_place(name, monkeypatch):
    monkeypatch.setattr(pretrained, "load_into", lambda model, name, weights: (model.name, name, weights))
    assert applications.get(name, weights="imagenet") == (name, name, "imagenet")


def test_a_model_learns_at_once():
    """As a Keras user writes it; the digits are noise. The cheapest network to compile stands for all."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(8, 28, 28, 1)).astype(np.float32), rng.integers(0, 10, 8)
    model = applications.mnist_dense()
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
        "applications.get: there is no network 'vgg-16'; expected one of "
        + ", ".join(applications.names())
        + ".\n  Did you mean 'vgg16'?"
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


@pytest.mark.parametrize("name", [name for name in TRAINABLE if name not in WITHOUT_TOP])
def test_without_a_top_it_ends_with_a_map(name):
    """All that is left has the same names and weights, so that trained ones fit."""
    network, whole = applications.get(name, include_top=False).network, NETWORKS[name]
    assert len(network.output_shapes[0]) == 3
    assert network.totals.params < whole.totals.params
    assert network.nodes == whole.nodes[: len(network.nodes)]
    assert network.errors() == []


@pytest.mark.parametrize("name", [name for name in TRAINABLE if name not in WITHOUT_TOP])
def test_logits_are_what_the_last_activation_reads(name):
    network, whole = applications.get(name, classifier_activation=None).network, NETWORKS[name]
    last, other = network.nodes[-1].layer, whole.nodes[-1].layer
    assert getattr(last, "activation", None) in (None, "relu")
    if len(network.nodes) == len(whole.nodes):
        assert other.activation == "softmax"
        assert dataclasses.replace(last, activation="softmax") == other
    else:
        assert network.nodes == whole.nodes[:-1]


@pytest.mark.parametrize("name", [name for name in TRAINABLE if name not in WITHOUT_CLASSES])
def test_any_number_of_classes(name):
    assert applications.get(name, classes=7).output_shape == (None, 7)


@pytest.mark.parametrize("name", WITH_OPTIONS)
def test_a_misspelt_option_is_told(name):
    with pytest.raises(ArgumentError) as caught:
        applications.get(name, weight="imagenet", zzz=1)
    first, second = caught.value.problems
    assert first.where == second.where == name
    assert (first.happened, first.cure) == ("it has no argument 'weight'", "Did you mean weights?")
    assert (second.happened, second.cure) == ("it has no argument 'zzz'", "Take it out.")
    assert first.expected.startswith(
        "some of input_shape, classes, include_top, classifier_activation, weights"
    )


WARNED = {
    "all-cnn-a": "each position it pools sees 27x27 of the 32x32 image",
    "all-cnn-b": "each position it pools sees 27x27 of the 32x32 image",
    "all-cnn-c": "each position it pools sees 27x27 of the 32x32 image",
    "mnist-dense": "it holds 98.7% of the 407,050 weights",
    "cifar10-convnet": "it holds 90.3% of the 1,162,346 weights",
    "cats-and-dogs": "it holds 93.0% of the 3,453,121 weights",
}


@pytest.mark.parametrize("name", TRAINABLE)
def test_checks_say_nothing_new(name):
    found = [problem.happened for problem in NETWORKS[name].check()]
    assert found == ([WARNED[name]] if name in WARNED else [])

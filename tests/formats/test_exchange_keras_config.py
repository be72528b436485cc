"""Networks out of Keras' configurations: real models of Keras rebuilt, everything else refused by name."""

import copy
import dataclasses
import logging

import jax
import numpy as np
import pytest
from test_exchange_keras import answer, build, drawn

import striate.layers as own
from striate.errors import FormatError
from striate.formats import exchange
from striate.formats.exchange.keras_config import network_from_config
from striate.formats.exchange.keras_layers import KERAS_LAYERS, read_layer
from striate.formats.foreign import read_tensors
from striate.layers._table import ROWS

keras = pytest.importorskip("keras")
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't:DeprecationWarning")

logging.getLogger("absl").setLevel("ERROR")  # Keras warns that HDF5 is old

OLD_ONES = {"LocallyConnected1D", "LocallyConnected2D"}
"""Layers that Keras 3 has no more."""


def has_twin(row):
    """Whether Keras has the layer with such options: padding in numbers and kept edges are ours alone."""
    padding, name = row.arguments.get("padding", "valid"), row.kind.__name__
    known = name in KERAS_LAYERS and name not in OLD_ONES and "edges" not in row.arguments
    both_steps = {"strides", "dilation_rate"} <= set(row.arguments)
    return known and not both_steps and (isinstance(padding, str) or name.startswith("Zero"))


def theirs_of(row):
    """The layer of Keras of a row of the table."""
    given = {key: value for key, value in row.arguments.items() if not key.endswith("izer")}
    if row.kind.__name__.startswith("AveragePooling"):
        given.setdefault("pool_size", 2)
    return getattr(keras.layers, row.kind.__name__)(**given)


def plain(row):
    """Our layer without what only says how weights start, and with the strides that Keras writes out."""
    layer = row.kind(**{key: value for key, value in row.arguments.items() if not key.endswith("izer")})
    pooled = "pool_size" in {field.name for field in dataclasses.fields(layer)}
    return dataclasses.replace(layer, strides=layer.strides or layer.pool_size) if pooled else layer


KNOWN = [row for row in ROWS if has_twin(row)]


@pytest.mark.parametrize("row", KNOWN, ids=lambda row: f"{row.make()!r}")
def test_every_layer_of_keras_becomes_the_same_layer_here(row):
    config = keras.layers.serialize(theirs_of(row))
    read = read_layer({**config["config"], "name": None}, config["class_name"], "a", False)
    assert read == plain(row)


def theirs():
    image = keras.Input((6, 5, 3), name="image")
    output = build(keras.layers, image, lambda layers: keras.Sequential(layers, name="block"))
    return drawn(keras.Model(image, output, name="net"), 1)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keras")
    model = theirs()
    for name in ("a.keras", "a.h5"):
        model.save(folder / name)
    x = np.random.default_rng(5).normal(size=(2, 6, 5, 3)).astype(np.float32)
    return folder, x, answer(model, x)


@pytest.mark.parametrize("name", ["a.keras", "a.h5"])
def test_a_whole_model_of_keras_is_rebuilt_and_gives_the_same_answers(saved, name):
    folder, x, expected = saved
    found = read_tensors(folder / name)
    network = network_from_config(found.metadata["config"])
    assert network.name == "net"
    variables = exchange.into_variables(network, found)
    output = jax.jit(lambda v, x: network.apply(v, x).output)(variables, x)
    np.testing.assert_allclose(output, expected, rtol=1e-4, atol=1e-4)


def test_a_sequential_of_keras_is_rebuilt(tmp_path):
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((4, 4, 1)), layers.Flatten(), layers.Dense(3, name="fc")], name="row"
    )
    drawn(model).save(tmp_path / "a.keras")
    found = read_tensors(tmp_path / "a.keras")
    network = network_from_config(found.metadata["config"])
    assert [node.name for node in network.nodes] == [model.layers[0].name, "fc"]
    variables = exchange.into_variables(network, found)
    np.testing.assert_array_equal(variables["params"]["fc"]["kernel"], model.get_weights()[0])


OLD = {
    "class_name": "Model",
    "config": {
        "name": "old",
        "layers": [
            {
                "name": "x",
                "class_name": "InputLayer",
                "config": {
                    "batch_input_shape": [None, 8, 8, 3],
                    "dtype": "float32",
                    "sparse": False,
                    "name": "x",
                },
                "inbound_nodes": [],
            },
            {
                "name": "conv",
                "class_name": "Conv2D",
                "config": {"name": "conv", "filters": 3, "kernel_size": [3, 3], "padding": "same"},
                "inbound_nodes": [[["x", 0, 0, {}]], [["conv", 0, 0, {}]]],
            },
            {
                "name": "norm",
                "class_name": "BatchNormalization",
                "config": {"name": "norm", "axis": [3], "epsilon": 0.001, "fused": None, "renorm": False},
                "inbound_nodes": [[["conv", 1, 0, {}]]],
            },
            {
                "name": "slope",
                "class_name": "LeakyReLU",
                "config": {"name": "slope", "alpha": 0.1},
                "inbound_nodes": [[["norm", 0, 0, {}]]],
            },
        ],
        "input_layers": [["x", 0, 0]],
        "output_layers": [["slope", 0, 0]],
    },
}


def changed(layer=None, **fields):
    """The old configuration with fields of one layer changed."""
    config = copy.deepcopy(OLD)
    if layer is not None:
        config["config"]["layers"][layer]["config"].update(fields)
    return config


def refused(config, **options):
    with pytest.raises(FormatError) as caught:
        network_from_config(config, where="a.h5", **options)
    return str(caught.value)


def test_a_configuration_of_keras_2_with_a_layer_that_is_called_twice():
    network = network_from_config({"keras_version": "2.2.4-tf", "model_config": changed()})
    assert network.shapes == {"x": (8, 8, 3), **dict.fromkeys(("conv", "conv_2", "norm", "slope"), (8, 8, 3))}
    assert [node.weights for node in network.nodes] == ["conv", "conv", "norm", "slope"]
    assert network.nodes[3].layer == own.LeakyReLU(0.1, name="slope")


def test_open_sizes_must_be_said():
    config = changed(0, batch_input_shape=[None, None, None, 3])
    assert refused(config) == (
        "a.h5, layer x: its shape is [None, None, 3]; expected a size for every axis.\n"
        "  Say it: input_shape=(224, 224, 3), or --input-shape 224x224x3."
    )
    assert network_from_config(config, input_shape=(16, 12, 3)).shapes["conv"] == (16, 12, 3)


CURE = "  Build the network with Striate's layers, and load the weights alone with load_weights."


def test_everything_without_effect_is_refused_by_name_and_at_once():
    config = changed(
        1,
        data_format="channels_first",
        kernel_constraint={"class_name": "MaxNorm"},
        activation="hard_sigmoid",
    )
    config["config"]["layers"][2]["config"] |= {"renorm": True, "dtype": "float16", "wheels": 4}
    config["config"]["layers"][3]["class_name"] = "Lambda"
    known = ", ".join(sorted(KERAS_LAYERS))
    activations = (
        "linear, relu, relu6, leaky_relu, elu, selu, gelu, silu, sigmoid, tanh, softplus, softsign, "
    )
    activations += "exponential, mish, softmax, log_softmax, swish"
    assert refused(config) == "\n".join(
        [
            "6 problems:",
            "1. a.h5, layer conv, kernel_constraint: it is {'class_name': 'MaxNorm'}; expected null.",
            CURE,
            "2. a.h5, layer conv, activation: it is 'hard_sigmoid'; "
            f"expected one of the names {activations}.",
            CURE,
            "3. a.h5, layer norm, renorm: it is True; expected false.",
            CURE,
            "4. a.h5, layer norm, dtype: it is 'float16'; expected float32.",
            CURE,
            "5. a.h5, layer norm, wheels: it is 4; expected no such field.",
            CURE,
            f"6. a.h5, layer slope: its class is 'Lambda'; expected one of {known}.",
            CURE,
        ]
    )


def test_a_layer_s_own_rules_are_told_with_its_name():
    said = refused(changed(1, filters=0))
    assert said.startswith("a.h5, layer conv, Conv2D.filters: got 0; expected a whole number of at least 1.")
    assert refused(changed(1, padding="full")).startswith("a.h5, layer conv, Conv2D.padding: got 'full'; ")
    config = changed()
    del config["config"]["layers"][1]["config"]["filters"]
    assert refused(config) == f"a.h5, layer conv, filters: it is missing; expected a value.\n{CURE}"


def broken(**changes):
    """The old configuration with entries of the second layer changed."""
    config = changed()
    config["config"]["layers"][1] |= changes
    return config


@pytest.mark.parametrize(
    ("config", "happened"),
    [
        (None, "a.h5: its class is None; expected one of Functional, Model, Sequential."),
        ({"class_name": "MyModel", "config": {}}, "a.h5: its class is 'MyModel'; expected one of"),
        ({"class_name": "Model", "config": 3}, "a.h5: its layers are None; expected a list of layers."),
        ({"class_name": "Sequential", "config": []}, "a.h5: its layers are []; expected a list of layers."),
        (
            {"class_name": "Model", "config": {"layers": [3]}},
            "a.h5: an entry of its layers is no JSON object;",
        ),
        (broken(config=[]), "a.h5, layer conv: its config is []; expected a JSON object."),
        (
            broken(inbound_nodes=[]),
            "a.h5, layer conv: its inbound_nodes are []; expected what the layer reads.",
        ),
        (broken(inbound_nodes=[[]]), "a.h5, layer conv: it reads []; expected the outputs of other layers."),
        (
            broken(inbound_nodes=[[["norm", 0, 0, {}]]]),
            "a.h5, layer conv: it reads ['norm', 0, 0]; expected an output of an earlier layer.",
        ),
        (
            broken(inbound_nodes=[[["x", 0, 0, {"training": True}]]]),
            "a.h5, layer conv: it is called with True; expected tensors alone.",
        ),
        (
            broken(class_name=["Conv2D"]),
            "a.h5, layer conv: its class is ['Conv2D']; expected one of Activation,",
        ),
        (broken(class_name="L2Pooling2D"), "a.h5, layer conv: its class is 'L2Pooling2D'; expected one of"),
    ],
)
def test_what_is_no_configuration_is_refused(config, happened):
    assert refused(config).startswith(happened)


def test_names_that_no_path_can_hold_are_refused():
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": []}}
    shape = {"batch_input_shape": [None, 4], "units": 2}
    config["config"]["layers"] = [{"class_name": "Dense", "config": {"name": "a/b", **shape}}]
    assert refused(config).startswith("a.h5, layer a/b, Dense.name: got 'a/b'; expected ")


def test_shapes_that_do_not_fit_are_told_with_the_layer():
    assert refused(changed(1, kernel_size=[11, 11], padding="valid")).startswith(
        "a.h5, conv: the kernel 11x11 is larger than the image 8x8"
    )


def test_depth_count_and_size_are_capped(monkeypatch):
    deep = {"class_name": "Dense", "config": {"units": 1, "name": "d"}}
    for _ in range(13):
        deep = {"class_name": "Sequential", "config": {"name": "s", "layers": [deep]}}
    assert refused(deep).startswith("a.h5: models are nested deeper than 12; expected at most 12 levels.")
    monkeypatch.setattr("striate.formats.exchange.keras_config.MAX_NODES", 3)
    assert refused(changed()).startswith("a.h5: it has more than 3 layers; expected at most 3.")
    monkeypatch.undo()
    assert refused(changed(), max_parameters=90).startswith(
        "a.h5: the network wants 96 weights; expected at most 90."
    )


def junk(rng):
    """A value that nobody expects."""
    choices = [
        None,
        True,
        -1,
        0,
        2**70,
        1.5,
        "",
        "x",
        "\x1b[2J",
        [],
        [[]],
        {},
        {"class_name": "Zeros"},
        [3, [4]],
    ]
    return choices[rng.integers(len(choices))]


def places(plain, path=()):
    """The way to every value inside."""
    yield path
    entries = (
        plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else ()
    )
    for key, value in entries:
        yield from places(value, (*path, key))


def test_whatever_is_changed_nothing_but_our_own_error_comes_out():
    rng = np.random.default_rng(8)
    ways = [way for way in places(OLD) if way]
    outcomes = set()
    for _ in range(600):
        config = copy.deepcopy(OLD)
        way = ways[rng.integers(len(ways))]
        target = config
        for key in way[:-1]:
            target = target[key]
        target[way[-1]] = junk(rng)
        outcomes.add(outcome(config))
    assert outcomes == {"built", "refused"}


def outcome(config):
    """What becomes of a configuration; a message never acts on a terminal."""
    try:
        network_from_config(config, where="a.h5")
    except FormatError as error:
        return "acts" if "\x1b" in str(error) else "refused"
    return "built"


@pytest.mark.parametrize("name", ["a.keras", "a.h5"])
def test_an_adapted_normalization_brings_its_statistics_from_the_weights(tmp_path, name):
    norm, dense = keras.layers.Normalization(name="norm"), keras.layers.Dense(2, name="fc")
    model = keras.Sequential([keras.Input((3,)), norm, dense], name="row")
    data = np.array([[1.0, 2.0, 9.0], [3.0, 6.0, 9.5]], np.float32)
    norm.adapt(data)
    model.save(tmp_path / name)
    found = read_tensors(tmp_path / name)
    built = exchange.rebuild(found)
    network = built.network
    assert [name.rpartition("/")[2] for name in built.inside] in (
        ["0", "1", "2"],
        ["mean", "variance", "count"],
    )
    np.testing.assert_allclose(network.nodes[0].layer.mean, (2.0, 4.0, 9.25))
    np.testing.assert_allclose(network.nodes[0].layer.variance, (1.0, 4.0, 0.0625))
    variables = exchange.into_variables(network, found, ignore=built.ignore)
    output = network.apply(variables, data).output
    np.testing.assert_allclose(output, answer(model, data), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("module", ["my_code", "keras.src.ops.numpy", None, 3])
def test_a_class_of_somebody_else_is_refused_whatever_it_is_called(module):
    assert refused(broken(module=module)) == (
        f"a.h5, layer conv: its class is 'Conv2D' of {module!r}; expected a layer of Keras itself.\n{CURE}"
    )
    assert "conv" in network_from_config(broken(module="keras.layers")).shapes

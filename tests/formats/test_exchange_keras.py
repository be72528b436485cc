"""Weights to and from Keras: real Keras models, saved and loaded by Keras itself, give the same answers."""

import jax
import numpy as np
import pytest

import striate.layers as own
from striate.formats import exchange
from striate.formats.exchange.keras_order import layer_order, stored_names
from striate.formats.foreign import ForeignTensors, read_tensors
from striate.network import Input, graph, sequential

keras = pytest.importorskip("keras")
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't:DeprecationWarning")

ZEROS = {"kernel_initializer": "zeros"}
APART = {"depthwise_initializer": "zeros", "pointwise_initializer": "zeros"}
"""Keras compiles a program for every weight that it draws; nothing has to be drawn here."""


def answer(model, x):
    """What a Keras model says; Keras itself relies on promotions that are forbidden here."""
    with jax.numpy_rank_promotion("allow"), jax.numpy_dtype_promotion("standard"):
        return np.asarray(model(x, training=False))


def drawn(model, seed=0):
    """A Keras model with random numbers everywhere, variances among them."""
    rng = np.random.default_rng(seed)
    model.set_weights([rng.uniform(0.2, 1, weight.shape).astype(np.float32) for weight in model.weights])
    return model


def build(library, image, make):
    """One network of branches and shared, nested, flattened parts, drawn with ours or Keras' layers."""
    k = library
    x = k.BatchNormalization(name="norm")(k.Conv2D(4, 3, padding="same", name="stem", **ZEROS)(image))
    left = k.Conv2D(4, 1, name="left", **ZEROS)(x)
    right = k.Conv2D(4, 1, name="right", **ZEROS)(k.Activation("relu", name="relu")(x))
    x = k.Add(name="sum")([left, right])
    again = k.Conv2D(4, 1, name="again", **ZEROS)
    x = k.Add(name="sum2")([again(x), again(left)])
    x = k.DepthwiseConv2D(3, name="depthwise", depthwise_initializer="zeros")(x)
    x = k.Conv2DTranspose(3, 2, strides=2, name="deconv", **ZEROS)(x)
    x = k.PReLU(shared_axes=[1, 2], name="prelu")(
        k.SeparableConv2D(3, 2, strides=2, name="separable", **APART)(x)
    )
    x = k.Dropout(0.5, name="drop")(k.Flatten(name="flat")(x))
    return k.Dense(3, name="top", **ZEROS)(
        make([k.Dense(6, name="inner", **ZEROS), k.Dropout(0.1, name="drop")])(x)
    )


def ours():
    image = Input((6, 5, 3), name="image")
    return graph(image, build(own, image, lambda layers: sequential(layers, name="block")), name="net")


@pytest.fixture(scope="module")
def theirs():
    image = keras.Input((6, 5, 3), name="image")
    output = build(keras.layers, image, lambda layers: keras.Sequential(layers, name="block"))
    return drawn(keras.Model(image, output))


@pytest.fixture(scope="module")
def answers(theirs):
    x = np.random.default_rng(5).normal(size=(2, 6, 5, 3)).astype(np.float32)
    return x, answer(theirs, x)


def stored(path, names=True):
    """What the reader gives, with or without the names that the file keeps of its layers."""
    found = read_tensors(path)
    return found if names else ForeignTensors(found.kind, found.tensors, {})


def assert_answers(network, variables, answers):
    x, expected = answers
    np.testing.assert_allclose(network.apply(variables, x).output, expected, rtol=1e-4, atol=1e-4)


def test_the_order_of_layers_is_the_one_keras_lists(theirs):
    order = [layer.name for layer in theirs.layers]
    assert layer_order(ours()) == order


def test_random_graphs_are_listed_in_the_order_of_keras():
    for seed in range(12):
        assert order_in(own, lambda: Input((4,), name="x"), graph, seed) == order_in(
            keras.layers, lambda: keras.Input((4,), name="x"), keras.Model, seed
        )


def order_in(library, make_input, make_model, seed):
    """The layers of a random graph in the order of a library."""
    rng = np.random.default_rng(seed)
    values = [make_input()]
    kept = [library.Dense(4, name=f"dense{number}") for number in range(4)]
    for number in range(9):
        picked = [values[place] for place in rng.integers(0, len(values), 2)]
        if rng.random() < 0.4 and picked[0] is not picked[1]:
            values.append(library.Add(name=f"add{number}")(picked))
        else:
            values.append(kept[rng.integers(0, 4)](picked[0]))
    ends = [values[-1], values[rng.integers(1, len(values))]]
    ends = ends if ends[0] is not ends[1] else ends[:1]
    model = make_model(values[0], ends)
    return [layer.name for layer in model.layers] if library is keras.layers else layer_order(model)


@pytest.mark.parametrize("names", [True, False], ids=["with names", "numbers alone"])
def test_weights_that_keras_saved_give_the_same_answers(theirs, answers, tmp_path, names):
    theirs.save_weights(tmp_path / "a.weights.h5")
    mapped = exchange.map_tensors(ours(), stored(tmp_path / "a.weights.h5", names))
    assert mapped.convention == ("keras" if names else "keras3")
    assert_answers(ours(), mapped.variables, answers)


def test_keras_loads_what_was_written_for_it(theirs, answers, tmp_path):
    theirs.save_weights(tmp_path / "a.weights.h5")
    variables = exchange.into_variables(ours(), stored(tmp_path / "a.weights.h5"))
    exchange.write_weights(tmp_path / "b.weights.h5", ours(), variables)
    image = keras.Input((6, 5, 3))
    fresh = keras.Model(image, build(keras.layers, image, lambda layers: keras.Sequential(layers)))
    fresh.load_weights(tmp_path / "b.weights.h5")
    np.testing.assert_allclose(answer(fresh, answers[0]), answers[1], rtol=1e-5, atol=1e-5)
    for left, right in zip(fresh.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(left, right)


def test_a_sequential_of_keras_loads_what_was_written_for_it(tmp_path):
    network = sequential([own.Dense(3), own.Dropout(0.5), own.Dense(2)], input_shape=(4,))
    variables = network.init(0)
    exchange.write_weights(tmp_path / "a.weights.h5", network, variables)
    layers = keras.layers
    fresh = keras.Sequential([keras.Input((4,)), layers.Dense(3), layers.Dropout(0.5), layers.Dense(2)])
    fresh.load_weights(tmp_path / "a.weights.h5")
    for left, name in zip(fresh.get_weights(), ["dense1", "dense1", "dense2", "dense2"], strict=True):
        np.testing.assert_array_equal(left, variables["params"][name]["kernel" if left.ndim == 2 else "bias"])


def test_a_whole_model_in_the_old_hdf5_format(theirs, answers, tmp_path):
    import logging

    logging.getLogger("absl").setLevel("ERROR")  # Keras warns that the format is old
    theirs.save(tmp_path / "a.h5")
    mapped = exchange.map_tensors(ours(), read_tensors(tmp_path / "a.h5"))
    assert_answers(ours(), mapped.variables, answers)


def test_names_of_numbered_layers():
    assert list(stored_names(ours()).values())[:4] == [
        "input_layer",
        "conv2d",
        "batch_normalization",
        "activation",
    ]
    assert {"sequential", "p_re_lu", "separable_conv2d"} <= set(stored_names(ours()).values())

"""Layers that do not learn, rates that differ from layer to layer, and the features of a layer."""

import numpy as np
import pytest

import striate as st
from striate.errors import ArgumentError
from striate.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten, GlobalAveragePooling2D
from striate.training import optimizers

RANDOM = np.random.default_rng(11)
X = RANDOM.normal(1.5, 2.0, (12, 6, 6, 2)).astype(np.float32)
Y = RANDOM.integers(0, 3, 12)


def make(seed=3):
    layers = [
        Conv2D(4, 3, name="conv1"),
        BatchNormalization(name="norm"),
        Conv2D(5, 3, activation="relu", name="conv2"),
        GlobalAveragePooling2D(name="mean"),
        Dropout(0.4, name="drop"),
        Dense(3, activation="softmax", name="fc"),
    ]
    model = st.Sequential([st.Input((6, 6, 2)), *layers], seed=seed)
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def weights(model):
    return {
        f"{path}/{name}": np.asarray(array)
        for group in model.variables.values()
        for path, each in group.items()
        for name, array in each.items()
    }


def moved(model, **fit):
    before = weights(model)
    model.fit(X, Y, batch_size=4, verbose=0, seed=1, **fit)
    after = weights(model)
    return {name for name in before if not np.array_equal(before[name], after[name])}


def test_frozen_layers_and_their_statistics_stay_bit_for_bit():
    model = make()
    model.freeze(until="conv2")
    assert moved(model) == {"conv2/kernel", "conv2/bias", "fc/kernel", "fc/bias"}
    model.unfreeze()
    assert moved(model) == set(weights(model))


def test_a_frozen_norm_uses_its_moving_statistics_while_training():
    model = make()
    model.freeze(layers="norm")
    norm = model.network.nodes[1].layer
    own = {name.split("/")[1]: array for name, array in weights(model).items() if name.startswith("norm/")}
    x = np.asarray(X[..., :1] + np.zeros(4, np.float32))
    trained = norm.forward(own, x, train=True)
    assert not trained.state
    wanted = (x - own["moving_mean"]) / np.sqrt(own["moving_variance"] + 1e-3) * own["gamma"] + own["beta"]
    np.testing.assert_allclose(trained.output, wanted, rtol=1e-5, atol=1e-6)


def test_patterns_choose_layers_and_weights_survive():
    model = make()
    before = weights(model)
    model.freeze(layers=("conv*", "norm"))
    after = weights(model)
    assert all(np.array_equal(before[name], after[name]) for name in before)
    assert set(model.variables["params"]) == {"fc"}
    model.unfreeze(layers="conv1")
    assert set(model.variables["params"]) == {"conv1", "fc"}


def test_a_nested_network_is_named_as_a_whole():
    inner = st.Sequential([st.Input((6, 6, 2)), Conv2D(3, 3, name="a"), Conv2D(2, 3, name="b")], name="base")
    x = st.Input((6, 6, 2))
    model = st.Model(x, Dense(3, activation="softmax", name="fc")(Flatten()(inner(x))))
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.freeze(layers="base")
    assert moved(model) == {"fc/kernel", "fc/bias"}
    model.unfreeze(layers="base/b")
    assert moved(model) == {"base/b/kernel", "base/b/bias", "fc/kernel", "fc/bias"}


def test_names_that_nothing_bears_are_all_said():
    with pytest.raises(ArgumentError) as refused:
        make().freeze(layers=["conv3", "block9.*"])
    assert str(refused.value) == (
        "2 problems:\n"
        "1. freeze: there is no layer 'conv3'; expected names of layers, or patterns of them.\n"
        "  Did you mean 'conv2'?\n"
        "2. freeze: there is no layer 'block9.*'; expected names of layers, or patterns of them.\n"
        "  model.summary() shows the names."
    )


def test_until_and_layers_do_not_go_together():
    with pytest.raises(ArgumentError, match="freeze: got until and layers; expected one of the two"):
        make().freeze(until="fc", layers="fc")


@pytest.mark.parametrize("name", ["sgd", "adam", "lion"])
def test_factors_scale_the_whole_move_of_a_layer(name):
    changes = {}
    for factors in ((), (("conv1", 0.0), ("conv*", 0.5), ("norm", 2.0))):
        model = make()
        optimizer = type(optimizers.get(name))(0.01, rate_factors=factors)
        model.compile(optimizer, "sparse_categorical_crossentropy")
        before = weights(model)
        model.fit(X, Y, batch_size=12, verbose=0, seed=1)
        changes[bool(factors)] = {key: array - before[key] for key, array in weights(model).items()}
    plain, scaled = changes[False], changes[True]
    for key, factor in {"conv1/kernel": 0, "conv2/kernel": 0.5, "norm/gamma": 2, "fc/kernel": 1}.items():
        np.testing.assert_allclose(scaled[key], factor * plain[key], rtol=1e-3, atol=1e-7)


def test_features_are_what_the_network_records():
    model = make()
    for at in ("conv1", "norm", "conv2", "mean"):
        recorded = model.network.apply(model.variables, X, record=(at,)).record[at]
        np.testing.assert_allclose(model.features(at=at).predict(X), recorded, rtol=1e-5, atol=1e-6)
    assert model.features().network.outputs == ("mean",)
    np.testing.assert_array_equal(model.features().predict(X), model.features(at="mean").predict(X))
    assert model.features().about == {"features": {"of": "model", "at": "mean"}}


def test_features_of_a_layer_that_is_not_there():
    with pytest.raises(ArgumentError) as refused:
        make().features(at="conv3")
    assert str(refused.value) == (
        "features: there is no layer 'conv3'; expected the name of a layer of this network.\n"
        "  Did you mean 'conv2'?"
    )

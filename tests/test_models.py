"""The shell: models built, asked, saved, loaded and used inside one another."""

import numpy as np
import pytest

import striate as st
from striate import layers
from striate.errors import ArgumentError, DataError, FormatError, ShapeError


def small(seed=1, **named):
    return st.Sequential(
        [
            st.Input((4, 4, 1)),
            layers.Conv2D(2, 3, activation="relu", name="first"),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ],
        seed=seed,
        **named,
    )


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    return rng.normal(size=(10, 4, 4, 1)).astype(np.float32), rng.integers(0, 3, 10)


@pytest.fixture
def trained(data):
    model = small(name="digits")
    model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(*data, epochs=2, batch_size=10, verbose=0)
    return model


def same(one, other):
    return all((a == b).all() for a, b in zip(one.get_weights(), other.get_weights(), strict=True))


def test_a_model_knows_its_layers_and_shapes():
    model = small(name="digits")
    assert model.name == "digits"
    assert model.input_shape == (None, 4, 4, 1)
    assert model.output_shape == (None, 3)
    assert model.count_params() == 20 + 8 + 27
    assert [type(layer).__name__ for layer in model.layers] == [
        "Conv2D",
        "BatchNormalization",
        "Flatten",
        "Dense",
    ]
    assert model.get_layer("first") is model.get_layer(index=0)
    assert model.get_layer(index=-1).units == 3
    assert st.network.from_json(model.to_json()) == model.network
    with pytest.raises(ArgumentError) as caught:
        model.get_layer("second")
    assert str(caught.value) == (
        "get_layer: there is no layer 'second'; expected one of first, norm1, flatten1, dense1.\n"
        "  model.summary() shows the names."
    )


def test_summary_goes_where_it_is_sent(capsys):
    lines = []
    small().summary(print_fn=lines.append)
    assert "first" in "\n".join(lines)
    small().summary()
    assert "first" in capsys.readouterr().out


def test_weights_are_drawn_from_the_seed():
    assert same(small(seed=3), small(seed=3))
    assert not same(small(seed=3), small(seed=4))
    st.utils.set_random_seed(3)
    assert same(small(seed=None), small(seed=3))


def test_weights_go_out_and_in(tmp_path):
    model, other = small(), small(seed=2)
    shapes = [array.shape for array in model.get_weights()]
    assert shapes == [(3, 3, 1, 2), (2,), (2,), (2,), (2,), (2,), (8, 3), (3,)]
    other.set_weights(model.get_weights())
    assert same(model, other)
    changed = small(seed=5)
    changed.save_weights(tmp_path / "w.safetensors")
    model.load_weights(tmp_path / "w.safetensors")
    assert same(model, changed)


def test_weights_that_do_not_fit_are_refused(tmp_path):
    model = small()
    with pytest.raises(ShapeError) as caught:
        model.set_weights(model.get_weights()[:3])
    assert str(caught.value) == (
        "weights: got 3 arrays; expected 8 arrays.\n  Give what get_weights() of the same network gave."
    )
    wrong = model.get_weights()
    wrong[0], wrong[7] = wrong[0][:2], wrong[7][:1]
    with pytest.raises(ShapeError) as caught:
        model.set_weights(wrong)
    assert str(caught.value) == (
        "2 problems:\n"
        "1. first/kernel: the array has shape (2, 3, 1, 2); expected shape (3, 3, 1, 2).\n"
        "  Give weights of the same network.\n"
        "2. dense1/bias: the array has shape (1,); expected shape (3,).\n  Give weights of the same network."
    )
    st.Sequential([st.Input((3,)), layers.Dense(2, name="other")]).save_weights(tmp_path / "w")
    with pytest.raises(FormatError) as caught:
        model.load_weights(tmp_path / "w")
    text = str(caught.value)
    assert text.startswith(
        "11 problems:\n"
        "1. w: 0 of the network's 8 weights are found, 8 are missing, 0 have another shape; "
        "2 tensors have no place; expected all 8 and no others.\n"
    )
    assert (
        "2. w, tensor first/kernel: it is missing; expected float32 [3, 3, 1, 2], for first/kernel." in text
    )
    assert (
        "10. w, tensor other/bias: the network has no place for it; its shape is [2]; expected none." in text
    )


def test_answers_are_the_same_however_they_are_asked_for(data):
    model, x = small(), data[0]
    wanted = np.asarray(model.network.apply(model.variables, x).output)
    assert model.predict(x).shape == (10, 3)
    for found in (
        model.predict(x),
        model.predict(x, batch_size=4),
        model.predict([(x[:4],), (x[4:], None)]),
        model.predict(iter([x[:9], x[9:]])),
        model(x),
        model.predict_on_batch(x),
    ):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.predict(x[:3]), wanted[:3], rtol=1e-5, atol=1e-6)
    assert model.predict(x, batch_size=2, steps=3).shape == (6, 3)


def test_questions_that_do_not_fit(data):
    with pytest.raises(DataError, match="Channels first"):
        small().predict(np.zeros((2, 1, 4, 4), np.float32))
    with pytest.raises(ArgumentError) as caught:
        small()(data[0], training=True)
    assert str(caught.value) == (
        "training: got True; expected False.\n  Use model.network.apply(variables, x, train=True, key=...)."
    )


def test_raw_pictures_are_scaled_by_the_preprocessing_or_a_first_layer():
    raw = np.random.default_rng(0).integers(0, 256, (4, 4, 4, 1), dtype=np.uint8)
    model = small()
    with pytest.raises(DataError, match="raw uint8 pictures"):
        model.predict(raw)
    model.preprocessing = st.images.Preprocessing(channels=1)
    scaled = small().predict(raw / np.float32(255))
    np.testing.assert_allclose(model.predict(raw), scaled, rtol=1e-5)
    layered = st.Sequential(
        [st.Input((4, 4, 1)), layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(2)]
    )
    assert layered.predict(raw).shape == (4, 2)


def test_a_saved_model_comes_back_whole(trained, data, tmp_path):
    trained.preprocessing = st.images.Preprocessing(channels=1)
    trained.class_names = ("a", "b", "c")
    trained.save(tmp_path / "model.striate")
    loaded = st.load(tmp_path / "model.striate")
    assert loaded.network == trained.network
    assert same(loaded, trained)
    assert loaded.preprocessing == trained.preprocessing
    assert loaded.class_names == ("a", "b", "c")
    assert loaded.history.history == trained.history.history
    assert loaded.history.epoch == [0, 1]
    assert loaded.optimizer == trained.optimizer
    found = loaded.evaluate(*data, verbose=0, return_dict=True)
    assert found == trained.evaluate(*data, verbose=0, return_dict=True)
    assert list(found) == ["loss", "accuracy"]
    assert loaded.compiled().done == 2
    loaded.fit(*data, batch_size=10, verbose=0)


def test_objects_of_compile_are_saved_and_functions_of_your_own_are_not(data, tmp_path):
    model = small()
    model.compile(
        st.optimizers.Adam(st.schedules.CosineDecay(0.01, 100), weight_decay=0.1),
        st.losses.SparseCategoricalCrossentropy(),
        metrics=[st.metrics.SparseTopKCategoricalAccuracy(k=2), "accuracy"],
    )
    model.save(tmp_path / "m")
    loaded = st.load(tmp_path / "m")
    assert loaded.optimizer == model.optimizer
    assert loaded.evaluate(*data, verbose=0) == model.evaluate(*data, verbose=0)
    model.compile("sgd", lambda y, p: p.sum(axis=-1))
    model.save(tmp_path / "m")
    assert st.load(tmp_path / "m").optimizer is None


def test_a_model_used_as_a_layer_gives_its_weights_as_start_values(trained, data):
    start = st.Input((4, 4, 1))
    outer = st.Model(start, layers.Dense(2)(trained(start)), seed=9)
    assert next(iter(outer.network.declared)) == "digits/first"
    inner = outer.variables["params"]["digits/first"]["kernel"]
    assert (inner == trained.variables["params"]["first"]["kernel"]).all()
    means = outer.variables["state"]["digits/norm1"]["moving_mean"]
    assert (means == trained.variables["state"]["norm1"]["moving_mean"]).all()
    before = trained.get_weights()
    outer.compile("sgd", "mse")
    outer.fit(data[0], np.zeros((10, 2)), verbose=0)
    assert all((a == b).all() for a, b in zip(before, trained.get_weights(), strict=True))
    assert not np.allclose(outer.variables["params"]["digits/first"]["kernel"], inner, atol=0)
    row = st.Sequential([trained, layers.Dense(2)])
    assert (row.variables["params"]["digits/first"]["kernel"] == before[0]).all()


def test_a_frozen_model_inside_another_does_not_move(trained, data):
    trained.trainable = False
    assert not trained.trainable
    assert trained.variables["params"] == {}
    row = st.Sequential([trained, layers.Dense(2)])
    row.compile("sgd", "mse")
    row.fit(data[0], np.ones((10, 2)), verbose=0)
    assert list(row.variables["params"]) == ["dense1"]
    kept = row.variables["state"]["digits/first"]["kernel"]
    assert (kept == trained.variables["state"]["first"]["kernel"]).all()
    trained.trainable = True
    assert (trained.variables["params"]["first"]["kernel"] == kept).all()


def test_a_model_called_twice_shares_its_weights(trained):
    left, right = st.Input((4, 4, 1), name="left"), st.Input((4, 4, 1), name="right")
    twin = st.Model([left, right], layers.Add()([trained(left), trained(right)]))
    assert twin.count_params() == trained.count_params()
    assert twin.input_shape == [(None, 4, 4, 1)] * 2
    x = np.zeros((2, 4, 4, 1), np.float32)
    np.testing.assert_allclose(twin.predict([x, x]), 2 * trained.predict(x), rtol=1e-5)
    np.testing.assert_allclose(twin.predict({"left": x, "right": x}), twin(x, x), rtol=1e-6)


def test_a_row_of_layers_grows_and_keeps_its_weights():
    row = st.Sequential(seed=1)
    row.add(st.Input((3,)))
    row.add(layers.Dense(4))
    first = row.get_weights()
    row.add(layers.Dense(2))
    assert row.output_shape == (None, 2)
    assert (row.get_weights()[0] == first[0]).all()
    assert row.pop().units == 2
    assert same(row, st.Sequential([layers.Dense(4, input_shape=(3,))], seed=1))


def test_a_row_without_a_shape_waits_for_data():
    row = st.Sequential([layers.Dense(2), layers.Dense(1)])
    row.compile("sgd", "mse")
    with pytest.raises(ShapeError) as caught:
        row.count_params()
    assert str(caught.value) == (
        "input1: the input has no shape; expected the shape of one example.\n"
        "  Say input_shape=(height, width, channels) or begin with Input(shape=...)."
    )
    row.fit(np.zeros((4, 3), np.float32), np.zeros(4), verbose=0)
    assert row.count_params() == 3 * 2 + 2 + 2 + 1
    listed = st.Sequential([layers.Dense(2)])
    assert listed.predict([(np.zeros((4, 5), np.float32),)]).shape == (4, 2)
    built = st.Sequential([layers.Dense(2)])
    built.build((None, 7))
    assert built.count_params() == 16


def test_a_model_around_a_network():
    model = small()
    again = st.Model.from_network(model.network, model.variables, class_names=["a", "b", "c"])
    assert same(model, again)
    assert again.class_names == ("a", "b", "c")
    assert same(st.Model.from_network(model.network, seed=1), model)
    with pytest.raises(ShapeError):
        st.Model.from_network(model.network, {"params": {}, "state": {}})


def test_variables_can_be_set_between_and_during_trainings(data):
    class Reset(st.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.variables = start

    model = small()
    model.compile("sgd", "sparse_categorical_crossentropy")
    start = model.variables
    model.fit(*data, batch_size=10, verbose=0, callbacks=[Reset()])
    assert same(model, small())
    with pytest.raises(ShapeError):
        model.variables = {"params": {}, "state": {}}

"""The loop against the arithmetic done by hand, against Keras, and against itself cut in other ways."""

import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

import striate as st
from striate import layers
from striate.training import _pace

sys.path.insert(0, str(Path(__file__).parent))
from loop_helpers import fingerprint, full_model, linear_model, pictures


@pytest.fixture
def line():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(10, 3)).astype(np.float32)
    return x, (x @ [1.0, -2.0, 0.5] + 0.3).astype(np.float32)


def by_hand(model, x, y, weights, size, rate, epochs=1):
    """Plain gradient descent on the mean squared error of a linear model, in float64."""
    (kernel, bias), losses = (array.astype(np.float64) for array in model.get_weights()), []
    for _ in range(epochs):
        total = 0.0
        for start in range(0, len(x), size):
            part = slice(start, start + size)
            error = x[part] @ kernel[:, 0] + bias[0] - y[part]
            total += np.sum(weights[part] * error**2)
            push = 2 * weights[part] * error / len(error)
            kernel, bias = kernel - rate * (push @ x[part])[:, None], bias - rate * push.sum()
        losses.append(total / len(x))
    return [kernel, bias], losses


def test_two_epochs_with_a_short_last_batch_are_what_a_person_computes(line):
    model = linear_model(st.optimizers.SGD(0.05))
    weights, losses = by_hand(model, *line, np.ones(10), 4, 0.05, epochs=2)
    history = model.fit(*line, epochs=2, batch_size=4, shuffle=False, verbose=0)
    np.testing.assert_allclose(history.history["loss"], losses, rtol=1e-5)
    for found, wanted in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_sample_weights_count_in_the_loss_and_its_gradient(line):
    model = linear_model(st.optimizers.SGD(0.05), weighted_metrics=["mse"], metrics=["mae"])
    sample_weight = np.linspace(0, 3, 10)
    weights, losses = by_hand(model, *line, sample_weight, 4, 0.05)
    before = np.abs(model.predict(line[0])[:, 0] - line[1])
    plain = model.evaluate(*line, batch_size=4, verbose=0, sample_weight=sample_weight, return_dict=True)
    np.testing.assert_allclose(plain["loss"], np.mean(sample_weight * before**2), rtol=1e-5)
    np.testing.assert_allclose(plain["mse"], np.average(before**2, weights=sample_weight), rtol=1e-5)
    np.testing.assert_allclose(plain["mae"], before.mean(), rtol=1e-5)
    history = model.fit(*line, batch_size=4, shuffle=False, verbose=0, sample_weight=sample_weight)
    np.testing.assert_allclose(history.history["loss"], losses, rtol=1e-5)
    np.testing.assert_allclose(model.get_weights()[0], weights[0], rtol=1e-5)


@pytest.mark.filterwarnings("ignore")  # Keras' own
def test_training_equals_keras():
    import keras

    x, y = pictures(20)
    twin = keras.Sequential(
        [
            keras.Input((4, 4, 1)),
            keras.layers.Conv2D(2, 3, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Flatten(),
            keras.layers.Dense(3, activation="softmax", kernel_regularizer=keras.regularizers.L2(0.01)),
        ]
    )
    twin.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model = st.Sequential(
        [
            st.Input((4, 4, 1)),
            layers.Conv2D(2, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dense(3, activation="softmax", kernel_regularizer=st.regularizers.L2(0.01)),
        ]
    )
    model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.set_weights(twin.get_weights())
    options = {"epochs": 2, "batch_size": 8, "shuffle": False, "verbose": 0, "class_weight": {0: 2.0, 2: 0.5}}
    ours = model.fit(x, y, validation_split=0.3, **options).history
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        theirs = twin.fit(x, y, validation_split=0.3, **options).history
    assert list(ours) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert set(ours) == set(theirs)
    for name, values in ours.items():
        np.testing.assert_allclose(values, theirs[name], rtol=2e-5, err_msg=name)
    for mine, other in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=2e-4, atol=2e-6)


@pytest.fixture(scope="module")
def reference():
    """Two epochs with shuffling, dropout, running statistics and a short last batch."""
    model = full_model()
    history = model.fit(*pictures(), epochs=2, batch_size=16, verbose=0, validation_split=0.25)
    return fingerprint(model), history.history


def test_the_same_seed_gives_the_same_bits(reference):
    model = full_model()
    history = model.fit(*pictures(), epochs=2, batch_size=16, verbose=0, validation_split=0.25)
    assert (fingerprint(model), history.history) == reference
    other = full_model()
    other.fit(*pictures(), epochs=2, batch_size=16, verbose=0, validation_split=0.25, seed=99)
    assert fingerprint(other) != reference[0]


def test_the_same_seed_gives_the_same_bits_in_another_process(reference):
    code = (
        "from loop_helpers import *; model = full_model();"
        "model.fit(*pictures(), epochs=2, batch_size=16, verbose=0, validation_split=0.25);"
        "print(fingerprint(model))"
    )
    folder = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == reference[0]


class EveryBatch(st.callbacks.Callback):
    def __init__(self):
        self.seen = []

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append((batch, logs["loss"]))


def test_looking_at_every_batch_changes_nothing(reference):
    model, watcher = full_model(), EveryBatch()
    history = model.fit(
        *pictures(), epochs=2, batch_size=16, verbose=0, validation_split=0.25, callbacks=[watcher]
    )
    assert (fingerprint(model), history.history) == reference
    assert [batch for batch, _ in watcher.seen] == [0, 1, 2, 0, 1, 2]
    assert watcher.seen[2][1] == reference[1]["loss"][0]


@pytest.mark.parametrize("seconds", [0.0, 100.0])
def test_the_pace_changes_nothing(reference, monkeypatch, seconds):
    monkeypatch.setattr(_pace, "SECONDS_BETWEEN_LOOKS", seconds)
    model = full_model()
    history = model.fit(*pictures(), epochs=2, batch_size=16, verbose=0, validation_split=0.25)
    assert (fingerprint(model), history.history) == reference


def test_a_list_of_batches_trains_like_the_arrays(line):
    x, y = line
    batches = [(x[:4], y[:4]), (x[4:8], y[4:8]), (x[8:], y[8:])]
    arrays, listed, generated = (linear_model() for _ in range(3))
    wanted = arrays.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0).history
    found = listed.fit(batches, epochs=2, verbose=0, validation_data=batches).history
    np.testing.assert_allclose(found["loss"], wanted["loss"], rtol=1e-6)
    assert found["val_loss"][-1] == pytest.approx(listed.evaluate(x, y, verbose=0), rel=1e-6)

    def endless():
        while True:
            yield from batches

    again = generated.fit(endless(), epochs=2, steps_per_epoch=3, verbose=0).history
    assert again["loss"] == found["loss"]
    for one, other in zip(listed.get_weights(), arrays.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)
    assert fingerprint(generated) == fingerprint(listed)


def test_nothing_is_compiled_twice(line):
    traces = []

    def loss(y, p):
        traces.append((y.shape, p.shape))
        return (y - p) ** 2

    model = linear_model(loss=loss)
    x, y = line
    model.fit(x, y, batch_size=4, epochs=3, verbose=0, validation_data=(x, y))
    first = len(traces)
    assert set(traces) == {((4, 1), (4, 1)), ((2, 1), (2, 1))}
    model.learning_rate = 0.5
    model.fit(x, y, batch_size=4, epochs=2, verbose=0, validation_data=(x, y), callbacks=[EveryBatch()])
    model.evaluate(x, y, batch_size=4, verbose=0)
    assert len(traces) == first
    equal = linear_model(loss=loss, seed=9)
    equal.fit(x, y, batch_size=4, epochs=1, verbose=0)
    assert len(traces) == first


def test_raw_bytes_stay_bytes_on_the_device(monkeypatch):
    model = full_model()
    model.preprocessing = st.images.Preprocessing(channels=1, mean=0.5, std=0.25)
    raw = np.random.default_rng(1).integers(0, 256, (20, 4, 4, 1), dtype=np.uint8)
    y = np.arange(20) % 3
    put = []
    real = jax.device_put
    monkeypatch.setattr(jax, "device_put", lambda tree, **more: put.append(tree) or real(tree, **more))
    model.fit(raw, y, batch_size=20, verbose=0)
    assert [tree.inputs[0].dtype for tree in put if hasattr(tree, "inputs")] == [np.uint8]
    plain = full_model()
    plain.fit((raw / np.float32(255) - 0.5) / 0.25, y, batch_size=20, verbose=0)
    for one, other in zip(model.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_schedules_count_steps_and_callbacks_change_the_rate(line):
    rates = []

    class Watch(st.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            rates.append(self.model.learning_rate)

    model = linear_model(st.optimizers.SGD(st.schedules.PiecewiseConstantDecay([1, 4], [0.3, 0.2, 0.1])))
    model.fit(*line, batch_size=4, epochs=2, verbose=0, callbacks=[Watch()])
    np.testing.assert_allclose(rates, [0.3, 0.3, 0.2, 0.2, 0.2, 0.1], rtol=1e-6)
    halve = st.callbacks.LearningRateScheduler(lambda epoch, rate: 0.4 / (epoch + 1))
    history = model.fit(*line, batch_size=4, epochs=2, verbose=0, callbacks=[halve])
    assert history.history["learning_rate"] == [0.4, 0.2]


def test_a_changed_rate_acts_on_the_next_step(line):
    class Freeze(st.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 0:
                self.model.learning_rate = 0.0

    model, one = linear_model(), linear_model()
    model.fit(*line, batch_size=4, shuffle=False, verbose=0, callbacks=[Freeze()])
    one.fit(*line, batch_size=4, shuffle=False, verbose=0, steps_per_epoch=1)
    assert fingerprint(model) == fingerprint(one)


def test_epochs_steps_and_frequencies(line):
    model = linear_model()
    history = model.fit(
        *line, batch_size=4, epochs=5, initial_epoch=2, verbose=0, steps_per_epoch=2, validation_data=line,
        validation_freq=2,
    )  # fmt: skip
    assert history.epoch == [2, 3, 4]
    assert len(history.history["loss"]) == 3
    assert len(history.history["val_loss"]) == 1
    assert model.compiled().done == 6
    assert model.fit(*line, epochs=3, verbose=0, validation_data=line, validation_freq=[1]).history[
        "val_loss"
    ]


def test_a_second_fit_goes_on_with_the_memory_of_the_optimizer(line):
    whole, halves = (linear_model(st.optimizers.SGD(0.02, momentum=0.9)) for _ in range(2))
    whole.fit(*line, batch_size=5, epochs=2, shuffle=False, verbose=0)
    for _ in range(2):
        halves.fit(*line, batch_size=5, epochs=1, shuffle=False, verbose=0)
    assert fingerprint(whole) == fingerprint(halves)


def test_two_fits_without_a_seed_shuffle_differently(line):
    order = []
    model = linear_model()
    for _ in range(2):
        before = fingerprint(model)
        model.set_weights(linear_model().get_weights())
        model.fit(*line, batch_size=1, epochs=1, verbose=0)
        order.append((before, fingerprint(model)))
    assert order[0][1] != order[1][1]


def test_several_outputs_have_their_losses_and_weights():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(12, 3)).astype(np.float32)
    y = {"kind": rng.integers(0, 4, 12), "size": rng.normal(size=(12, 1))}
    start = st.Input((3,))
    kind = layers.Dense(4, activation="softmax", name="kind")(start)
    size = layers.Dense(1, name="size")(start)
    model = st.Model(start, [kind, size])
    model.compile(
        "sgd",
        {"kind": "sparse_categorical_crossentropy", "size": "mse"},
        metrics={"kind": ["accuracy"]},
        loss_weights=[1.0, 0.25],
    )
    logs = model.evaluate(x, y, verbose=0, return_dict=True)
    assert list(logs) == ["loss", "kind_loss", "size_loss", "kind_accuracy"]
    assert logs["loss"] == pytest.approx(logs["kind_loss"] + 0.25 * logs["size_loss"], rel=1e-5)
    answers = model.predict(x)
    assert logs["kind_accuracy"] == pytest.approx(np.mean(answers[0].argmax(1) == y["kind"]))
    assert logs["size_loss"] == pytest.approx(np.mean((answers[1] - y["size"]) ** 2), rel=1e-5)
    history = model.fit(x, [y["kind"], y["size"]], epochs=3, batch_size=12, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]


def test_an_output_without_a_loss_is_left_alone():
    x = np.ones((4, 3), np.float32)
    start = st.Input((3,))
    model = st.Model(start, [layers.Dense(2, name="a")(start), layers.Dense(1, name="b")(start)])
    model.compile("sgd", {"b": "mse"})
    before = model.get_weights()
    model.fit(x, [np.zeros((4, 2)), np.ones(4)], verbose=0)
    after = model.get_weights()
    assert (before[0] == after[0]).all()
    assert (before[2] != after[2]).any()


def test_train_and_test_on_batch(line):
    model = linear_model(metrics=["mae"])
    loss, error = model.test_on_batch(*line)
    assert model.train_on_batch(*line, return_dict=True) == pytest.approx({"loss": loss, "mae": error})
    assert model.test_on_batch(*line)[0] < loss

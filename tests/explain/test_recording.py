"""A recording holds what the training had at that step, and the training never notices it."""

import hashlib
import itertools
import os
import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import references
import striate as st
from striate import layers
from striate.explain import Recorder, open_recording
from striate.explain.recording._layout import Entry, Layout
from striate.explain.recording.writing import Writer
from striate.training.callbacks import BackupAndRestore, Callback, LambdaCallback


def data(count=44):
    rng = np.random.default_rng(7)
    return rng.normal(size=(count, 4, 4, 1)).astype(np.float32), rng.integers(0, 3, count)


def model_for():
    """All that could differ between answering and training: batch norm, dropout, a regularizer."""
    parts = [
        st.Input((4, 4, 1)),
        layers.Conv2D(2, 3, activation="relu"),
        layers.BatchNormalization(),
        layers.Flatten(),
        layers.Dropout(0.3),
        layers.Dense(3, activation="softmax", kernel_regularizer=st.regularizers.L2(0.01)),
    ]
    model = st.Sequential(parts, seed=1)
    model.compile(st.optimizers.SGD(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def fit(model, *callbacks, epochs=2, **more):
    x, y = data()
    settings = {"batch_size": 8, "epochs": epochs, "verbose": 0, "seed": 5} | more
    return model.fit(x, y, callbacks=list(callbacks), **settings)


def fingerprint(model):
    digest = hashlib.sha256()
    for array in model.get_weights():
        digest.update(array.tobytes())
    return digest.hexdigest()


class Witness(Callback):
    """Keeps the variables after every step, in its own slow way."""

    def on_train_begin(self, logs=None):
        self.seen = {0: self.model.variables}

    def on_train_batch_end(self, batch, logs=None):
        self.seen[max(self.seen) + 1] = self.model.variables


@pytest.fixture(scope="module")
def plain():
    """A training that nobody records: its weights after every step."""
    model, witness = model_for(), Witness()
    history = fit(model, witness)
    return fingerprint(model), history.history, witness.seen


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """The same training, recorded in every way at every third step."""
    model, path = model_for(), tmp_path_factory.mktemp("recorded") / "run"
    recorder = Recorder(
        path, ("conv1", "conv1/preactivation", "norm1", "dense1"), steps=3, on=("probe", "batch")
    )
    history = fit(model, recorder)
    return fingerprint(model), history.history, recorder.recording


def test_recording_changes_no_bit_of_the_training(plain, recorded):
    assert recorded[:2] == plain[:2]


def test_the_weights_are_those_of_the_step(plain, recorded):
    log, seen = recorded[2], plain[2]
    assert log.steps == (0, 3, 6, 9)
    assert log.epochs == (0, 0, 1, 1)
    for step in log.steps:
        for group in ("params", "state"):
            for path, weights in seen[step][group].items():
                for name, array in weights.items():
                    np.testing.assert_array_equal(log.value(f"{path}/{name}", step), array)


def test_activations_on_the_probe_are_those_of_an_answer(plain, recorded):
    log, x = recorded[2], data()[0][:4]
    model = model_for()
    np.testing.assert_array_equal(log.probe[0]["input1"], x)
    np.testing.assert_array_equal(log.probe[1]["dense1"], data()[1][:4])
    apply = jax.jit(lambda variables: model.network.apply(variables, x, record=True).record)
    for step in log.steps:
        record = apply(plain[2][step])
        for name in ("conv1", "conv1/preactivation", "norm1", "dense1"):
            np.testing.assert_allclose(log.value(name, step), record[name], rtol=1e-5, atol=1e-6)


def test_gradients_on_the_probe_are_those_of_the_loss(plain, recorded):
    log, (x, y) = recorded[2], data()
    network, chosen = model_for().network, np.eye(3)[y[:4]]

    def loss(params, state):
        answers = network.apply({"params": params, "state": state}, x[:4]).output
        return -jnp.mean(jnp.log((answers * chosen).sum(-1))) + network.penalty(params)

    slopes = jax.jit(jax.grad(loss))
    for step in log.steps:
        for path, weights in slopes(plain[2][step]["params"], plain[2][step]["state"]).items():
            for name, array in weights.items():
                np.testing.assert_allclose(
                    log.value(f"{path}/{name}.grad", step), array, rtol=1e-4, atol=1e-6
                )


def test_gradients_of_activations_chain_to_those_of_weights(recorded):
    """What reaches the convolution's argument, folded with the picture by hand, is the kernel's."""
    log, x = recorded[2], data()[0][:4]
    for step in log.steps:
        kernel, slopes = log.value("conv1/kernel", step), log.value("conv1/preactivation.grad", step)
        expected = references.conv2d_gradients(x, kernel, slopes)[1]
        np.testing.assert_allclose(log.value("conv1/kernel.grad", step), expected, rtol=1e-4, atol=1e-6)
        through = np.where(log.value("conv1/preactivation", step) > 0, log.value("conv1.grad", step), 0)
        np.testing.assert_allclose(slopes, through, rtol=1e-5, atol=1e-7)


@pytest.fixture(scope="module")
def descended(tmp_path_factory):
    """Plain gradient descent, recorded at every step on the very batch that is learned from."""
    path = tmp_path_factory.mktemp("descended") / "run"
    recorder = Recorder(path, what=("weights", "gradients"), steps=1, on="batch", examples=2)
    fit(model_for(), recorder)
    return recorder.recording


def test_the_next_weights_are_these_minus_the_rate_times_the_gradient(descended):
    """With dropout and batch statistics, over the border of an epoch, with a short last batch."""
    log = descended
    assert log.steps == tuple(range(12))
    for step, name in itertools.product(log.steps[:-1], ("conv1/kernel", "norm1/gamma", "dense1/kernel")):
        before, after = log.value(name, step), log.value(name, step + 1)
        moved = (before - after) / np.float32(0.1)
        np.testing.assert_allclose(log.value(f"{name}.grad", step), moved, rtol=1e-3, atol=2e-6)


def test_a_short_last_batch_is_filled_up(tmp_path):
    recorder = Recorder(tmp_path / "run", "conv1", "activations", steps=1, on="batch", examples=8)
    fit(model_for(), recorder, epochs=1)
    log = recorder.recording
    assert log.shape("conv1") == (8, 2, 2, 2)
    assert np.isfinite(log.value("conv1", 4)).all()
    assert np.isfinite(log.value("conv1", 5)[:4]).all()
    assert np.isnan(log.value("conv1", 5)[4:]).all()
    recorder = Recorder(tmp_path / "small", "conv1", "activations", steps=1, on="batch", examples=99)
    fit(model_for(), recorder, epochs=1)
    assert recorder.recording.shape("conv1") == (8, 2, 2, 2)


@pytest.mark.slow
def test_augmented_batches_are_recorded_as_they_were_learned_from(tmp_path):
    model, (x, y) = model_for(), data()
    augment = st.Augmentation(flip="horizontal", mixup=0.5)
    model.compile(st.optimizers.SGD(0.1), "sparse_categorical_crossentropy", augment=augment)
    recorder = Recorder(tmp_path / "run", "conv1", ("weights", "gradients"), steps=1, on="batch")
    model.fit(x[:40], y[:40], batch_size=8, verbose=0, callbacks=[recorder])
    log = recorder.recording
    for step in log.steps[:-1]:
        moved = (log.value("conv1/kernel", step) - log.value("conv1/kernel", step + 1)) / np.float32(0.1)
        np.testing.assert_allclose(log.value("conv1/kernel.grad", step), moved, rtol=1e-3, atol=2e-6)


def test_a_model_of_any_recorded_step_answers_as_it_did(plain, tmp_path):
    recorder, x = Recorder(tmp_path / "run", what="weights", steps=[0, 5, 12]), data()[0]
    fit(model_for(), recorder)
    log = recorder.recording
    assert log.steps == (0, 5, 12)
    for step in log.steps:
        expected = model_for()
        expected.variables = plain[2][step]
        np.testing.assert_array_equal(log.model(step).predict(x, verbose=0), expected.predict(x, verbose=0))


def test_the_loop_still_makes_many_steps_at_once(tmp_path):
    looks = []
    watcher = LambdaCallback(on_chunk_end=lambda step, logs: looks.append(step))
    recorder = Recorder(tmp_path / "run", what="weights", steps=64)
    fit(model_for(), watcher, recorder, epochs=10, batch_size=2)
    assert recorder.recording.steps == (0, 64, 128, 192)
    assert len(looks) < 110


class Stop(Exception):
    """The process dies."""


@pytest.mark.parametrize("death", [5, 6, 8])
def test_an_interrupted_training_goes_on_with_the_same_recording(tmp_path, death, plain):
    """Every file of the recording is the same, byte for byte, wherever the training was cut."""

    def die(step, logs):
        if model.compiled().done + model._run.done + model._run.step >= death:
            raise Stop

    def callbacks(name, *others):
        recorder = Recorder(tmp_path / name, steps=2, what=("weights", "activations"))
        return [recorder, *others, BackupAndRestore(tmp_path / f"{name}.striate", save_freq=3)]

    fit(model_for(), *callbacks("whole"))
    model = model_for()
    with pytest.raises(Stop):
        fit(model, *callbacks("cut"), LambdaCallback(on_chunk_end=die))
    with (tmp_path / "cut" / "values.raw").open("ab") as file:
        file.write(b"half a block")
    model = model_for()
    fit(model, *callbacks("cut"))
    assert fingerprint(model) == plain[0]
    for name in ("index.jsonl", "values.raw", "model.striate", "probe.safetensors"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name


def test_a_recording_that_is_being_made_is_not_there_or_whole(tmp_path, monkeypatch):
    """Somebody who looks after every single call to the system never meets half of an index."""
    folder, met = tmp_path / "run", set()

    def looked(call):
        def then_look(*args, **keywords):
            answer = call(*args, **keywords)
            exists = (folder / "index.jsonl").exists()
            met.add(exists)
            if exists:
                assert open_recording(folder).steps == ()
            return answer

        return then_look

    with monkeypatch.context() as patched:
        for name in ("write", "replace", "fsync"):
            patched.setattr(os, name, looked(getattr(os, name)))
        Writer.create(folder, Layout("float32", (Entry("dense1/kernel", "", (2, 3)),)))
    assert met == {False, True}


def test_a_recording_is_read_while_it_is_written(tmp_path):
    recorder, seen = Recorder(tmp_path / "run", steps=1), []
    over, looked = threading.Event(), threading.Event()

    def let_somebody_look(epoch, logs):
        looked.clear()
        looked.wait(20)

    def read():
        while not over.is_set():
            if (tmp_path / "run" / "index.jsonl").exists():
                log = open_recording(tmp_path / "run")
                seen.append(len(log.steps))
                for step in log.steps[-3:]:
                    log.value("dense1/kernel", step)
                looked.set()

    reader = threading.Thread(target=read)
    reader.start()
    fit(model_for(), recorder, LambdaCallback(on_epoch_end=let_somebody_look), epochs=20)
    over.set()
    reader.join()
    assert seen == sorted(seen)
    assert len(set(seen)) > 3
    assert recorder.recording.steps == tuple(range(121))


def test_a_second_training_goes_on_in_the_same_recording(tmp_path):
    model, recorder = model_for(), Recorder(tmp_path / "run", what="weights", steps=4)
    fit(model, recorder, epochs=1)
    assert recorder.recording.steps == (0, 4)
    fit(model, recorder, epochs=1)
    assert recorder.recording.steps == (0, 4, 8, 12)


def test_batches_of_an_iterable(tmp_path):
    x, y = data()
    batches = [(x[start : start + 8], y[start : start + 8]) for start in range(0, 40, 8)]
    model, recorder = model_for(), Recorder(tmp_path / "run", steps=2, examples=(x[:3], y[:3]))
    model.fit((batch for batch in itertools.cycle(batches)), steps_per_epoch=5, epochs=2, verbose=0,
              callbacks=[recorder])  # fmt: skip
    log = recorder.recording
    assert log.steps == (0, 2, 4, 6, 8, 10)
    assert log.shape("conv1") == (3, 2, 2, 2)


def test_an_iterable_whose_end_nobody_knows(tmp_path):
    x, y = data()

    class Unknown:
        def __iter__(self):
            return iter([(x[:8], y[:8])] * 5)

    model = model_for()
    recorder = Recorder(tmp_path / "run", what="weights", steps=lambda step: step in (1, 2, 7))
    model.fit(Unknown(), epochs=2, verbose=0, callbacks=[recorder])
    assert recorder.recording.steps == (1, 2, 7)


def test_networks_in_networks_and_shared_layers(tmp_path):
    inner = st.Sequential([st.Input((4, 4, 1)), layers.Conv2D(1, 3, name="c")], name="base")
    x, shared = st.Input((4, 4, 1)), layers.Dense(3, name="d")
    flat = layers.Flatten()(inner(x))
    model = st.Model(x, layers.Add()([shared(flat), shared(flat)]))
    model.compile("sgd", "mse")
    recorder = Recorder(tmp_path / "run", ("base", "d_2", "base/c/kernel", "input1"), steps=2)
    model.fit(data()[0], np.zeros((44, 3), np.float32), verbose=0, callbacks=[recorder])
    log = recorder.recording
    assert set(log.names) == {
        "base/c/kernel", "base/c/bias", "d/kernel", "d/bias", "base/c", "d_2", "input1",
        "base/c/kernel.grad", "base/c/bias.grad", "d/kernel.grad", "d/bias.grad",
        "base/c.grad", "d_2.grad", "input1.grad",
    }  # fmt: skip

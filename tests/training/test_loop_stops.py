"""Trainings that end early: NaN, Ctrl-C, failing callbacks. The model stays usable, the words are right."""

import os
import signal
import sys
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

import striate as st
from striate import layers
from striate.errors import ArgumentError, DataError, ShapeError, TrainingError

sys.path.insert(0, str(Path(__file__).parent))
from loop_helpers import fingerprint, full_model, linear_model, pictures


@pytest.fixture
def line():
    rng = np.random.default_rng(3)
    return rng.normal(size=(10, 3)).astype(np.float32), rng.normal(size=10).astype(np.float32)


def test_a_layer_that_is_not_finite_is_named_and_the_weights_before_stay(line):
    x, y = line
    model, good = linear_model(st.optimizers.SGD(1e-4)), linear_model(st.optimizers.SGD(1e-4))
    for one in (model, good):
        one.set_weights([np.full((3, 1), 3.0), np.zeros(1)])
    x = np.concatenate([x[:8], np.full((2, 3), 3e38, np.float32)])
    good.fit(x, y, batch_size=4, shuffle=False, steps_per_epoch=2, verbose=0)
    with pytest.raises(TrainingError) as caught:
        model.fit(x, y, batch_size=4, shuffle=False, epochs=3, verbose=0)
    assert str(caught.value) == (
        "epoch 1, step 3 of 3: the layer 'dense1' gave a number that is not finite (NaN or "
        "infinity); expected "
        "finite numbers.\n"
        "  Lower the learning rate (now 0.0001), clip gradients with clipnorm=1.0, or look at the "
        "data of this step. "
        "The model holds the weights from before it."
    )
    assert fingerprint(model) == fingerprint(good)
    assert model.history.epoch == []
    assert np.isfinite(model.fit(*line, verbose=0).history["loss"][0])


def test_a_later_epoch_keeps_the_history_before_it(line):
    class Spoil(st.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                self.model.learning_rate = 1e25

    model = linear_model()
    with pytest.raises(TrainingError, match=r"^epoch 3, step 2 of 3: "):
        model.fit(*line, batch_size=4, epochs=9, verbose=0, callbacks=[Spoil()])
    assert model.history.epoch == [0, 1]
    assert all(np.isfinite(array).all() for array in model.get_weights())


def test_a_loss_that_is_not_finite_though_every_layer_is(line):
    model = linear_model(loss=lambda y, p: jnp.log(jnp.minimum(p, -1.0)))
    model.set_weights([np.zeros((3, 1)), np.full(1, 2.5)])
    with pytest.raises(TrainingError) as caught:
        model.fit(*line, verbose=0)
    assert str(caught.value).startswith(
        "epoch 1, step 1 of 1: the loss is not finite (NaN or infinity), though every output is; "
        "the largest, 2.5, comes from the layer 'dense1'; expected finite numbers.\n"
    )


def test_a_gradient_that_is_not_finite_though_the_loss_is(line):
    model = linear_model(loss=lambda y, p: jnp.sqrt(jnp.maximum(p - p, 0.0)))
    before = fingerprint(model)
    with pytest.raises(TrainingError) as caught:
        model.fit(*line, verbose=0)
    assert str(caught.value).startswith(
        "epoch 1, step 1 of 1: the gradient of the layer 'dense1' is not finite (NaN or infinity), "
        "though the loss is;"
    )
    assert fingerprint(model) == before


def test_batches_of_an_iterable_stop_at_the_same_step(line):
    x, y = line
    batches = [(x, y), (x, y), (np.full_like(x, 3e38), y), (x, y), (x, y)]
    model, good = linear_model(), linear_model()
    with pytest.raises(TrainingError, match=r"^epoch 1, step 3 of 5: the layer 'dense1'"):
        model.fit(batches, verbose=0)
    good.fit(batches[:2], verbose=0)
    assert fingerprint(model) == fingerprint(good)


class Signal(st.callbacks.Callback):
    """Ctrl-C at the first look of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        self.now = epoch == self.epoch

    def on_chunk_end(self, step, logs=None):
        if self.now:
            self.now = False
            os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_leaves_a_usable_model_and_its_history(line, capsys):
    model = linear_model()
    history = model.fit(*line, batch_size=4, epochs=5, verbose=2, callbacks=[Signal(1)])
    note = "Stopped by Ctrl-C in epoch 2 after step 1; the model holds the weights of that step."
    assert history.note == note
    assert capsys.readouterr().out.splitlines()[-1] == note
    assert history.epoch == [0]
    assert model.compiled().done == 4
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    same = linear_model()
    same.fit(*line, batch_size=4, epochs=1, verbose=0)
    same.fit(*line, batch_size=4, epochs=2, initial_epoch=1, steps_per_epoch=1, verbose=0, seed=1)
    assert fingerprint(model) == fingerprint(same)
    assert model.fit(*line, verbose=0).note == ""


def test_ctrl_c_between_epochs(line):
    class AtEnd(st.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            os.kill(os.getpid(), signal.SIGINT)

    model = linear_model()
    history = model.fit(*line, epochs=5, verbose=0, callbacks=[AtEnd()])
    assert history.note == "Stopped by Ctrl-C after epoch 1; the model holds the weights of that moment."
    assert history.epoch == [0]
    assert linear_model().fit(*line, epochs=1, verbose=0, callbacks=[AtEnd()]).note == ""


def test_a_keyboard_interrupt_in_a_callback_is_no_traceback(line):
    class Raise(st.callbacks.Callback):
        def on_chunk_end(self, step, logs=None):
            raise KeyboardInterrupt

    history = linear_model().fit(*line, epochs=5, verbose=0, callbacks=[Raise()])
    assert history.note.startswith("Stopped by Ctrl-C in epoch 1 after step 1;")


def test_a_second_ctrl_c_stops_at_once(line):
    class Twice(st.callbacks.Callback):
        reached = False

        def on_chunk_end(self, step, logs=None):
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
            self.reached = True

    callback = Twice()
    assert linear_model().fit(*line, verbose=0, callbacks=[callback]).note.startswith("Stopped by Ctrl-C")
    assert not callback.reached


def test_a_callback_that_fails_leaves_the_newest_weights(line):
    class Fail(st.callbacks.Callback):
        def on_chunk_end(self, step, logs=None):
            raise RuntimeError("mine")

    model, one = linear_model(), linear_model()
    with pytest.raises(RuntimeError, match="mine"):
        model.fit(*line, batch_size=4, shuffle=False, verbose=0, callbacks=[Fail()])
    one.fit(*line, batch_size=4, shuffle=False, steps_per_epoch=1, verbose=0)
    assert fingerprint(model) == fingerprint(one)


def test_an_iterable_that_fails_leaves_the_steps_before_it(line):
    def failing():
        yield line
        yield line
        raise OSError("disk")

    model, two = linear_model(), linear_model()
    with pytest.raises(OSError, match="disk"):
        model.fit(failing(), verbose=0)
    two.fit([line, line], verbose=0)
    assert fingerprint(model) == fingerprint(two)


def test_early_stopping_brings_the_best_weights_back():
    model = full_model(optimizer=st.optimizers.SGD(0.5))
    x, y = pictures()
    seen = {}

    class Keep(st.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen[epoch] = (logs["val_loss"], [array.copy() for array in self.model.get_weights()])

    stopping = st.callbacks.EarlyStopping(patience=1, restore_best_weights=True)
    history = model.fit(
        x, y, epochs=30, batch_size=11, verbose=0, validation_split=0.25, callbacks=[Keep(), stopping]
    )
    assert len(history.epoch) < 30
    best = min(seen, key=lambda epoch: seen[epoch][0])
    assert all((a == b).all() for a, b in zip(model.get_weights(), seen[best][1], strict=True))


def refused(kind, function):
    with pytest.raises(kind) as caught:
        function()
    return str(caught.value)


def test_a_model_that_is_not_compiled(line):
    model = st.Sequential([st.Input((3,)), layers.Dense(1)])
    text = (
        "model: it is not compiled; expected an optimizer and a loss.\n"
        "  Call model.compile(optimizer='rmsprop', loss='sparse_categorical_crossentropy') first."
    )
    assert refused(TrainingError, lambda: model.fit(*line, verbose=0)) == text
    assert refused(TrainingError, lambda: model.evaluate(*line, verbose=0)) == text
    assert refused(TrainingError, lambda: model.learning_rate) == text


def test_wrong_arguments_are_told_all_at_once(line):
    assert refused(ArgumentError, lambda: linear_model().fit(*line, batch_size=0, epochs=1.5, seed=-1)) == (
        "3 problems:\n"
        "1. batch_size: got 0; expected a whole number from 1 or None.\n  Give for instance batch_size=1.\n"
        "2. epochs: got 1.5; expected a whole number from 1.\n  Give for instance epochs=1.\n"
        "3. seed: got -1; expected a whole number from 0 or None.\n  Give for instance seed=1."
    )


def test_arguments_that_need_arrays(line):
    x, y = line
    batches = iter([(x, y)])
    assert refused(
        ArgumentError, lambda: linear_model().fit(batches, y, validation_split=0.2, sample_weight=y)
    ) == (
        "3 problems:\n"
        "1. y: it needs arrays, and x is an iterable of batches; expected arrays as x.\n"
        "  Let the batches hold their targets: (x, y).\n"
        "2. sample_weight: it needs arrays, and x is an iterable of batches; expected arrays as x.\n"
        "  Let the batches hold their weights: (x, y, sample_weight).\n"
        "3. validation_split: it needs arrays, and x is an iterable of batches; expected arrays as x.\n"
        "  Give validation_data instead."
    )


def test_batches_whose_shape_changes(line):
    x, y = line
    batches = [(x, y), (x[:, :2], y)]
    assert refused(DataError, lambda: linear_model().fit(batches, verbose=0)) == (
        "x, batch 2: x: got an array of shape (10, 2); expected (N, 3).\n"
        "  Reshape the data, or build the network for this shape."
    )


def test_generators_that_end(line):
    one = refused(DataError, lambda: linear_model().fit(iter([line]), epochs=2, verbose=0))
    assert one == (
        "x: the iterable brought no batch for this epoch; expected batches for every epoch.\n"
        "  A generator is used up after one epoch: give a list, or an endless one and steps_per_epoch."
    )
    short = refused(DataError, lambda: linear_model().fit([line], steps_per_epoch=3, verbose=0))
    assert short == (
        "x: the iterable ended after 1 batches of an epoch; expected 3 batches, as steps_per_epoch says.\n"
        "  Let the generator go on for ever, or make steps_per_epoch smaller."
    )
    empty = refused(DataError, lambda: linear_model().evaluate(iter([]), verbose=0))
    assert empty == (
        "x: the iterable brought no batch; expected at least one batch.\n"
        "  A used-up generator brings none: give a list."
    )


def test_validation_data_are_checked_before_training(line):
    x, y = line
    model = linear_model()
    before = fingerprint(model)
    text = refused(DataError, lambda: model.fit(x, y, validation_data=(x, y[:4]), verbose=0))
    assert text == (
        "validation_data: y: it has 4 examples and x has 10; expected one for each example of x.\n"
        "  Pair them up again."
    )
    assert fingerprint(model) == before


def test_class_weights_for_classes_that_there_are_not(line):
    model = linear_model(loss=st.losses.SparseCategoricalCrossentropy(from_logits=True), units=4)
    x, labels = line[0], np.arange(10) % 4
    assert refused(ArgumentError, lambda: model.fit(x, labels, class_weight={0: 1, 4: 2}, verbose=0)) == (
        "class_weight: it names 4; expected class numbers from 0 to 3.\n  Correct the keys of the dict."
    )
    assert refused(ArgumentError, lambda: linear_model().fit(*line, class_weight={0: 1}, verbose=0)) == (
        "class_weight: the targets are numbers; expected targets that are classes.\n"
        "  Give sample_weight, a number for each example."
    )


def test_pictures_that_would_be_scaled_twice():
    model = st.Sequential(
        [st.Input((4, 4, 1)), layers.Rescaling(1 / 255), layers.Flatten(), layers.Softmax()]
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.preprocessing = st.images.Preprocessing(channels=1)
    assert refused(ArgumentError, lambda: model.fit(*pictures(), verbose=0)) == (
        "model.preprocessing: it scales pictures and the network begins with a layer that scales them again; "
        "expected one of the two.\n  Take the layer out, or set model.preprocessing = None."
    )


def test_losses_and_metrics_that_do_not_fit_the_outputs():
    start = st.Input((3,))
    model = st.Model(start, [layers.Dense(1, name="a")(start), layers.Dense(1, name="b")(start)])
    assert refused(ArgumentError, lambda: model.compile("sgd", ["mse"])) == (
        "loss: got 1 entries; expected one for each of the 2 outputs: a, b.\n"
        "  Give a list in this order, or a dict by name."
    )
    assert refused(ArgumentError, lambda: model.compile("sgd", {"c": "mse"})) == (
        "loss: it names c; expected names of outputs: a, b.\n  Correct the names."
    )
    assert refused(ArgumentError, lambda: model.compile("sgd")) == (
        "loss: no output has a loss; expected at least one loss.\n"
        "  Give for instance loss='sparse_categorical_crossentropy' to compile."
    )
    assert refused(ArgumentError, lambda: model.compile("sgd", "mse", metric=["mae"])) == (
        "compile: got metric; expected optimizer, loss, loss_weights, metrics, "
        "weighted_metrics, augment, precision.\n"
        "  Correct the name."
    )


def test_metrics_in_the_place_of_loss_weights():
    assert refused(ArgumentError, lambda: linear_model().compile("sgd", "mse", ["accuracy"])) == (
        "loss_weights: got 'accuracy'; expected a number for each output.\n"
        "  Metrics are given by name: compile(optimizer, loss, metrics=[...])."
    )


def test_logits_taken_for_probabilities_are_warned_of():
    with pytest.warns(UserWarning, match="takes any number") as caught:
        linear_model(loss="sparse_categorical_crossentropy", units=4)
    assert str(caught[0].message) == (
        "loss: SparseCategoricalCrossentropy() behind a linear layer takes any number for a probability; "
        "expected probabilities.\n"
        "  Write SparseCategoricalCrossentropy(from_logits=True), or end with activation='softmax'."
    )


def test_a_network_whose_shapes_do_not_add():
    with pytest.raises(ShapeError, match="conv1"):
        st.Sequential([st.Input((4, 4, 1)), layers.Conv2D(2, 5), layers.Flatten(), layers.Dense(3)])

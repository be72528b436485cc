"""Callbacks against Keras' own: the same numbers, epoch by epoch, through both, with a tiny model."""

from __future__ import annotations

import json
import warnings
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras.src.trainers.compile_utils import MetricsList

from striate.errors import ArgumentError, TrainingError
from striate.training import callbacks, metrics
from striate.training.callbacks import (
    Callback,
    CSVLogger,
    EarlyStopping,
    History,
    JSONLogger,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
    TerminateOnNaN,
)

EPOCHS = 14


class Ours:
    """What callbacks may touch of a model: one weight, which counts the epochs."""

    def __init__(self):
        self.variables = {"params": {"dense": {"kernel": np.zeros(2, np.float32)}}, "state": {}}
        self.stop_training = False
        self.learning_rate = 0.5
        self.metrics = [metrics.get("accuracy")]
        self.saved = []

    def save(self, path):
        self.saved.append(path)

    def save_weights(self, path):
        self.saved.append(f"weights {path}")

    def step(self, epoch):
        self.variables = {"params": {"dense": {"kernel": np.full(2, epoch + 1, np.float32)}}, "state": {}}

    @property
    def weight(self):
        return float(np.asarray(self.variables["params"]["dense"]["kernel"])[0])


class Theirs:
    """The same for Keras' callbacks."""

    def __init__(self):
        self.weights = [np.zeros(2, np.float32)]
        self.stop_training = False
        self.optimizer = SimpleNamespace(learning_rate=0.5)
        accuracy = keras.metrics.BinaryAccuracy(name="accuracy")
        self.metrics = [MetricsList([accuracy])]
        self.saved = []

    def get_weights(self):
        return [each.copy() for each in self.weights]

    def set_weights(self, weights):
        self.weights = weights

    def save(self, path, overwrite=True):
        self.saved.append(path)

    def step(self, epoch):
        self.weights = [np.full(2, epoch + 1, np.float32)]

    @property
    def learning_rate(self):
        return self.optimizer.learning_rate

    @property
    def weight(self):
        return float(self.weights[0][0])


def play(callback, model, rows, begin=0, resume=None):
    """Train through these logs; what happened in each epoch, and at the end."""
    callback.set_model(model)
    callback.set_params({"epochs": len(rows), "steps": 3})
    if resume is not None:
        callback.set_state(resume)
    callback.on_train_begin({})
    happened = []
    for epoch, row in enumerate(rows, begin):
        callback.on_epoch_begin(epoch, {})
        model.step(epoch)
        logs = dict(row)
        callback.on_epoch_end(epoch, logs)
        happened.append((epoch, model.stop_training, model.learning_rate, logs, len(model.saved)))
        if model.stop_training:
            break
    callback.on_train_end({})
    return happened, model.weight


def random_rows(seed):
    """Losses that fall, stall and rise, and accuracies likewise."""
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.normal(-0.05, 0.3, EPOCHS)) + 2
    return [
        {
            "loss": float(w) / 2,
            "accuracy": float(1 / (1 + np.exp(w))),
            "val_loss": float(w),
            "val_accuracy": float(0.9 - w / 9),
        }
        for w in np.round(walk, 2)
    ]


STOPPING = [
    {},
    {"patience": 2},
    {"patience": 3, "min_delta": 0.1, "restore_best_weights": True},
    {"patience": 2, "monitor": "val_accuracy", "restore_best_weights": True},
    {"patience": 2, "monitor": "accuracy", "mode": "min"},
    {"patience": 2, "baseline": 1.5, "restore_best_weights": True},
    {"patience": 1, "start_from_epoch": 4, "restore_best_weights": True},
    {"patience": 50, "restore_best_weights": True, "monitor": "loss"},
]


@pytest.mark.parametrize("options", STOPPING, ids=str)
def test_early_stopping_does_what_keras_does(options):
    for seed in range(8):
        rows, mine, theirs = (
            random_rows(seed),
            EarlyStopping(**options),
            keras.callbacks.EarlyStopping(**options),
        )
        assert play(mine, Ours(), rows) == play(theirs, Theirs(), rows)
        assert (mine.wait, mine.stopped_epoch, mine.best, mine.best_epoch) == (
            theirs.wait, theirs.stopped_epoch, theirs.best, theirs.best_epoch
        )  # fmt: skip


@pytest.mark.parametrize(
    "options",
    [
        {"patience": 1},
        {"patience": 2, "factor": 0.5, "cooldown": 2, "min_delta": 0.2},
        {"patience": 1, "factor": 0.2, "min_lr": 0.05, "monitor": "loss"},
        {"patience": 1, "factor": 0.3, "mode": "max", "monitor": "val_accuracy", "cooldown": 1},
        {"patience": 0},
    ],
    ids=str,
)
def test_reduce_on_plateau_does_what_keras_does(options):
    reduced = False
    for seed in range(8):
        rows = random_rows(seed)
        mine, theirs = ReduceLROnPlateau(**options), keras.callbacks.ReduceLROnPlateau(**options)
        result = play(mine, Ours(), rows)
        assert result == play(theirs, Theirs(), rows)
        assert "learning_rate" in result[0][0][3]
        reduced |= any(row[2] < 0.5 for row in result[0])
    assert reduced


@pytest.mark.parametrize(
    "schedule",
    [lambda epoch: 1 / (epoch + 1), lambda epoch, rate: rate * 0.9, float],
    ids=["one", "two", "type"],
)
def test_the_scheduler_does_what_keras_does(schedule):
    rows = random_rows(0)
    mine, theirs = LearningRateScheduler(schedule), keras.callbacks.LearningRateScheduler(schedule)
    assert play(mine, Ours(), rows) == play(theirs, Theirs(), rows)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"save_best_only": True},
        {"save_best_only": True, "monitor": "val_accuracy"},
        {"save_best_only": True, "initial_value_threshold": 1.7},
    ],
    ids=str,
)
def test_checkpoints_are_saved_when_keras_saves_them(options, tmp_path):
    count, pattern = 0, str(tmp_path / "sub" / "{epoch:02d}-{val_loss:.2f}.keras")
    for seed in range(4):
        rows, ours, theirs = random_rows(seed), Ours(), Theirs()
        assert play(ModelCheckpoint(pattern, **options), ours, rows) == play(
            keras.callbacks.ModelCheckpoint(pattern, **options), theirs, rows
        )
        assert ours.saved == theirs.saved
        count += len(ours.saved)
    assert count


def test_checkpoints_by_batches_count_over_epochs(tmp_path):
    ours, theirs, by_batches = Ours(), Theirs(), {"save_freq": 4}
    pattern = str(tmp_path / "{epoch}-{batch}.keras")
    for model, callback in (
        (ours, ModelCheckpoint(pattern, save_freq=4)),
        (theirs, keras.callbacks.ModelCheckpoint(pattern, **by_batches)),
    ):
        callback.set_model(model)
        for epoch in range(3):
            callback.on_epoch_begin(epoch)
            for batch in range(3):
                callback.on_train_batch_end(batch, {"loss": 1.0})
            callback.on_epoch_end(epoch, {"loss": 1.0})
    assert ours.saved == theirs.saved == [str(tmp_path / "2-1.keras"), str(tmp_path / "3-2.keras")]


def test_only_a_checkpoint_by_batches_has_a_batch_hook(tmp_path):
    def overrides(callback):
        return getattr(callback.on_train_batch_end, "__func__", None) is not Callback.on_train_batch_end

    assert overrides(ModelCheckpoint(tmp_path / "m.striate", save_freq=2))
    assert not overrides(ModelCheckpoint(tmp_path / "m.striate"))
    assert not overrides(TerminateOnNaN())
    assert overrides(LambdaCallback(on_train_batch_end=print))
    assert not overrides(LambdaCallback(on_epoch_end=print))


def test_a_checkpoint_of_weights_only(tmp_path):
    model = Ours()
    play(ModelCheckpoint(tmp_path / "w.striate", save_weights_only=True), model, random_rows(0)[:2])
    assert model.saved == [f"weights {tmp_path / 'w.striate'}"] * 2


@pytest.mark.parametrize("append", [False, True])
@pytest.mark.parametrize("separator", [",", ";"])
def test_the_table_is_keras_table_byte_for_byte(append, separator, tmp_path):
    rows = [{"loss": 0.5, "accuracy": 0.25}, {"loss": 0.25, "accuracy": 0.5}]
    mine, theirs = tmp_path / "mine.csv", tmp_path / "theirs.csv"
    for path, maker, model in ((mine, CSVLogger, Ours), (theirs, keras.callbacks.CSVLogger, Theirs)):
        play(maker(str(path), separator, append), model(), rows)
        play(maker(str(path), separator, append), model(), [{**row, "val_loss": 1.0} for row in rows])
    assert mine.read_bytes() == theirs.read_bytes()
    assert len(mine.read_text().splitlines()) == (5 if append else 3)


def test_each_epoch_is_in_the_files_before_the_next_one(tmp_path):
    table, lines = CSVLogger(tmp_path / "a" / "m.csv"), JSONLogger(tmp_path / "b" / "m.jsonl")
    for epoch in range(3):
        for logger in (table, lines):
            logger.on_epoch_end(epoch, {"loss": np.float32(0.5), "table": np.eye(2)})
        assert len((tmp_path / "a" / "m.csv").read_text().splitlines()) == epoch + 2
        assert len((tmp_path / "b" / "m.jsonl").read_text().splitlines()) == epoch + 1
    assert (tmp_path / "a" / "m.csv").read_text().splitlines()[
        1
    ] == '0,0.5,"""[[1.0, 0.0], [0.0, 1.0]]""",NA,NA'
    record = json.loads((tmp_path / "b" / "m.jsonl").read_text().splitlines()[2])
    assert record == {"epoch": 2, "loss": 0.5, "table": [[1.0, 0.0], [0.0, 1.0]]}


def test_numbers_that_are_not_finite_are_null_in_json_lines(tmp_path):
    JSONLogger(tmp_path / "m.jsonl").on_epoch_end(0, {"loss": float("nan")})
    assert json.loads((tmp_path / "m.jsonl").read_text()) == {"epoch": 0, "loss": None}


@pytest.mark.parametrize("cut", [1, 4, 9])
@pytest.mark.parametrize(
    "make",
    [
        lambda folder: EarlyStopping(patience=3, restore_best_weights=True),
        lambda folder: ReduceLROnPlateau(patience=1, factor=0.7, cooldown=1),
        lambda folder: ModelCheckpoint(folder / "m.striate", save_best_only=True),
        lambda folder: CSVLogger(folder / "m.csv"),
        lambda folder: JSONLogger(folder / "m.jsonl"),
        lambda folder: History(),
    ],
    ids=["stopping", "plateau", "checkpoint", "csv", "jsonl", "history"],
)
def test_a_resumed_run_goes_on_exactly(make, cut, tmp_path):
    for seed in range(4):
        rows, whole = random_rows(seed), make(tmp_path)
        expected, weight = play(whole, Ours(), rows)
        files = contents(tmp_path)

        first, model = make(tmp_path), Ours()
        begun, _ = play(first, model, rows[:cut])
        state = flat_copy(first.get_state())
        first.on_epoch_end(cut, rows[cut])  # an epoch after the checkpoint, lost with the process
        second, model.saved = make(tmp_path), model.saved[: begun[-1][4]]
        model.stop_training, model.learning_rate = begun[-1][1], begun[-1][2]
        if not model.stop_training:
            finished, resumed_weight = play(second, model, rows[cut:], cut, state)
            assert begun + finished == expected
            assert resumed_weight == weight
            assert flat_copy(second.get_state()) == flat_copy(whole.get_state())
            assert contents(tmp_path) == files


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def flat_copy(value):
    """A state as it comes back from a file: arrays as lists, all else through JSON."""
    if isinstance(value, dict):
        return {key: flat_copy(each) for key, each in value.items()}
    return value.tolist() if isinstance(value, np.ndarray) else json.loads(json.dumps(value))


def test_a_second_training_starts_from_nothing():
    stopping, history = EarlyStopping(patience=1, restore_best_weights=True), History()
    for callback in (stopping, history):
        play(callback, Ours(), random_rows(1))
        play(callback, Ours(), [{"loss": 9.0, "val_loss": 9.0}])
    assert (stopping.best, stopping.best_epoch) == (9.0, 0)
    assert history.history == {"loss": [9.0], "val_loss": [9.0]}


def test_best_weights_outlive_the_memory_of_the_model():
    model, stopping = Ours(), EarlyStopping(restore_best_weights=True)
    stopping.set_model(model)
    stopping.on_train_begin()
    model.step(4)
    stopping.on_epoch_end(0, {"val_loss": 1.0})
    model.variables["params"]["dense"]["kernel"][
        :
    ] = -1  # as a program that reuses its arguments' memory does
    stopping.on_train_end()
    assert model.weight == 5.0


def test_a_number_that_is_not_there_is_said_once():
    stopping = EarlyStopping()
    with pytest.warns(UserWarning, match="val_loss") as caught:
        play(stopping, Ours(), [{"loss": 1.0, "table": np.eye(2)}] * 3)
    assert [str(each.message) for each in caught] == [
        "EarlyStopping: val_loss is not among the numbers of the epoch; expected one that is logged.\n"
        "  Watch one of loss."
    ]


def test_save_best_only_without_its_number_saves_and_says_so(tmp_path):
    model = Ours()
    with pytest.warns(
        UserWarning, match="val_loss is not among the numbers of the epoch, so every model is saved"
    ):
        play(ModelCheckpoint(tmp_path / "m.striate", save_best_only=True), model, [{"loss": 1.0}])
    assert len(model.saved) == 1


@pytest.mark.parametrize(
    ("monitor", "rising"),
    [
        ("val_loss", False),
        ("loss", False),
        ("left_loss", False),
        ("val_accuracy", True),
        ("acc", True),
        ("val_left_auc", True),
        ("mse", False),
        ("val_root_mean_squared_error", False),
        ("right_sparse_categorical_crossentropy", False),
        ("f1_score", True),
    ],
)
def test_less_or_more_is_known_by_the_name(monitor, rising):
    stopping = EarlyStopping(monitor)
    stopping.model = SimpleNamespace(metrics=[])
    assert stopping.better(2.0, 1.0) is rising


def test_less_or_more_is_known_by_the_models_metrics():
    stopping = EarlyStopping("val_mine")
    stopping.model = SimpleNamespace(metrics=[metrics.MeanSquaredError(name="mine")])
    assert stopping.better(1.0, 2.0)
    stopping.model = SimpleNamespace(metrics=[metrics.AUC(name="mine")])
    assert stopping.better(2.0, 1.0)


def test_a_number_that_nothing_is_known_of_wants_a_mode():
    with pytest.raises(ArgumentError) as caught:
        play(EarlyStopping("val_glory"), Ours(), [{"val_glory": 1.0}, {"val_glory": 2.0}])
    assert str(caught.value) == (
        "EarlyStopping: nothing is known about val_glory; expected a mode.\n"
        "  Pass mode='max' if more of val_glory is better, or mode='min' if less of it is."
    )


def test_arguments_that_mean_nothing():
    cases = {
        "EarlyStopping.mode: got 'up'; expected 'auto' or 'min' or 'max'.\n  Write 'max' for accuracies.": (
            lambda: EarlyStopping(mode="up")
        ),
        "ReduceLROnPlateau.factor: got 1.0; expected a number from 0 to below 1.\n"
        "  Write for instance 0.1.": lambda: ReduceLROnPlateau(factor=1.0),
        "ModelCheckpoint.save_freq: got 'batch'; expected 'epoch' or a number of batches.\n"
        "  Write for instance save_freq=100.": lambda: ModelCheckpoint("m.striate", save_freq="batch"),
    }
    for text, make in cases.items():
        with pytest.raises(ArgumentError) as caught:
            make()
        assert str(caught.value) == text


def test_a_file_name_that_cannot_be_filled_in():
    with pytest.raises(ArgumentError) as caught:
        play(ModelCheckpoint("{val_los:.2f}.striate"), Ours(), [{"loss": 1.0}])
    assert str(caught.value) == (
        "ModelCheckpoint.filepath: '{val_los:.2f}.striate' cannot be filled in (KeyError: 'val_los'); "
        "expected names of numbers in braces.\n  The numbers there are: loss, epoch."
    )


def test_a_schedule_that_gives_no_rate():
    with pytest.raises(ArgumentError) as caught:
        play(LearningRateScheduler(lambda epoch: float("nan")), Ours(), [{"loss": 1.0}])
    assert str(caught.value) == (
        "LearningRateScheduler.schedule: it gave nan for epoch 0; expected a learning rate.\n"
        "  Return a float from the function."
    )


def test_terminate_on_nan_stops_or_raises(capsys):
    model, callback = Ours(), TerminateOnNaN()
    callback.set_model(model)
    callback.on_chunk_end(7, {"loss": 1.0})
    assert not model.stop_training
    callback.on_chunk_end(8, {"loss": float("inf")})
    assert model.stop_training
    assert capsys.readouterr().out == "Batch 7: Invalid loss, terminating training\n"
    with pytest.raises(TrainingError) as caught:
        TerminateOnNaN(raise_error=True).on_chunk_end(8, {"loss": float("nan")})
    assert str(caught.value) == (
        "loss: it is nan after 8 steps of the epoch; expected a finite number.\n"
        "  Lower the learning rate, or look at the data for numbers that are not finite."
    )


def test_lambda_callback_calls_its_functions_and_knows_the_hooks():
    said = []
    callback = LambdaCallback(
        on_train_begin=lambda logs: said.append("begin"),
        on_train_batch_end=lambda batch, logs: said.append(batch),
        on_chunk_end=lambda step, logs: said.append(f"look {step}"),
    )
    callback.on_train_begin({})
    callback.on_train_batch_end(3, {})
    callback.on_chunk_end(4, {})
    assert said == ["begin", 3, "look 4"]
    with pytest.raises(
        ArgumentError, match="LambdaCallback: on_epoch_finish is no hook; expected some of on_batch_begin"
    ):
        LambdaCallback(on_epoch_finish=print)


def test_the_older_batch_hooks_are_called():
    said = []

    class Old(Callback):
        def on_batch_begin(self, batch, logs=None):
            said.append(("begin", batch))

        def on_batch_end(self, batch, logs=None):
            said.append(("end", batch))

    old = Old()
    old.on_train_batch_begin(0)
    old.on_train_batch_end(0)
    assert said == [("begin", 0), ("end", 0)]


def test_base_hooks_are_those_of_keras_and_one_more():
    hooks = {name for name in dir(keras.callbacks.Callback) if name.startswith("on_")}
    assert {name for name in dir(Callback) if name.startswith("on_")} == hooks | {"on_chunk_end"}


def test_verbose_says_what_happens(capsys, tmp_path):
    rows = [{"val_loss": 1.0}, {"val_loss": 2.0}, {"val_loss": 3.0}]
    with warnings.catch_warnings():
        play(EarlyStopping(patience=2, verbose=1, restore_best_weights=True), Ours(), rows)
        play(ReduceLROnPlateau(patience=2, verbose=1), Ours(), rows)
        play(LearningRateScheduler(lambda epoch: 0.25, verbose=1), Ours(), rows[:1])
        play(ModelCheckpoint("m.striate", verbose=1, save_best_only=True), Ours(), rows[:2])
    assert capsys.readouterr().out == (
        "Epoch 3: early stopping\n"
        "Restoring model weights from the end of the best epoch: 1.\n"
        "\nEpoch 3: ReduceLROnPlateau reducing learning rate to 0.05.\n"
        "\nEpoch 1: LearningRateScheduler setting learning rate to 0.25.\n"
        "\nEpoch 1: val_loss improved from None to 1.00000, saving model to m.striate\n"
        "\nEpoch 2: val_loss did not improve from 1.00000\n"
    )


def test_all_of_keras_that_we_have_takes_its_arguments():
    import inspect

    for name in callbacks.__all__:
        if hasattr(keras.callbacks, name) and name not in ("Callback", "LambdaCallback"):
            mine = list(inspect.signature(getattr(callbacks, name)).parameters)
            theirs = [
                key for key in inspect.signature(getattr(keras.callbacks, name)).parameters if key != "kwargs"
            ]
            assert mine == theirs

"""A training that was cut anywhere and goes on ends with the same bits as one that was never cut."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import striate as st
from striate.errors import ArgumentError, FormatError
from striate.formats import load_checkpoint
from striate.training.resume import BackupAndRestore, joined, separated

sys.path.insert(0, str(Path(__file__).parent))
from loop_helpers import fingerprint, full_model, linear_model, pictures


class CutError(Exception):
    """Stands for a crash."""


class Cut(st.callbacks.Callback):
    """A crash at the beginning of a step, counted over all epochs from 0."""

    def __init__(self, step):
        self.step, self.seen = step, 0

    def on_train_batch_begin(self, batch, logs=None):
        if self.seen == self.step:
            raise CutError
        self.seen += 1


def train(*callbacks, model=None, epochs=3, seed=5, **options):
    """Three epochs of three steps, the last one short, with all that has a memory."""
    model = full_model() if model is None else model
    remembering = [
        st.callbacks.EarlyStopping(patience=1, restore_best_weights=True, start_from_epoch=1),
        st.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=0, min_delta=10),
    ]
    settings = {"epochs": epochs, "batch_size": 16, "verbose": 0, "validation_split": 0.25, "seed": seed}
    history = model.fit(*pictures(), callbacks=[*remembering, *callbacks], **(settings | options))
    return model, history


@pytest.fixture(scope="module")
def whole():
    model, history = train()
    return fingerprint(model), history.history, history.epoch, model.get_weights()


@pytest.mark.parametrize("step", range(1, 9))
def test_a_crash_at_any_step_changes_nothing(whole, tmp_path, step):
    with pytest.raises(CutError):
        train(BackupAndRestore(tmp_path, save_freq=1), Cut(step))
    model, history = train(BackupAndRestore(tmp_path, save_freq=1))
    assert (fingerprint(model), history.history, history.epoch) == whole[:3]
    assert not (tmp_path / "checkpoint.striate").exists()


def test_saves_that_are_older_than_the_crash(whole, tmp_path):
    with pytest.raises(CutError):
        train(BackupAndRestore(tmp_path, save_freq=5), Cut(8))
    _, record = load_checkpoint(tmp_path / "checkpoint.striate")
    assert (record["place"]["epoch"], record["place"]["step"]) == (2, 0)
    model, history = train(BackupAndRestore(tmp_path, save_freq=5))
    assert (fingerprint(model), history.history) == whole[:2]


def test_epochs_are_the_default(whole, tmp_path):
    with pytest.raises(CutError):
        train(BackupAndRestore(tmp_path), Cut(5))
    _, record = load_checkpoint(tmp_path / "checkpoint.striate")
    assert (record["place"]["epoch"], record["place"]["step"]) == (1, 0)
    assert fingerprint(train(BackupAndRestore(tmp_path))[0]) == whole[0]


def test_going_on_in_another_process(whole, tmp_path):
    with pytest.raises(CutError):
        train(BackupAndRestore(tmp_path, save_freq=1), Cut(4))
    code = (
        "import sys; from test_resume import *;"
        "model, history = train(BackupAndRestore(sys.argv[1], save_freq=1)); print(fingerprint(model))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=Path(__file__).parent, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == whole[0]


def test_a_crash_in_the_second_life_too(whole, tmp_path):
    for step in (2, 3):
        with pytest.raises(CutError):
            train(BackupAndRestore(tmp_path, save_freq=1), Cut(step))
    assert fingerprint(train(BackupAndRestore(tmp_path, save_freq=1))[0]) == whole[0]


def test_ctrl_c_saves_where_it_stopped(whole, tmp_path):
    class Interrupt(st.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.now = epoch == 1

        def on_chunk_end(self, step, logs=None):
            if self.now:
                self.now = False
                os.kill(os.getpid(), signal.SIGINT)

    path = tmp_path / "mine.striate"
    _, history = train(BackupAndRestore(path), Interrupt())
    assert history.note
    assert path.exists()
    model, history = train(BackupAndRestore(path))
    assert (fingerprint(model), history.history) == whole[:2]


def test_more_epochs_than_before(whole, tmp_path):
    train(BackupAndRestore(tmp_path, delete_checkpoint=False), epochs=2)
    assert (tmp_path / "checkpoint.striate").exists()
    model, history = train(BackupAndRestore(tmp_path, delete_checkpoint=False))
    assert (fingerprint(model), history.history) == whole[:2]


def test_a_finished_training_is_not_done_again(whole, tmp_path):
    train(BackupAndRestore(tmp_path, delete_checkpoint=False))
    model, history = train(BackupAndRestore(tmp_path, delete_checkpoint=False))
    assert (fingerprint(model), history.history, history.epoch) == whole[:3]


def test_the_seed_comes_from_the_backup(whole, tmp_path):
    with pytest.raises(CutError):
        train(BackupAndRestore(tmp_path, save_freq=1), Cut(4))
    assert fingerprint(train(BackupAndRestore(tmp_path, save_freq=1), seed=77)[0]) == whole[0]


@pytest.mark.parametrize("generated", [False, True])
def test_batches_of_an_iterable_go_on_where_they_were(tmp_path, generated):
    rng = np.random.default_rng(0)
    batches = [(rng.normal(size=(4, 3)).astype(np.float32), rng.normal(size=4)) for _ in range(3)]

    def endless():
        while True:
            yield from batches

    def fit(*callbacks):
        model = linear_model(st.optimizers.SGD(0.1, momentum=0.9))
        data = endless() if generated else batches
        return model, model.fit(
            data, epochs=3, steps_per_epoch=2 if generated else None, verbose=0, callbacks=callbacks
        )

    model, history = fit()
    for step in (1, 3, 4):
        with pytest.raises(CutError):
            fit(BackupAndRestore(tmp_path, save_freq=1), Cut(step))
        again, history_again = fit(BackupAndRestore(tmp_path, save_freq=1))
        assert fingerprint(again) == fingerprint(model)
        assert history_again.history == history.history


def test_other_settings_are_refused_all_at_once(tmp_path):
    with pytest.raises(CutError):
        train(BackupAndRestore(tmp_path), Cut(4))
    with pytest.raises(FormatError) as caught:
        train(BackupAndRestore(tmp_path), model=full_model(metrics=["mse"]), batch_size=8)
    path, cure = tmp_path / "checkpoint.striate", (
        "Resume with the same network, data and settings, or remove the file to begin anew."
    )  # fmt: skip
    text = str(caught.value)
    assert text.startswith("3 problems:\n")
    assert f"{path}: its batch size differs: 16; expected 8.\n  {cure}" in text
    assert f"{path}: its steps of an epoch differs: 3; expected 5.\n  {cure}" in text
    assert "its metrics differs" in text


def test_a_damaged_backup_is_refused(tmp_path):
    path = tmp_path / "checkpoint.striate"
    with pytest.raises(CutError):
        train(BackupAndRestore(tmp_path), Cut(4))
    raw = bytearray(path.read_bytes())
    raw[-3] ^= 1
    path.write_bytes(raw)
    with pytest.raises(FormatError):
        train(BackupAndRestore(tmp_path))


def test_a_frequency_that_means_nothing():
    with pytest.raises(ArgumentError) as caught:
        BackupAndRestore("x", save_freq=0)
    assert str(caught.value) == (
        "BackupAndRestore.save_freq: got 0; expected 'epoch' or a number of steps.\n"
        "  Write for instance save_freq=100."
    )


def test_what_callbacks_remember_survives_json():
    arrays = {}
    state = {
        "best": float("-inf"),
        "nan": float("nan"),
        "w": {"k": np.eye(2)},
        "n": [1, None, "text", True, 0.1],
    }
    plain = separated(state, "cb", arrays)
    back = joined(plain, arrays)
    assert back["best"] == float("-inf")
    assert np.isnan(back["nan"])
    assert (back["w"]["k"] == np.eye(2)).all()
    assert back["n"] == state["n"]

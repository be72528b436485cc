"""Whole runs: what lies in the folder, that a seed decides everything, that a resumed run is the same."""

import csv
import dataclasses
import json
import signal

import numpy as np
import pytest
from task_fixtures import *  # noqa: F403

import striate as st
from striate.errors import ArgumentError, DataError, TrainingError
from striate.layers import Dense, Flatten, Rescaling
from striate.network import sequential
from striate.tasks import begin, carry_out, evaluate, reopen
from striate.training.callbacks import Callback


def test_the_folder_holds_everything(finished):
    names = {path.name for path in finished.folder.path.iterdir()}
    assert names == {
        "augmented.png", "config.json", "curves.html", "metrics.csv", "metrics.jsonl", "model.striate",
        "report.html", "results.json",
    }  # fmt: skip
    assert (finished.epochs, finished.note) == (3, "")


def test_the_numbers_are_the_same_everywhere(finished):
    lines = [json.loads(line) for line in finished.folder.jsonl.read_text().splitlines()]
    with finished.folder.csv.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [line["epoch"] for line in lines] == [0, 1, 2]
    assert {"loss", "accuracy", "val_loss", "val_accuracy"} <= set(lines[0])
    for line, row in zip(lines, rows, strict=True):
        assert {name: float(value) for name, value in row.items()} == pytest.approx(line)
    model = st.load(finished.folder.model)
    assert model.history.history["loss"] == [line["loss"] for line in lines]


def test_results_are_those_of_the_saved_model(finished):
    results = json.loads(finished.folder.results.read_text())
    (_, _), (x, y) = st.datasets.mnist.load_data()
    loss, accuracy = st.load(finished.folder.model).evaluate(x, y, batch_size=500, verbose=0)
    assert results["loss"] == pytest.approx(loss, abs=1e-5)
    assert results["accuracy"] == pytest.approx(accuracy, abs=1e-6)
    again = evaluate(finished.folder.path, "mnist")
    assert again.scored.value("log loss") == results["loss"]
    assert (results["epochs"], results["examples"]) == (3, 10_000)


def test_settings_say_all_that_is_needed_to_do_it_again(finished, tiny_order):
    config = json.loads(finished.folder.config.read_text())
    assert config["command"] == list(tiny_order.command)
    assert config["recipe"] == tiny_order.recipe.to_json()
    assert {"versions", "hardware", "started", "seed", "limit", "network"} <= set(config)
    model = st.load(finished.folder.model)
    assert model.class_names == tuple("0123456789")
    assert model.preprocessing.size == (28, 28)


def test_the_same_seed_gives_the_same_file_and_another_seed_does_not(finished, tiny_order, tmp_path):
    again = carry_out(begin(tiny_order, tmp_path / "again"), tiny_order)
    assert again.folder.model.read_bytes() == finished.folder.model.read_bytes()
    other = dataclasses.replace(tiny_order, seed=6)
    changed = carry_out(begin(other, tmp_path / "other"), other)
    assert changed.folder.model.read_bytes() != finished.folder.model.read_bytes()


class Break(Callback):
    """Do something once, when so many steps of all epochs are done."""

    def __init__(self, step, action):
        self.left, self.action = step, action

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left == 0:
            self.action()


def test_ctrl_c_keeps_a_usable_model_and_the_run_goes_on_bit_for_bit(finished, tiny_order, tmp_path):
    folder = begin(tiny_order, tmp_path / "run")
    stop = Break(13, lambda: signal.raise_signal(signal.SIGINT))
    outcome = carry_out(folder, tiny_order, [stop])
    assert outcome.evaluation is None
    assert outcome.note == (
        "Stopped by Ctrl-C in epoch 2 after step 4; the model holds the weights of that step."
    )
    assert evaluate(folder.path, "mnist", limit=50).scored.examples == 50
    assert not folder.report.exists()
    _resumed_equals(finished, folder)


@pytest.mark.parametrize("step", [9, 20])
def test_a_run_that_broke_down_goes_on_bit_for_bit(finished, tiny_order, tmp_path, step):
    folder = begin(tiny_order, tmp_path / "run")

    def fail():
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        carry_out(folder, tiny_order, [Break(step, fail)])
    _resumed_equals(finished, folder)


def _resumed_equals(finished, folder):
    """Finish the run and compare it with the one that was never interrupted."""
    again, order = reopen(folder.path)
    carry_out(again, order, [Break(10**6, lambda: None)])
    assert not folder.checkpoint.exists()
    assert folder.jsonl.read_bytes() == finished.folder.jsonl.read_bytes()
    assert folder.csv.read_bytes() == finished.folder.csv.read_bytes()
    mine, theirs = st.load(folder.model), st.load(finished.folder.model)
    for one, two in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_finished_run_is_not_resumed(finished):
    with pytest.raises(ArgumentError) as caught:
        reopen(finished.folder.path)
    assert str(caught.value) == (
        f"{finished.folder.path}: the run is finished; expected a run to be resumed.\n"
        f"  Look at {finished.folder.report}, or start a new run."
    )


def test_early_stopping_keeps_the_best_weights(tiny_order, tmp_path):
    recipe = tiny_order.recipe.changed(epochs=8, learning_rate=0.5, schedule="constant", patience=1)
    order = dataclasses.replace(tiny_order, recipe=recipe)
    outcome = carry_out(begin(order, tmp_path / "run"), order)
    losses = [json.loads(line)["val_loss"] for line in outcome.folder.jsonl.read_text().splitlines()]
    assert outcome.epochs == len(losses) < 8
    (x, y), _ = st.datasets.mnist.load_data()
    model = st.load(outcome.folder.model)
    kept = model.evaluate(x[285:300], y[285:300], verbose=0, return_dict=True)["loss"]
    assert kept == pytest.approx(min(losses), rel=1e-5)
    assert losses[-1] > min(losses)


def test_a_model_that_scales_by_itself_and_gives_logits(tiny_order, tmp_path):
    network = sequential([Rescaling(1 / 255), Flatten(), Dense(10)], input_shape=(28, 28, 1))
    order = dataclasses.replace(tiny_order, network=network)
    outcome = carry_out(begin(order, tmp_path / "run"), order)
    scored = outcome.evaluation.scored
    assert scored.value("accuracy") > 0.4
    (_, _), (x, y) = st.datasets.mnist.load_data()
    loss = st.load(outcome.folder.model).evaluate(x, y, batch_size=500, verbose=0, return_dict=True)["loss"]
    assert scored.value("log loss") == pytest.approx(loss, abs=1e-5)


def test_a_network_for_other_pictures_is_refused_before_a_folder_is_made(tiny_order, tmp_path):
    network = sequential([Flatten(), Dense(7)], input_shape=(32, 32, 3))
    order = dataclasses.replace(tiny_order, network=network)
    with pytest.raises(DataError) as caught:
        begin(order, tmp_path / "run")
    cure = "\n  Choose the data set that the model was trained on, or train another model."
    assert str(caught.value) == (
        "2 problems:\n"
        "1. data set mnist: its pictures are 28x28x1 and the model takes 32x32x3; "
        f"expected pictures of the model's size.{cure}\n"
        "2. data set mnist: it has 10 classes and the model tells 7 apart; "
        f"expected the same number of classes.{cure}"
    )
    assert not (tmp_path / "run").exists()


def test_numbers_that_are_not_finite_stop_the_run(tiny_order, tmp_path):
    network = sequential([Rescaling(1e38), Flatten(), Dense(10)], input_shape=(28, 28, 1))
    order = dataclasses.replace(tiny_order, network=network)
    with pytest.raises(TrainingError, match=r"epoch 1, step 1 of 9: the layer 'rescale1' gave a number"):
        carry_out(begin(order, tmp_path / "run"), order)

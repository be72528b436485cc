"""The record of a training and its figure."""

from __future__ import annotations

import re

import numpy as np
import pytest

from striate.training._curves import TRAIN, VALIDATION
from striate.training.history import History


@pytest.fixture
def record():
    history = History()
    history.set_params({"epochs": 4, "steps": 2})
    history.on_train_begin()
    for epoch in range(4):
        logs = {"loss": np.float32(1 / (epoch + 1)), "accuracy": 0.25 * epoch, "table": np.eye(2) * epoch}
        if epoch % 2:
            logs |= {"val_loss": 2.0 / (epoch + 1), "val_accuracy": 0.2 * epoch}
        history.on_epoch_end(epoch, logs | {"learning_rate": 0.1})
    return history


def test_every_number_is_kept_as_plain_python(record):
    assert record.history["loss"] == [1.0, 0.5, pytest.approx(1 / 3), 0.25]
    assert record.history["val_loss"] == [1.0, 0.5]
    assert record.history["table"][1] == [[1.0, 0.0], [0.0, 1.0]]
    assert all(isinstance(value, float) for value in record.history["loss"])
    assert record.epoch == [0, 1, 2, 3]
    assert record.params["epochs"] == 4


def test_the_figure_has_a_panel_for_each_number(record):
    figure = record.plot("MNIST")
    traces = {trace.hovertemplate.split()[0]: trace for trace in figure.data}
    assert set(traces) == {"loss", "val_loss", "accuracy", "val_accuracy", "learning_rate"}
    assert [each.text for each in figure.layout.annotations] == ["loss", "accuracy", "learning rate"]
    assert figure.layout.title.text == "MNIST"
    assert list(traces["loss"].x) == [1, 2, 3, 4]
    assert list(traces["loss"].y) == record.history["loss"]
    assert traces["loss"].yaxis == traces["val_loss"].yaxis
    assert traces["loss"].yaxis != traces["accuracy"].yaxis
    assert (traces["loss"].line.color, traces["loss"].line.dash) == (TRAIN, "solid")
    assert (traces["val_loss"].line.color, traces["val_loss"].line.dash) == (VALIDATION, "dash")
    assert [trace.name for trace in figure.data if trace.showlegend] == ["training", "validation"]
    assert figure.layout.yaxis3.type == "log"


def test_a_validation_every_second_epoch_stands_at_its_epochs(record):
    (trace,) = [each for each in record.plot().data if each.hovertemplate.startswith("val_loss")]
    assert list(trace.x) == [2, 4]


def test_a_validation_of_its_own_and_an_empty_record_can_be_drawn():
    history = History()
    assert len(history.plot().data) == 0
    history.on_epoch_end(0, {"val_loss": 1.0, "val_extra": 2.0})
    assert [each.text for each in history.plot().layout.annotations] == ["loss", "extra"]


def test_the_file_is_whole_and_needs_no_network(record, tmp_path):
    path = record.save(tmp_path / "deep" / "curves.html", "A title")
    text = path.read_text(encoding="utf-8")
    assert text.rstrip().endswith("</html>")
    assert "A title" in text
    assert not re.search(r"<(script|link)[^>]*(src|href)=", text)
    assert list(tmp_path.joinpath("deep").iterdir()) == [path]


def test_the_short_form_tells_the_last_numbers(record):
    assert repr(record) == (
        "History(4 epochs: loss=0.25, accuracy=0.75, learning_rate=0.1, val_loss=0.5, val_accuracy=0.6)"
    )
    assert repr(History()) == "History(0 epochs)"

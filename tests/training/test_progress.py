"""The progress bar on terminals, in pipes and in narrow windows, with a recording console and a clock."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from rich.console import Console

from striate.errors import ArgumentError
from striate.training._progress_text import Standing, clock, facts, numbers, running, steady_speed
from striate.training.progress import Progress


class Clock:
    def __init__(self):
        self.time = 100.0

    def __call__(self):
        return self.time


def drawn(standing, width):
    file = io.StringIO()
    Console(width=width, file=file, color_system=None).print(running(standing, width))
    return file.getvalue()


def train(verbose: str | int = "auto", width=100, terminal=False, environment=None, logs=None):
    """A run of two epochs of four looks, half a second apart, after two seconds of compiling."""
    file = io.StringIO()
    console = Console(
        file=file,
        width=width,
        force_terminal=terminal,
        _environ={"TERM": "xterm-256color", **(environment or {})},
    )
    now = Clock()
    with Progress(verbose, console, now) as progress:
        progress.set_params({"epochs": 2, "steps": 4, "samples": 380, "batch_size": 100, "initial_epoch": 0})
        progress.on_train_begin({})
        for epoch in range(2):
            progress.on_epoch_begin(epoch, {})
            now.time += 2.0
            for step in range(1, 5):
                now.time += 0.5
                progress.on_chunk_end(step, logs or {"loss": 1 / step, "accuracy": 0.2 * step})
            progress.on_test_begin({})
            now.time += 1.0
            progress.on_test_end({"loss": 0.3})
            progress.on_epoch_end(epoch, {"loss": 0.25, "accuracy": 0.8, "val_loss": 0.3})
        progress.on_train_end({})
    return file.getvalue()


LINES = (
    "Epoch 1/2  5.0 s  200 images/s  loss 0.2500  accuracy 0.8000  val_loss 0.3000\n"
    "Epoch 2/2  5.0 s  200 images/s  loss 0.2500  accuracy 0.8000  val_loss 0.3000\n"
)


@pytest.mark.parametrize("verbose", ["auto", 1, 2, True])
def test_a_pipe_gets_one_line_an_epoch_without_colours(verbose):
    assert train(verbose) == LINES


def test_a_narrow_pipe_gets_unbroken_lines():
    assert train(width=20) == LINES


def test_verbose_two_writes_only_lines_on_a_terminal_too():
    assert train(2, terminal=True) == LINES


@pytest.mark.parametrize("verbose", [0, False])
def test_verbose_zero_says_nothing(verbose):
    assert train(verbose, terminal=True) == ""


def test_a_terminal_gets_a_bar_that_goes_away_and_the_lines():
    text = train(terminal=True)
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)
    assert "Epoch 1/2  ━" in plain
    assert "0/4\n  compiling" in plain
    assert "2/4  200 images/s  0:03 left" in plain
    assert "4/4  200 images/s  0:02 left  validating" in plain
    assert "Epoch 2/2" in plain
    for line in LINES.splitlines():
        assert line in plain
    assert "\x1b[36m" in text
    assert plain.count("compiling") == 1
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 2  # the cursor comes back


def test_no_color_is_honoured():
    text = train(terminal=True, environment={"NO_COLOR": "1"})
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", text)
    assert "images/s" in text


def test_a_dumb_terminal_gets_lines_only():
    assert train(terminal=True, environment={"TERM": "dumb"}) == LINES


def test_the_cursor_comes_back_when_training_fails():
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, _environ={"TERM": "xterm"})
    progress = Progress(1, console)
    progress.set_params({"epochs": 1, "steps": 2})
    progress.on_train_begin()

    def fail():
        with progress:
            progress.on_epoch_begin(0)
            raise RuntimeError("boom")

    with pytest.raises(RuntimeError, match="boom"):
        fail()
    assert file.getvalue().rstrip().endswith("\x1b[2K")
    assert "\x1b[?25h" in file.getvalue()


def test_a_resumed_run_comes_back_in_the_middle_of_an_epoch():
    file = io.StringIO()
    progress = Progress(2, Console(file=file), Clock())
    progress.set_params({"epochs": 5, "steps": 4, "batch_size": 10, "initial_epoch": 3})
    progress.on_train_begin()
    progress.on_chunk_end(4, {"loss": 1.0})
    progress.on_epoch_end(3, {"loss": 1.0})
    assert file.getvalue() == "Epoch 4/5  0.0 s  loss 1.0000\n"


def test_an_evaluation_of_its_own_has_its_line():
    file = io.StringIO()
    now = Clock()
    progress = Progress("auto", Console(file=file), now)
    progress.set_params({"steps": 2, "samples": 300, "batch_size": 200})
    progress.on_test_begin()
    now.time += 1.5
    progress.on_test_end({"loss": 0.5, "accuracy": 0.75})
    assert file.getvalue() == "Evaluated  1.5 s  200 images/s  loss 0.5000  accuracy 0.7500\n"


def test_arrays_are_left_out_of_the_lines():
    assert "table" not in train(terminal=True, logs={"loss": 1.0, "table": np.eye(2)})


def test_steps_that_nobody_knows():
    assert facts(Standing("Epoch 1/2", 7, None, 50.0, None, {"loss": 1.0}, "validating")) == (
        "7 steps  50 images/s  validating"
    )
    assert "7 steps" in drawn(Standing("Epoch 1/2", 7, None, None, None, {}), 60)


@pytest.mark.parametrize("width", [24, 40, 80, 200])
def test_no_drawn_line_is_wider_than_the_window(width):
    logs = {"loss": 0.123, "accuracy": 0.98, "top_5_accuracy": 0.999}
    text = drawn(Standing("Epoch 10/100", 120, 235, 123456.0, 4000.0, logs), width)
    assert max(map(len, text.splitlines())) <= width
    assert "Epoch 10/100" in text
    assert "120/235" in text
    assert "━" in text
    assert "loss 0.1230" in text


def test_the_speed_leaves_compiling_out():
    assert steady_speed([]) is None
    assert steady_speed([(1, 5.0)]) is None
    assert steady_speed([(1, 5.0), (1, 6.0)]) is None
    assert steady_speed([(1, 0.0), (5, 1.0), (9, 2.0), (10, 50.0)]) == 4.0
    assert steady_speed([(1, 0.0), (5, 1.0), (6, 50.0)]) == 4.0


def test_numbers_small_large_and_not_finite():
    assert numbers({"a": 0, "b": 1e-4, "c": 123456.0, "d": float("nan"), "e": np.float32(0.5)}) == (
        "a 0.0000  b 0.0001  c 1.235e+05  d nan  e 0.5000"
    )
    assert clock(59.7) == "1:00"


def test_a_verbose_that_there_is_not():
    with pytest.raises(ArgumentError) as caught:
        Progress(3)
    assert str(caught.value) == (
        "verbose: got 3; expected 'auto', 0, 1 or 2.\n  Write for instance verbose=2 for one line an epoch."
    )

"""Killing a process while it saves loses nothing: the previous file or the new one always loads."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from endless_saver import network, save

from striate.formats import load_checkpoint, load_model

KILLS = 25


@pytest.fixture
def nursery():
    program = Path(__file__).with_name("endless_saver.py")
    process = subprocess.Popen(
        [sys.executable, str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    yield process
    process.stdin.close()
    assert process.wait(timeout=60) == 0
    process.stdout.close()


def numbers_in(folder):
    """The numbers of the saves that the model and the checkpoint hold, each being whole and of one save."""
    model = load_model(folder / "model.striate")
    arrays, record = load_checkpoint(folder / "checkpoint.striate")
    number = model.training["number"]
    assert model.network == network()
    assert np.all(np.asarray(model.variables["params"]["wide"]["kernel"]) == number)
    assert all(np.all(array == record["number"]) for array in arrays.values())
    assert record["number"] <= number
    return number, record["number"]


def test_twenty_five_kills_at_random_instants_lose_nothing(tmp_path, nursery):
    random_numbers = random.Random(25)
    save(tmp_path, 0)
    found = [numbers_in(tmp_path)]
    for _ in range(KILLS):
        print(tmp_path, found[-1][0] + 1, file=nursery.stdin, flush=True)
        saver = int(nursery.stdout.readline())
        time.sleep(random_numbers.uniform(0.0, 0.06))
        os.kill(saver, signal.SIGKILL)
        assert nursery.stdout.readline() == "dead\n"
        found.append(numbers_in(tmp_path))
    models, checkpoints = zip(*found, strict=True)
    assert list(models) == sorted(models)
    assert list(checkpoints) == sorted(checkpoints)
    assert models[-1] > KILLS // 4, "the savers were killed before they saved: the test shows nothing"
    halves = [path for path in tmp_path.iterdir() if path.suffix == ".tmp"]
    assert halves, "no saver was killed while it wrote: the test shows nothing"
    assert {path.name for path in tmp_path.iterdir() if path not in halves} == {
        "model.striate",
        "checkpoint.striate",
    }

"""A training run that is killed at a random instant goes on and ends as if nothing had happened."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import striate as st
from tasks.picture_fixtures import net, paint

EPOCHS = 40


def train(words, cwd):
    """Start `striate train` as a process of its own."""
    program = os.path.join(os.path.dirname(sys.executable), "striate")
    return subprocess.Popen(
        [program, "train", *words], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def finished(process):
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err.decode()
    return out.decode()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_run_killed_at_a_random_instant_ends_with_the_same_numbers(tmp_path):
    paint(tmp_path / "pets", ("cat", "dog"), 30)
    network = net(tmp_path / "net.json", 2, "softmax")
    words = ["pets", "--model", network, "--epochs", str(EPOCHS), "--batch-size", "4", "--augment", "light"]
    said = finished(train([*words, "--out", "whole"], tmp_path))
    killed, folder = train([*words, "--out", "killed"], tmp_path), tmp_path / "killed"
    while not (folder / "metrics.jsonl").exists() and killed.poll() is None:
        time.sleep(0.002)
    time.sleep(random.uniform(0, 0.3))
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert not (folder / "report.html").exists(), "it was killed too late: the test shows nothing"
    done = len((folder / "metrics.jsonl").read_text().splitlines())
    assert 1 <= done < EPOCHS
    assert finished(train(["--resume", "killed"], tmp_path)) == said
    _same(tmp_path / "whole", folder)


def _same(whole: Path, folder: Path):
    """Metrics byte for byte, weights bit for bit, and the same test."""
    for name in ("metrics.jsonl", "metrics.csv"):
        assert (folder / name).read_bytes() == (whole / name).read_bytes()
    mine, theirs = (st.load(each / "model.striate").get_weights() for each in (folder, whole))
    for one, two in zip(mine, theirs, strict=True):
        np.testing.assert_array_equal(one, two)
    results = [json.loads((each / "results.json").read_text()) for each in (folder, whole)]
    for each in results:
        each.pop("seconds")
        each.pop("milliseconds")
    assert results[0] == results[1]

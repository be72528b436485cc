"""`striate train` and what can be done with its folder."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from cli_fixtures import *  # noqa: F403
from PIL import Image

import striate as st

NOT_OF_A_TEST = ("epochs", "seconds", "milliseconds")
QUICK = ("--limit", "200", "--epochs", "2", "--batch-size", "50")


@pytest.fixture(scope="module")
def trained(tmp_path_factory, tiny_json):
    """A small run through the real entry point, into a pipe."""
    folder = tmp_path_factory.mktemp("trained")
    words = ["train", "mnist", "--model", str(tiny_json), *QUICK, "--seed", "3", "--out", "run"]
    done = subprocess.run([_striate(), *words], cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return folder / "run", done


def _striate():
    return os.path.join(os.path.dirname(sys.executable), "striate")


def test_the_result_is_on_one_stream_and_the_talk_on_the_other(trained):
    folder, done = trained
    results = json.loads((folder / "results.json").read_text())
    assert done.stdout.count("\n") == 1
    share = f"accuracy {100 * results['accuracy']:.2f} % on 10,000 test pictures (95 % interval "
    assert done.stdout.startswith(share)
    assert "tiny.json (850 parameters) on mnist, recipe default\n" in done.stderr
    assert "Epoch 1/2" in done.stderr
    assert "2 epochs in" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_the_folder_says_what_was_asked_for(trained):
    folder, _ = trained
    config = json.loads((folder / "config.json").read_text())
    assert config["command"][:3] == ["striate", "train", "mnist"]
    assert (config["seed"], config["limit"]) == (3, 200)
    assert (config["recipe"]["epochs"], config["recipe"]["batch_size"]) == (2, 50)
    assert "striate train mnist --model" in (folder / "report.html").read_text("utf-8")


def test_evaluate_gives_one_json_object(trained, run):
    folder, _ = trained
    done = run("evaluate", folder, "mnist", "--json")
    assert (done.code, done.err) == (0, "")
    assert done.out.count("\n") == 1
    values = json.loads(done.out)
    results = json.loads((folder / "results.json").read_text())
    assert values == {name: value for name, value in results.items() if name not in NOT_OF_A_TEST}


def test_evaluate_for_people(trained, run):
    done = run("evaluate", trained[0], "mnist", "--split", "train", "--limit", "100")
    assert done.code == 0
    assert " on 100 train pictures (95 % interval " in done.out
    assert " taken for " in done.out


def test_predict(trained, run, tmp_path):
    (_, _), (x, _) = st.datasets.mnist.load_data()
    for number in range(2):
        Image.fromarray(x[number]).save(tmp_path / f"{number}.png")
    done = run("predict", trained[0], "0.png", "1.png", "--top", "2", "--json")
    rows = st.load(trained[0] / "model.striate").predict(x[:2, ..., None], verbose=0)
    values = json.loads(done.out)
    assert [entry["image"] for entry in values] == ["0.png", "1.png"]
    for entry, row in zip(values, rows, strict=True):
        assert entry["top"][0]["class"] == str(row.argmax())
        assert entry["top"][0]["probability"] == pytest.approx(row.max())
    done = run("predict", trained[0], "0.png")
    first, *bars = done.out.splitlines()
    share = round(100 * float(rows[0].max()))
    assert first.startswith(f"0.png: {share} % {rows[0].argmax()}, ")
    assert len(bars) == 3
    assert all("%" in line for line in bars)


def test_a_second_run_gets_the_next_number_and_another_optimizer(run, tiny_json, tmp_path):
    (tmp_path / "runs" / "mnist-1").mkdir(parents=True)
    done = run("train", "mnist", "-m", tiny_json, *QUICK, "--optimizer", "sgd", "--lr", "0.05")
    assert done.code == 0, done.err
    recipe = json.loads((tmp_path / "runs" / "mnist-2" / "config.json").read_text())["recipe"]
    assert (recipe["optimizer"], recipe["learning_rate"], recipe["weight_decay"]) == ("sgd", 0.05, None)


def test_numbers_that_are_not_finite_are_a_failed_training(run, tmp_path):
    program = "import striate as st\nL = st.layers\n"
    program += "net = st.Sequential([st.Input((28, 28, 1)), L.Rescaling(1e38), L.Flatten(), L.Dense(10)])\n"
    (tmp_path / "wild.py").write_text(program)
    done = run("train", "mnist", "--model", "wild.py:net", *QUICK)
    assert done.code == 1
    assert done.out == ""
    assert "error: epoch 1, step 1 of 4: the layer 'rescale1' gave a number that is not finite" in done.err
    assert "Traceback" not in done.err


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGINT")
def test_ctrl_c_says_how_to_go_on(tiny_json, tmp_path, run):
    words = ["train", "mnist", "--model", str(tiny_json), "--limit", "4000", "--epochs", "12"]
    words = [_striate(), *words, "--batch-size", "16", "--out", "cut"]
    child = subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    log = tmp_path / "cut" / "metrics.jsonl"
    end = time.monotonic() + 200
    while not log.exists() and child.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    said = child.communicate(timeout=200)[1]
    assert child.returncode == 130, said
    assert "Stopped by Ctrl-C" in said
    assert said.endswith("Go on with: striate train --resume cut\n")
    assert "Traceback" not in said
    assert run("evaluate", "cut", "mnist", "--limit", "10").code == 0
    done = run("train", "--resume", "cut")
    assert done.code == 0, done.err
    assert [json.loads(line)["epoch"] for line in log.read_text().splitlines()] == list(range(12))
    assert not (tmp_path / "cut" / "checkpoint.striate").exists()


def test_resume_stands_alone(run, trained):
    done = run("train", "mnist", "--resume", trained[0], "--lr", "0.1")
    assert done.code == 2
    assert done.err == (
        "error: --resume: it stands beside DATA, --lr; expected the folder of a run alone.\n"
        "  Leave them out, or start a new run without --resume.\n"
    )
    done = run("train", "--resume", trained[0])
    assert done.code == 2
    assert "the run is finished" in done.err

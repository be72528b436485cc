"""`striate predict` and `evaluate` on folders: which pictures are meant, in which form answers come."""

import csv
import io
import json
import sys

import numpy as np
import pytest
from cli_fixtures import *  # noqa: F403

import striate as st
from striate.layers import Dense, Flatten
from striate.network import sequential
from striate.tasks.answers import Continuous
from tasks.picture_fixtures import paint

NAMES = ("cat", "=cmd()", "owl")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """An untrained model whose second class is a formula."""
    path = tmp_path_factory.mktemp("model") / "model.striate"
    network = sequential([Flatten(), Dense(3, activation="softmax")], input_shape=(8, 8, 3))
    recipe = st.images.Preprocessing((8, 8), 3)
    st.Model.from_network(network, preprocessing=recipe, class_names=NAMES, seed=1).save(path)
    return path


@pytest.fixture
def pictures(tmp_path):
    """Four pictures in two folders below the one that the command runs in."""
    return paint(tmp_path / "pictures", ("cat", "owl"), 2)


FILES = [f"pictures/{name}/{name}00{number}.png" for name in ("cat", "owl") for number in (0, 1)]


@pytest.mark.parametrize("words", [["pictures"], ["pictures/*/*.png"], ["pictures/**/*.png"], FILES])
def test_files_folders_and_patterns(run, model, pictures, words):
    done = run("predict", model, *words, "--jsonl")
    assert (done.code, done.err) == (0, "")
    assert [json.loads(line)["image"] for line in done.out.splitlines()] == FILES


def test_standard_input_brings_names_or_a_picture(run, model, pictures, monkeypatch):
    class Given:
        def __init__(self, data):
            self.buffer = io.BytesIO(data)

    monkeypatch.setattr(sys, "stdin", Given("\n".join(FILES[:2]).encode()))
    named = [json.loads(line) for line in run("predict", model, "-", "--jsonl").out.splitlines()]
    assert [each["image"] for each in named] == FILES[:2]
    monkeypatch.setattr(sys, "stdin", Given((pictures / "cat" / "cat001.png").read_bytes()))
    (whole,) = [json.loads(line) for line in run("predict", model, "-", "--jsonl").out.splitlines()]
    assert whole["image"] == "-"
    for mine, theirs in zip(whole["top"], named[1]["top"], strict=True):
        assert mine == {"class": theirs["class"], "probability": pytest.approx(theirs["probability"])}
    for data, said in ((b"", "is empty"), (b"\xff\xfe\x00", "is neither a picture nor text")):
        monkeypatch.setattr(sys, "stdin", Given(data))
        done = run("predict", model, "-")
        assert done.code == 2
        assert done.err == (
            f"error: -: standard input {said}; expected a picture, or names of files"
            f"{', a line each' if not data else ''}.\n  Correct it, or name the files themselves.\n"
        )


def test_a_table_of_commas_that_no_spreadsheet_runs(run, model, pictures):
    done = run("predict", model, "pictures", "--csv")
    head, *rows = csv.reader(io.StringIO(done.out))
    assert head == ["image", "answer", "p(cat)", "p(=cmd())", "p(owl)"]
    assert [row[0] for row in rows] == FILES
    for row in rows:
        chances = np.array(row[2:], float)
        assert chances.sum() == pytest.approx(1, abs=1e-4)
        assert row[1].lstrip("'") == NAMES[chances.argmax()]
    assert ",=" not in done.out


def test_numbers_in_the_unit_of_their_targets(run, tmp_path, pictures):
    network = sequential([Flatten(), Dense(1)], input_shape=(8, 8, 3))
    model = st.Model.from_network(network, preprocessing=st.images.Preprocessing((8, 8), 3), seed=1)
    answer = Continuous(("angle",), 100.0, 10.0)
    model.about = {"answer": answer.to_json()}
    model.save(tmp_path / "angle.striate")
    done = run("predict", "angle.striate", FILES[0], "--csv")
    head, row = csv.reader(io.StringIO(done.out))
    assert head == ["image", "angle"]
    assert 50 < float(row[1]) < 150
    values = json.loads(run("predict", "angle.striate", FILES[0], "--jsonl").out)
    assert values == {"image": FILES[0], "numbers": {"angle": pytest.approx(float(row[1]), rel=1e-4)}}
    assert run("predict", "angle.striate", FILES[0]).out.startswith(f"{FILES[0]}: angle ")


def test_unreadable_pictures_are_listed(run, model, pictures):
    (pictures / "cat" / "bad.png").write_text("hello")
    done = run("predict", model, "pictures", "--jsonl")
    assert done.code == 2
    assert "bad.png" in done.err
    assert len(done.out.splitlines()) == 4
    done = run("predict", model, "pictures", "--jsonl", "--skip-broken")
    assert done.code == 0
    assert done.err.startswith("skipped: bad.png: ")
    assert len(done.out.splitlines()) == 4


def test_words_that_mean_nothing(run, model, tmp_path):
    (tmp_path / "empty").mkdir()
    done = run("predict", model, "empty", "*.gif")
    assert done.code == 2
    assert done.err == (
        "error: 2 problems:\n"
        "1. empty: the folder holds no pictures; expected a folder with pictures.\n"
        "  Correct it, or name the files themselves.\n"
        "2. *.gif: no file matches the pattern; expected a pattern of picture files.\n"
        "  Correct it, or name the files themselves.\n"
    )
    done = run("predict", model, "empty", "--csv", "--json")
    assert done.err == (
        "error: output: got --csv and --json; expected one of them.\n  Leave the others out.\n"
    )


def test_a_folder_is_evaluated_and_warned_of(run, model, tmp_path):
    paint(tmp_path / "zoo", ("cat", "fox"), 3)
    done = run("evaluate", model, "zoo")
    assert done.code == 0
    assert "warning: zoo: the model cannot know fox (3)" in done.err
    assert " on 3 pictures (95 % interval " in done.out
    done = run("evaluate", model, "zoo", "--json")
    values = json.loads(done.out)
    assert (values["split"], values["examples"]) == ("all", 3)
    assert len(values["warnings"]) >= 2

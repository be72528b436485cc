"""`striate ensemble` and `striate search` at the command line: what they say, and what they refuse."""

import pytest
from cli_fixtures import *  # noqa: F403

import striate as st
from tasks.picture_fixtures import paint


def test_two_files_become_one(run, pets, tmp_path):
    model, picture = pets
    done = run("ensemble", model, model, "--out", "two.striate")
    assert (done.code, done.out) == (0, "")
    assert done.err == (
        "Not tested: a model file alone does not say where its pictures lie.\n2 models in two.striate\n"
    )
    assert st.load(tmp_path / "two.striate").about["members"] == 2
    assert run("predict", "two.striate", picture).out == run("predict", model, picture).out


def test_one_model_is_no_ensemble(run, pets):
    done = run("ensemble", pets[0])
    assert done.code == 2
    assert done.err == "error: members: got 1; expected two models or more.\n  Name several runs.\n"


def test_a_search_says_what_did_best(run, tmp_path, monkeypatch):
    pytest.importorskip("optuna")
    from striate.tasks import search as module

    monkeypatch.setattr(module, "WIDTHS", (4,))
    monkeypatch.setattr(module, "_augments", lambda material: ("none",))
    paint(tmp_path / "pets", ("cat", "dog"), 10)
    done = run("search", "pets", "--trials", "1", "--epochs", "1", "--out", "found")
    assert done.code == 0, done.err
    assert "trial 1/1: complete 0." in done.err or "trial 1/1: complete 1." in done.err
    best, command = done.out.splitlines()
    assert best.startswith("best of 1 trials (1 finished): loss ")
    assert command.startswith("striate train ")
    assert "--model found/network.json --lr 0.0" in command
    done = run("search", "pets", "--trials", "0")
    assert done.err == "error: --trials: got 0; expected a whole number from 1.\n  Give 20.\n"

"""Every mistake is one sentence and a cure, with the right exit code and never a traceback."""

import re

import pytest
import typer
from cli_fixtures import *  # noqa: F403

from striate.cli import _errors
from striate.cli._errors import guarded
from striate.errors import DataError, Problem, TrainingError

MISUSE = {
    "trian": "No such command 'trian'. Did you mean 'train'?\n  See: striate --help\n",
    "train": "DATA: no data set was named; expected its name.\n  Say for instance: striate train mnist\n",
    "train minst": (
        "data set: there is no 'minst'; expected one of mnist, fashion-mnist, cifar10, "
        "quickdraw, fruits, stamps.\n"
        "  Did you mean mnist?\n"
    ),
    "train mnist --optimizer admw": (
        "optimizer: 'admw' is not known; expected one of SGD, RMSprop, Adam, AdamW, Adagrad, Adadelta, "
        "Adamax, Nadam, Lion, Muon.\n  Did you mean 'adamw'?\n"
    ),
    "train mnist --recipe defualt": (
        "recipe: there is no 'defualt'; expected one of default, plain, quick.\n  Did you mean default?\n"
    ),
    "train mnist --epochs 0": (
        "epochs: got 0; expected a whole number from 1 to 10,000.\n  Give for instance 5.\n"
    ),
    "train mnist --lr nan": (
        "learning rate: got nan; expected a number above 0.\n  Give for instance 0.001.\n"
    ),
    "train mnist --seed -1": (
        "--seed: got -1; expected a whole number from 0.\n  Give for instance --seed 1.\n"
    ),
    "train mnist --limit 0": (
        "--limit: got 0; expected a whole number from 1.\n  Give for instance --limit 1.\n"
    ),
    "train --resume nowhere": (
        "nowhere: it is not the folder of a run; expected a folder with config.json.\n"
        "  Give the folder of a run, such as runs/mnist-1.\n"
    ),
    "evaluate": "Missing argument 'RUN'\n  See: striate evaluate --help\n",
    "evaluate nowhere mnist": (
        "nowhere: there is no such file or folder; expected a trained model.\n"
        "  Give a run's folder or a .striate file.\n"
    ),
    "evaluate nowhere mnist --split both": (
        "--split: got 'both'; expected test, train or all.\n  Choose one of them.\n"
    ),
    "predict nowhere": "Missing argument 'IMAGE...'\n  See: striate predict --help\n",
    "predict nowhere a.png --top 0": (
        "--top: got 0; expected a whole number from 1.\n  Give for instance --top 3.\n"
    ),
    "data get cifra10": (
        "data set: there is no 'cifra10'; expected one of mnist, fashion-mnist, cifar10, "
        "quickdraw, fruits, stamps.\n"
        "  Did you mean cifar10?\n"
    ),
}


@pytest.mark.parametrize("words", MISUSE)
def test_misuse(run, words, tmp_path):
    done = run(*words.split())
    assert (done.code, done.out) == (2, "")
    assert done.err == "error: " + MISUSE[words]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [(), ("data",)])
def test_no_command_is_answered_with_the_help_alone(run, words):
    done = run(*words)
    assert (done.code, done.err) == (2, "")
    assert "Usage: striate" in done.out


def test_an_unknown_network_is_answered_with_the_nearest(run):
    done = run("summary", "mnist-convent")
    assert done.code == 2
    assert done.err.startswith("error: model: there is no 'mnist-convent'; expected one of mnist-convnet, ")
    assert done.err.endswith("\n  Did you mean mnist-convnet?\n")


USAGE = {  # Typer's own words, which differ a little from version to version
    "--nonsense": ("No such option", "--nonsense"),
    "train mnist --epoch 3": ("No such option", "--epochs"),
    "train mnist --epochs many": ("Invalid value for '--epochs': ", "integer"),
    "doctor now": ("Got unexpected extra argument", "now"),
    "evaluate --split": ("Option '--split' requires an argument", ""),
}


@pytest.mark.parametrize("words", USAGE)
def test_the_words_of_the_parser_get_a_cure(run, words):
    begin, inside = USAGE[words]
    done = run(*words.split())
    assert done.code == 2
    assert done.err.startswith(f"error: {begin}")
    assert inside in done.err
    assert re.search(r"\n  See: striate( \w+)? --help\n$", done.err)
    assert done.err.count("\n") == 2


def fails(error):
    def action():
        raise error

    return action


PROBLEM = Problem("a", "b", "c", "Do d.")
CODES = {
    "misuse": (DataError(PROBLEM), 2, "error: a: b; expected c.\n  Do d.\n"),
    "failed": (TrainingError(PROBLEM), 1, "error: a: b; expected c.\n  Do d.\n"),
    "two": (
        DataError([PROBLEM, PROBLEM]),
        2,
        "error: 2 problems:\n1. a: b; expected c.\n  Do d.\n2. a: b; expected c.\n  Do d.\n",
    ),
    "ctrl-c": (KeyboardInterrupt(), 130, "error: stopped by Ctrl-C\n"),
    "abort": (typer.Abort(), 130, "error: stopped by Ctrl-C\n"),
    "in order": (_errors.Interrupted(), 130, ""),
    "disk": (
        OSError(28, "No space left on device", "runs/x"),
        2,
        "error: runs/x: No space left on device\n  Check the path, and your right to use it.\n",
    ),
    "memory": (
        MemoryError(),
        1,
        "error: there is not enough memory\n  Use a smaller --batch-size or --limit.\n",
    ),
    "bug": (
        ZeroDivisionError("division by\n zero"),
        1,
        "error: ZeroDivisionError: division by zero\n"
        "  This is a fault of Striate: run it again with --debug and report what you see.\n",
    ),
    "hostile": (
        DataError(Problem("\x1b[2J\u202e", "b", "c", "[red]Do d.[/red]")),
        2,
        "error: \\x1b[2J\\u202e: b; expected c.\n  [red]Do d.[/red]\n",
    ),
}


@pytest.mark.parametrize("kind", CODES)
def test_exit_codes(kind, capsys):
    error, code, text = CODES[kind]
    assert guarded(fails(error), debug=False) == code
    assert capsys.readouterr().err == text


@pytest.mark.parametrize("error", [ZeroDivisionError(), DataError(PROBLEM)])
def test_debug_lets_the_traceback_through(error):
    with pytest.raises(type(error)):
        guarded(fails(error), debug=True)


def test_debug_may_stand_anywhere(run, monkeypatch):
    assert run("data", "list", "--debug").code == 0
    assert run("--debug", "data", "list").code == 0
    monkeypatch.setattr("sys.argv", ["striate", "data", "path", "nothing", "--debug"])
    from striate.cli import main

    with pytest.raises(ValueError, match="there is no 'nothing'"):
        main()

"""`striate bench`: lines for people, lines of JSON, and misuse."""

import json

from cli_fixtures import *  # noqa: F403


def test_a_line_for_people(run):
    done = run("bench", "peak", "--batch", "16", "--repeats", "1", "--quick")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("peak 16x16 float32: ")
    assert done.out.endswith(" GFLOP/s\n")
    assert len(done.out.splitlines()) == 1


def test_a_line_of_json(run):
    done = run(
        "bench", "peak", "--batch", "16", "--repeats", "2", "--quick", "--json", "--precision", "bfloat16"
    )
    (line,) = done.out.splitlines()
    found = json.loads(line)
    assert (found["work"], found["shape"], found["precision"]) == ("peak", [16, 16], "bfloat16")
    assert len(found["samples"]) == 2


def test_misuse(run):
    done = run("bench", "mnist")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: WORK: there is no 'mnist'; expected one of mnist-step, ")
    done = run("bench", "convs", "--batch", "3")
    assert done.code == 2
    assert "error: --batch: convs has shapes of its own; expected no batch." in done.err
    done = run("bench", "peak", "--repeats", "0")
    assert (done.code, done.out) == (2, "")
    assert "--repeats: got 0" in done.err


def test_help_names_every_work(run):
    from striate.tasks.bench import WORKS

    shown = " ".join(run("bench", "--help").out.replace("│", " ").split())
    for work in WORKS:
        assert work in shown

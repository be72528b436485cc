"""Summary, data, doctor, help: what is shown, how wide, in which colours, and to whom."""

import json
import os
import re
import subprocess
import sys

import pytest
from cli_fixtures import *  # noqa: F403
from rich.cells import cell_len

from striate.cli._terminal import bar, inert, quantity, show_json
from striate.layers import Conv2D
from striate.network import sequential, to_json
from striate.tasks.answers.answer import percent


def test_version_and_help(run):
    done = run("--version")
    assert (done.code, done.err) == (0, "")
    assert re.fullmatch(r"striate \d+\.\d+\.\d+\S*\n", done.out)
    for words in ([], ["-h"], ["--help"]):
        done = run(*words)
        assert "striate train mnist" in done.out + done.err
    for command in ("train", "evaluate", "predict", "summary", "data", "doctor"):
        assert command in done.out
        assert run(command, "--help").code == 0


def test_summary(run, pets):
    done = run("summary", "mnist-convnet")
    assert done.code == 0
    assert "93,322" in done.out
    values = json.loads(run("summary", "mnist-convnet", "--json").out)
    assert values["totals"]["params"] == 93_322
    assert values["checks"] == []
    assert "pets" in run("summary", pets[0]).out


def test_summary_of_a_network_that_cannot_run_lists_every_problem(run, tmp_path):
    network = sequential([Conv2D(2, 5), Conv2D(2, 5)], input_shape=(3, 3, 1))
    (tmp_path / "bad.json").write_text(to_json(network))
    done = run("summary", "bad.json")
    assert done.code == 2
    assert "conv1" in done.out
    assert "Traceback" not in done.err
    values = json.loads(run("summary", "bad.json", "--json").out)
    assert [check["severity"] for check in values["checks"]].count("error") >= 1


def test_data(run, striate_home):
    done = run("data", "list")
    assert "mnist  (here)\n  Handwritten digits, 28x28 grey: 60,000 + 10,000 pictures, 10 classes" in done.out
    assert "cifar10  (to be fetched, 170 MB)" in done.out
    assert "CC BY-SA 3.0" in done.out
    values = json.loads(run("data", "list", "--json").out)
    assert [entry["name"] for entry in values] == [
        "mnist", "fashion-mnist", "cifar10", "quickdraw", "fruits", "stamps",
    ]  # fmt: skip
    assert values[2]["class_names"][3] == "cat"
    done = run("data", "get", "mnist")
    assert (done.code, done.err) == (0, "mnist is here and whole.\n")
    assert os.path.isdir(done.out.strip())
    done = run("data", "path", "cifar10")
    assert done.out == f"{striate_home}/datasets/cifar10\n"
    assert done.err == "It is not there yet; fetch it with: striate data get cifar10\n"


def test_doctor(run, monkeypatch, tmp_path):
    done = run("doctor")
    assert done.code == 0
    for words in (
        "python: 3.",
        "jax: ",
        "devices: cpu",
        "kernels: ",
        "cores: ",
        "folder: ",
        "mnist: here",
    ):
        assert words in done.out
    values = json.loads(run("doctor", "--json").out)
    assert values["problems"] == []
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("striate.tasks.doctor._writable", lambda folder: False)
    assert "warning: The cache folder " in run("doctor").err


def test_hostile_names_do_nothing(run, pets):
    model, picture = pets
    done = run("predict", model, picture)
    assert done.code == 0
    assert "\\x1b[2Jcat" in done.out
    assert "dog\\u202egod" in done.out
    assert "a\\x1b[31m\\u202eb.png: " in done.out
    assert "<img src=x>" in done.out
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e]", done.out + done.err)
    done = run("predict", model, picture, "--json")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e]", done.out)
    assert {entry["class"] for entry in json.loads(done.out)[0]["top"]} == {
        "\x1b[2Jcat", "dog\u202egod", "<img src=x>"
    }  # fmt: skip
    done = run("predict", model, f"{picture}.none")
    assert done.code == 2
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e]", done.err)


def test_the_json_stream_escapes_what_acts_and_keeps_what_speaks(capsys):
    values = {"a": "é\u202e\x85\U000e0001😀"}
    show_json(values)
    text = capsys.readouterr().out
    assert text == '{"a": "é\\u202e\\u0085\\udb40\\udc01😀"}\n'
    assert json.loads(text) == values


@pytest.mark.parametrize(
    "words", [["--help"], ["train", "--help"], ["summary", "mnist-convnet"], ["predict"]]
)
def test_forty_columns_are_enough(words, pets):
    if words == ["predict"]:
        words = ["predict", *map(str, pets)]
    done = _process(words, COLUMNS="40", FORCE_COLOR="1")
    lines = re.sub("\x1b\\[[0-9;]*m", "", done.stdout).splitlines()
    assert lines
    assert [line for line in lines if cell_len(line.rstrip()) > 40] == []
    assert not [line for line in lines if "…" in line]


def test_colours_only_where_they_are_wanted():
    words = ["data", "list"]
    assert "\x1b[" not in _process(words).stdout
    assert "\x1b[" in _process(words, FORCE_COLOR="1", COLUMNS="80").stdout
    plain = _process(words, FORCE_COLOR="1", NO_COLOR="1", COLUMNS="80").stdout
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", plain)
    assert "\x1b[" not in _process(["data", "path", "nothing"]).stderr


def test_a_pipe_gets_whole_lines():
    lines = _process(["data", "list"], COLUMNS="30").stdout.splitlines()
    assert max(map(len, lines)) > 80


def test_a_reader_that_leaves_early_is_no_error():
    words = [os.path.join(os.path.dirname(sys.executable), "striate"), "summary", "vgg16"]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdout=pipe, stderr=pipe, env=_environment()) as child:
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait(120) == 141


def test_help_needs_nothing_heavy():
    heavy = "{'jax', 'numpy', 'optax', 'plotly', 'PIL', 'safetensors', 'striate.tasks', 'striate.layers'}"
    program = (
        "import sys\nfrom striate.cli import main\n"
        "for words in (['--help'], ['train', '--help'], ['--version'], ['trian']):\n"
        "    try:\n        main(words)\n    except SystemExit:\n        pass\n"
        f"print('HEAVY', sorted({heavy} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "HEAVY []"


def _environment(**more):
    kept = {
        key: value for key, value in os.environ.items() if key not in ("COLUMNS", "NO_COLOR", "FORCE_COLOR")
    }
    return kept | more


def _process(words, **more):
    """Run the installed entry point."""
    words = [os.path.join(os.path.dirname(sys.executable), "striate"), *words]
    return subprocess.run(words, capture_output=True, text=True, env=_environment(**more), timeout=120)


def test_small_words():
    assert [percent(share) for share in (0, 0.004, 0.005, 0.5, 0.994, 0.995, 1)] == [
        "0 %", "<1 %", "0 %", "50 %", "99 %", ">99 %", "100 %"
    ]  # fmt: skip
    assert [quantity(n) for n in (0, 999, 1000, 9_949, 31e6, 2e13)] == [
        "0 B", "999 B", "1.0 kB", "9.9 kB", "31 MB", "20 TB"
    ]  # fmt: skip
    assert [bar(share, 10) for share in (0, 1e-9, 0.99, 1)] == ["", "▏", "█████████▉", "██████████"]
    assert inert("a\nb\t\r\x00é日\u200d") == "a\nb\\t\\r\\x00é日\u200d"

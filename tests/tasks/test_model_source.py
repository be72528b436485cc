"""What may stand after --model, and how each mistake is answered."""

import pytest

import striate as st
from striate.errors import StriateError
from striate.layers import Dense, Flatten
from striate.network import sequential, to_json
from striate.tasks import find_network

FILE = """
import striate as st
from helper import units

L = st.layers
net = st.Sequential([st.Input((28, 28, 1)), L.Flatten(), L.Dense(units)])
raw = net.network
settings = {"a": 1}

def make(classes):
    return st.Sequential([st.Input((28, 28, 1)), L.Flatten(), L.Dense(classes)])

def plain():
    return raw

def broken():
    return 1 / 0

def needy(width):
    return raw
"""


@pytest.fixture
def program(tmp_path):
    (tmp_path / "helper.py").write_text("units = 10\n")
    path = tmp_path / "mine.py"
    path.write_text(FILE)
    return path


@pytest.mark.parametrize("name", ["net", "raw", "make", "plain"])
def test_a_person_s_own_program(program, name):
    network = find_network(f"{program}:{name}", input_shape=(28, 28, 1), classes=10)
    assert network.totals.params == 7850


def test_names_are_made_for_the_data():
    assert find_network("mnist-convnet").totals.params == 93_322
    assert find_network("MNIST_convnet", input_shape=(32, 32, 3), classes=7).output_shapes == ((7,),)


def test_a_json_file(tmp_path):
    network = sequential([Flatten(), Dense(3)], input_shape=(2, 2, 1))
    (tmp_path / "net.json").write_text(to_json(network))
    assert find_network(str(tmp_path / "net.json")) == network


WRONG = {
    "zzz": "model: there is no 'zzz'; expected one of {names}.\n  Or give FILE.py:NAME or FILE.json.",
    "mnist-convent": (
        "model: there is no 'mnist-convent'; expected one of {names}.\n  Did you mean mnist-convnet?"
    ),
    "{file}": "model: {file} names no model in the file; expected FILE.py:NAME.\n  Say which: {file}:model",
    "{file}:nett": (
        "model: {file} has nothing called 'nett'; expected a name in the file.\n  Did you mean {file}:net?"
    ),
    "{file}:settings": (
        "model: {file}:settings is of type dict; expected a model.\n"
        "  Name a Sequential, a Model, a network, or a function that returns one."
    ),
    "{file}:broken": (
        "{file}, line 17: broken() raised ZeroDivisionError: division by zero; expected a file that runs.\n"
        "  Mend the file; --debug shows the whole traceback."
    ),
    "{file}:needy": (
        "{file}: needy() raised TypeError: needy() missing 1 required positional argument: 'width'; "
        "expected a file that runs.\n  Mend the file; --debug shows the whole traceback."
    ),
    "{folder}/none.py:net": (
        "{folder}/none.py: there is no such file; expected a Python file.\n"
        "  Correct the path before the colon."
    ),
    "{folder}/none.json": (
        "{folder}/none.json: it cannot be read (No such file or directory); expected a JSON file.\n"
        "  Correct the path."
    ),
}


@pytest.mark.parametrize("source", WRONG)
def test_mistakes(program, source):
    words = {"file": program, "folder": program.parent, "names": ", ".join(st.applications.names())}
    with pytest.raises(StriateError) as caught:
        find_network(source.format(**words))
    assert str(caught.value) == WRONG[source].format(**words)


def test_a_program_that_does_not_even_parse(tmp_path):
    (tmp_path / "bad.py").write_text("x = 1\nif x\n")
    with pytest.raises(StriateError, match=r"bad\.py, line 2: SyntaxError: "):
        find_network(f"{tmp_path / 'bad.py'}:x")


def test_our_own_errors_say_the_file_and_the_line(tmp_path):
    text = "import striate as st\nst.layers.Conv2D(-1, 3)\n"
    (tmp_path / "bad.py").write_text(text)
    with pytest.raises(StriateError, match=r"bad\.py, line 2: Conv2D\.filters: got -1"):
        find_network(f"{tmp_path / 'bad.py'}:x")


def test_the_line_is_told_for_a_relative_path_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.py").write_text("import striate\n1 / 0\n")
    with pytest.raises(StriateError, match=r"^bad\.py, line 2: ZeroDivisionError: "):
        find_network("bad.py:x")


def test_a_program_that_leaves_is_a_mistake_too(tmp_path):
    (tmp_path / "bad.py").write_text("import sys\nsys.exit(0)\n")
    with pytest.raises(StriateError, match=r"bad\.py, line 2: SystemExit: 0; expected a file that runs"):
        find_network(f"{tmp_path / 'bad.py'}:x")


@pytest.mark.parametrize("data", [b"{", b"\xff\xfe", b'{"version": 1, "nodes": "__import__"}', b"[" * 10_000])
def test_broken_json(tmp_path, data):
    (tmp_path / "net.json").write_bytes(data)
    with pytest.raises(StriateError, match=r"net\.json"):
        find_network(str(tmp_path / "net.json"))

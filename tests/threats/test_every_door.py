"""The same verdict on a forged model through every door: the Python calls and the command line."""

import contextlib
import io

import pytest
from forged_models import forged_models
from forging import Forge

import striate as st
from striate.cli import main
from striate.errors import FormatError, StriateError


@pytest.fixture(scope="module")
def forged_files(tmp_path_factory):
    """(path, message) of every forged file."""
    folder = tmp_path_factory.mktemp("forged")
    files = []
    for forged in forged_models():
        path = folder / forged.file_name
        path.write_bytes(forged.data)
        files.append((path, forged.message))
    return files


def command_line(*words):
    """The exit code, and what was printed to either stream, with its line breaks gone."""
    output, errors = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(errors),
        pytest.raises(SystemExit) as left,
    ):
        main([*map(str, words)])
    return left.value.code, output.getvalue(), " ".join(errors.getvalue().split())


def test_load_gives_the_same_verdict(forged_files):
    for path, message in forged_files:
        with pytest.raises(FormatError) as caught:
            st.load(path)
        assert str(caught.value) == message


@pytest.mark.parametrize("words", [("summary",), ("evaluate", "mnist"), ("predict", "no-such-picture.png")])
def test_the_command_line_gives_the_same_verdict(forged_files, words):
    command, *rest = words
    for path, message in forged_files if command == "summary" else forged_files[::10]:
        code, output, errors = command_line(command, path, *rest)
        assert code == 2, path.name
        assert output == "", path.name
        assert " ".join(message.split()) in errors, path.name
        assert "Traceback" not in errors


RECORDS = [
    {"history": {"loss": 3}, "epoch": [1]},
    {"history": {"loss": [[1]]}, "epoch": [[]]},
    {"history": [], "epoch": {}},
    {"seed": "x", "steps": "x"},
    {"seed": -1, "steps": -5, "compile": {"optimizer": "sgd", "loss": "mse"}},
    {"seed": 2**62, "steps": 2**62, "compile": {"optimizer": "sgd", "loss": "mse"}},
    {"compile": []},
    {"compile": {"nothing": 1}},
    {"compile": {"optimizer": "os.system"}},
    {"compile": {"optimizer": {"class_name": "os.system", "config": {}}}},
    {"compile": {"optimizer": {"class_name": "SGD", "learning_rate": "x"}}},
    {"compile": {"optimizer": {"class_name": "SGD", "learning_rate": {"class_name": "x"}}}},
    {"compile": {"optimizer": [], "loss": [], "metrics": {}}},
    {"compile": {"loss": {"class_name": "MeanSquaredError", "unknown": 1}}},
    {"compile": {"loss": 3}},
    {"compile": {"metrics": [["a"], None, 3]}},
    {"compile": {"optimizer": "sgd", "loss": "mse", "loss_weights": {"a": "b"}}},
]


@pytest.mark.parametrize("record", RECORDS, ids=str)
def test_a_hostile_training_record_gives_a_model_or_our_own_error(record, tmp_path):
    forge = Forge()
    forge.record["training"] = record
    path = tmp_path / "m.striate"
    path.write_bytes(forge.file())
    try:
        model = st.load(path)
    except StriateError:
        return
    assert model.network.name == "honest"

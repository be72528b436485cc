"""The same verdict on a forged file of another framework through every door: Python and the command line."""

import contextlib
import io
import json

import pytest
from forged_foreign import FORGERIES, MESSAGES, written

import striate as st
from striate.cli import main
from striate.errors import FormatError

HEAVY = ("stream-of", "zip-of-thirty")


@pytest.fixture(scope="module")
def forged_files(tmp_path_factory):
    """(path, message) of every forged file but those that take long to read."""
    folder = tmp_path_factory.mktemp("forged")
    messages = json.loads(MESSAGES.read_text(encoding="utf-8"))
    light = {name: make for name, make in FORGERIES.items() if not name.startswith(HEAVY)}
    return [(written(folder, name, make())[0], messages[name]) for name, make in light.items()]


def test_loading_weights_gives_the_same_verdict(forged_files):
    model = st.Sequential([st.Input((3,)), st.layers.Dense(2)])
    for path, message in forged_files:
        with pytest.raises(FormatError) as caught:
            model.load_weights(path)
        assert str(caught.value) == message


def test_the_command_line_gives_the_same_verdict(forged_files, tmp_path):
    target = tmp_path / "out.safetensors"
    for path, message in forged_files:
        output, errors = io.StringIO(), io.StringIO()
        with (
            contextlib.redirect_stdout(output),
            contextlib.redirect_stderr(errors),
            pytest.raises(SystemExit) as left,
        ):
            main(["convert", str(path), str(target)])
        assert left.value.code == 2, path.name
        assert output.getvalue() == "", path.name
        assert " ".join(message.split()) in " ".join(errors.getvalue().split()), path.name
        assert not target.exists()

"""Fixtures of the tests in this folder; each module imports those it needs."""

import dataclasses
import sys

import numpy as np
import pytest

import striate as st
from striate.cli import main
from striate.layers import Conv2D, Dense, Flatten
from striate.network import sequential, to_json

__all__ = ["pets", "run", "tiny_json"]


@dataclasses.dataclass(frozen=True)
class Done:
    """What a command left: its exit code and both streams."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Run a command line in this process, in an empty folder, as into a pipe of 80 columns."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM"):
        monkeypatch.delenv(name, raising=False)

    def go(*words):
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["striate", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            main()
        shown = capsys.readouterr()
        return Done(left.value.code, shown.out, shown.err)

    return go


@pytest.fixture(scope="session")
def tiny_json(tmp_path_factory):
    """A network that compiles at once, as a JSON file."""
    layers = [Conv2D(4, 7, strides=7, activation="relu"), Flatten(), Dense(10, activation="softmax")]
    path = tmp_path_factory.mktemp("networks") / "tiny.json"
    path.write_text(to_json(sequential(layers, input_shape=(28, 28, 1), name="tiny")))
    return path


@pytest.fixture(scope="session")
def pets(tmp_path_factory):
    """A model for coloured pictures whose class names are hostile, and a picture with a hostile name."""
    folder = tmp_path_factory.mktemp("pets")
    network = sequential([Flatten(), Dense(3, activation="softmax")], input_shape=(4, 4, 3), name="pets")
    names = ("\x1b[2Jcat", "dog\u202egod", "<img src=x>")
    model = st.Model.from_network(network, class_names=names, seed=2)
    model.preprocessing = st.images.Preprocessing((4, 4), 3)
    model.save(folder / "pets.striate")
    from PIL import Image

    picture = folder / "a\x1b[31m\u202eb.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 9, 3), np.uint8)).save(picture, "png")
    return folder / "pets.striate", picture

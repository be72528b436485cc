"""Forged model files get the same verdict from every command as from Python, word for word."""

import sys
from pathlib import Path

import pytest
from cli_fixtures import *  # noqa: F403
from PIL import Image

from striate.cli._terminal import inert

sys.path.insert(0, str(Path(__file__).parent.parent / "threats"))
from forged_models import FORGERIES, forged_models


@pytest.fixture(scope="module")
def forged():
    """All forged files by name; made when the tests run, not when they are collected."""
    return {each.name: each for each in forged_models()}


@pytest.mark.parametrize("name", FORGERIES)
def test_every_command_refuses_with_the_same_words(run, tmp_path, forged, name):
    path = tmp_path / forged[name].file_name
    path.write_bytes(forged[name].data)
    Image.new("L", (28, 28)).save(tmp_path / "a.png")
    for words in (["evaluate", path, "mnist"], ["predict", path, "a.png"], ["summary", path]):
        done = run(*words)
        assert (done.code, done.out) == (2, "")
        assert done.err == f"error: {inert(forged[name].message)}\n"

"""Forged model files get the same verdict from every command as from Python, word for word."""

import sys
from pathlib import Path

import pytest
from cli_fixtures import *  # noqa: F403
from PIL import Image

from striate.cli._terminal import inert

sys.path.insert(0, str(Path(__file__).parent.parent / "threats"))
from forged_models import forged_models

FORGED = {forged.name: forged for forged in forged_models()}


@pytest.mark.parametrize("name", FORGED)
def test_every_command_refuses_with_the_same_words(run, tmp_path, name):
    forged = FORGED[name]
    path = tmp_path / forged.file_name
    path.write_bytes(forged.data)
    Image.new("L", (28, 28)).save(tmp_path / "a.png")
    for words in (["evaluate", path, "mnist"], ["predict", path, "a.png"], ["summary", path]):
        done = run(*words)
        assert (done.code, done.out) == (2, "")
        assert done.err == f"error: {inert(forged.message)}\n"

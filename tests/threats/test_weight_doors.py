"""The same verdict on a forged weight file through the doors that adopt a network."""

import contextlib
import io
import json

import pytest
from forged_foreign import FORGERIES, MESSAGES, written

from striate import applications
from striate.cli import main
from striate.errors import FormatError
from striate.tasks import Wishes, plan
from striate.tasks.source import find_source

HEAVY = ("stream-of", "zip-of-thirty")
LIGHT = sorted(name for name in FORGERIES if not name.startswith(HEAVY))


@pytest.fixture(scope="module")
def messages():
    return json.loads(MESSAGES.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", LIGHT)
def test_weights_and_from_refuse_it_with_its_message(name, messages, tmp_path):
    path, _ = written(tmp_path, name, FORGERIES[name]())
    doors = (
        lambda: applications.mnist_dense(weights=path),
        lambda: applications.mnist_dense(weights=str(path)),
        lambda: find_source(str(path), "mnist-dense"),
        lambda: find_source(str(path)),
        lambda: plan(Wishes("mnist", "mnist-dense", source=str(path))),
    )
    for door in doors:
        with pytest.raises(FormatError) as refused:
            door()
        assert str(refused.value) == messages[name]


@pytest.mark.parametrize("name", LIGHT[:: len(LIGHT) // 12])
def test_the_command_line_refuses_it_before_a_run_begins(name, messages, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path, _ = written(tmp_path, name, FORGERIES[name]())
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors), pytest.raises(SystemExit) as left:
        main(["train", "mnist", "--model", "mnist-dense", "--from", str(path), "--out", "run"])
    assert left.value.code == 2
    assert " ".join(messages[name].split()) in " ".join(errors.getvalue().split())
    assert not (tmp_path / "run").exists()

"""The folder of a run: chosen without overwriting anything, read back strictly."""

import json

import pytest

from striate.errors import ArgumentError, DataError, StriateError
from striate.tasks.run_folder import RunFolder, existing_folder, model_file, new_folder, write_json


def test_new_runs_are_numbered(tmp_path):
    names = [new_folder("mnist", base=tmp_path).path.name for _ in range(3)]
    assert names == ["mnist-1", "mnist-2", "mnist-3"]


def test_a_chosen_folder_may_exist_but_must_be_empty(tmp_path):
    assert new_folder("mnist", tmp_path / "a" / "b").path.is_dir()
    (tmp_path / "empty").mkdir()
    assert new_folder("mnist", tmp_path / "empty").path == tmp_path / "empty"
    (tmp_path / "empty" / "thesis.txt").write_text("precious")
    with pytest.raises(ArgumentError) as caught:
        new_folder("mnist", tmp_path / "empty")
    path = tmp_path / "empty"
    assert str(caught.value) == (
        f"--out: {path} is not empty; expected a new or empty folder.\n"
        f"  Choose another folder, or continue a run with: striate train --resume {path}"
    )


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "under"):
        with pytest.raises(ArgumentError, match="it cannot be made"):
            new_folder("mnist", out)
    with pytest.raises(ArgumentError, match="it cannot be made"):
        new_folder("mnist", base=tmp_path / "file")


def test_settings_come_back(tmp_path):
    folder = RunFolder(tmp_path)
    folder.write_config({"seed": 3, "name": "ü"})
    assert folder.read_config() == {"format": 1, "seed": 3, "name": "ü"}


BROKEN = {
    "cut": (b'{"format": 1, "se', None),
    "duplicate": (b'{"format": 1, "a": 1, "a": 2}', None),
    "nan": (b'{"format": 1, "a": NaN}', None),
    "deep": (b"[" * 100_000, None),
    "binary": (bytes(range(256)), None),
    "list": (b"[1]", "it is not of format 1"),
    "older": (b'{"format": 0}', "it is not of format 1"),
    "text": (b'{"format": "1"}', "it is not of format 1"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_settings_are_our_own_error(tmp_path, kind):
    data, message = BROKEN[kind]
    (tmp_path / "config.json").write_bytes(data)
    with pytest.raises(StriateError, match=message):
        RunFolder(tmp_path).read_config()


def test_what_is_no_run(tmp_path):
    with pytest.raises(DataError) as caught:
        existing_folder(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: it is not the folder of a run; expected a folder with config.json.\n"
        "  Give the folder of a run, such as runs/mnist-1."
    )


def test_the_model_that_is_meant(tmp_path):
    folder = RunFolder(tmp_path)
    with pytest.raises(DataError, match=r"the folder holds no model\.striate"):
        model_file(tmp_path)
    folder.checkpoint.write_bytes(b"")
    with pytest.raises(
        DataError, match=f"the run is not finished.*\n  Finish it with: striate train --resume {tmp_path}"
    ):
        model_file(tmp_path)
    folder.model.write_bytes(b"")
    assert model_file(tmp_path) == model_file(str(folder.model)) == folder.model
    with pytest.raises(DataError, match="there is no such file or folder"):
        model_file(tmp_path / "nothing")


def test_json_for_people_and_programs(tmp_path):
    write_json(tmp_path / "a.json", {"ä": [1.5, None]})
    assert json.loads((tmp_path / "a.json").read_text("utf-8")) == {"ä": [1.5, None]}
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"loss": float("nan")})
    assert json.loads((tmp_path / "a.json").read_text("utf-8")) == {"ä": [1.5, None]}

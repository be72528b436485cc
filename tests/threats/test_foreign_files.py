"""Files of other frameworks are data: forged ones, an audit hook, mutations, what the source may not do."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from forged_foreign import FORGERIES, MESSAGES, written
from forged_foreign_hdf5 import made, two
from test_model_files import guilty_words

from foreign_writing import stream, torch_zip, zipped
from striate.errors import FormatError
from striate.formats import read_tensors

HERE = Path(__file__).parent
SOURCES = sorted((HERE.parent.parent / "src" / "striate" / "formats" / "foreign").rglob("*.py"))


def watched(*arguments, timeout=240):
    """What the watched process printed; it fails if the process was ended or found something."""
    command = [sys.executable, str(HERE / "hostile_foreign.py"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def messages():
    """The message on record for each forgery."""
    return json.loads(MESSAGES.read_text(encoding="utf-8"))


def test_there_are_many_forged_files_and_each_has_a_message():
    assert len(FORGERIES) >= 280
    assert list(messages()) == list(FORGERIES)
    kinds = {name.split("-")[0] for name in FORGERIES}
    assert {"code", "stream", "tensor", "storage", "old", "zip", "numpy", "tfjs", "hdf5", "keras"} <= kinds


def test_every_forged_file_is_refused_in_these_very_words(tmp_path):
    differing = {}
    for (name, make), message in zip(FORGERIES.items(), messages().values(), strict=True):
        path, _ = written(tmp_path, name, make())
        with pytest.raises(FormatError) as caught:
            read_tensors(path)
        if str(caught.value) != message:
            differing[name] = str(caught.value)
    assert differing == {}


def test_forged_files_run_nothing_import_nothing_write_nothing_and_take_little_memory():
    assert json.loads(watched("corpus")) == messages()


def test_changed_files_give_tensors_or_our_own_error():
    counts = json.loads(watched("mutations", 1650))
    assert sum(map(sum, counts.values())) == 1650
    assert len(counts) == 11
    for kind, (read, refused) in counts.items():
        assert read + refused == 150
        assert read >= 2, f"{kind}: no changed file was read, so nothing deep was reached"
        assert refused >= 20, kind


def test_the_worst_files_within_the_caps_take_bounded_time_and_memory():
    lines = watched("worst").splitlines()
    assert len(lines) == 12
    for line in lines:
        name, _, beyond, seconds = line.split()
        assert float(seconds) < 1, name
        assert int(beyond) < 64 * 2**20, name


CODE = [name for name in FORGERIES if name.startswith("code-")]


@pytest.mark.parametrize("name", CODE)
def test_code_bearing_files_are_refused_before_anything_runs(name, tmp_path, monkeypatch):
    """What the streams would call is replaced by something that tells; nothing does."""
    import builtins
    import os

    called = []
    monkeypatch.setattr(os, "system", called.append)
    monkeypatch.setattr(builtins, "exec", called.append)
    monkeypatch.setattr(builtins, "__import__", _telling(builtins.__import__, called))
    path, _ = written(tmp_path, name, FORGERIES[name]())
    with pytest.raises(FormatError):
        read_tensors(path)
    assert called == []


def _telling(imported, called):
    """An import that tells which modules are imported that were not there."""

    def tell(name, *rest):
        if name not in sys.modules:
            called.append(name)
        return imported(name, *rest)

    return tell


def test_a_stream_that_python_would_run_is_refused(tmp_path):
    """The same bytes, given to Python's own reader, do run: the forgery is a real one."""
    import pickle

    class Attack:
        def __reduce__(self):
            return (open, (str(tmp_path / "owned"), "w"))

    data = pickle.dumps({"w": Attack()}, 2)
    (tmp_path / "bare").write_bytes(data)
    (tmp_path / "torch").write_bytes(torch_zip(data))
    for name in ("bare", "torch"):
        with pytest.raises(FormatError, match="it names the code"):
            read_tensors(tmp_path / name)
    assert not (tmp_path / "owned").exists()
    pickle.loads(data)["w"].close()  # noqa: S301
    assert (tmp_path / "owned").exists()


def test_functions_in_a_configuration_of_keras_stay_texts(tmp_path):
    """Keras would make the Lambda layer, which is how CVE-2025-9905 and its like run code."""
    code = {"class_name": "__lambda__", "config": {"code": "4wEAAAAA"}}
    config = {"class_name": "Lambda", "module": "os", "config": {"function": code}}
    files = {"config.json": json.dumps(config).encode(), "model.weights.h5": made(two)}
    (tmp_path / "m.keras").write_bytes(zipped(files))
    assert read_tensors(tmp_path / "m.keras").metadata["config"] == config

    def old(file):
        file.attrs["model_config"] = json.dumps(config)
        file.create_group("model_weights").attrs["layer_names"] = [b"one"]
        file.create_group("model_weights/one").attrs["weight_names"] = [b"w:0"]
        file["model_weights/one/w:0"] = [1.0]

    (tmp_path / "m.h5").write_bytes(made(old))
    assert read_tensors(tmp_path / "m.h5").metadata["config"] == config


@pytest.mark.parametrize("ending", [".pth", ".h5", ".keras", ".npz", ".safetensors", ".json", ""])
def test_no_ending_opens_a_laxer_door(ending, tmp_path):
    for name in ("code-called", "code-in-a-bare-stream", "zip-with-the-same-name-twice", "numpy-of-objects"):
        path = tmp_path / f"{name}{ending}"
        path.write_bytes(FORGERIES[name]())
        with pytest.raises(FormatError) as caught:
            read_tensors(path)
        said = messages()[name].split(": ", 1)[1]
        assert str(caught.value).endswith(said)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_the_source_has_no_way_from_data_to_code(path):
    source = path.read_text(encoding="utf-8")
    assert guilty_words(source) == []
    assert "getattr(" not in source.replace('getattr(os, "O_', "")


def test_an_honest_stream_is_not_mistaken_for_an_attack(tmp_path):
    (tmp_path / "m").write_bytes(stream({"epoch": 3}))
    with pytest.raises(FormatError, match="it holds no tensors"):
        read_tensors(tmp_path / "m")

"""The facts of this machine."""

import json
import os

import jax

from striate.tasks import doctor


def test_facts_are_plain_and_true(striate_home):
    (striate_home / "downloads").mkdir(exist_ok=True)
    (striate_home / "downloads" / "part").write_bytes(b"x" * 1000)
    found = doctor.facts()
    assert json.loads(json.dumps(found)) == found
    assert found["versions"]["jax"] == jax.__version__
    assert found["compute"]["backend"] == "cpu"
    assert found["cache"]["folder"] == str(striate_home)
    assert found["cache"]["bytes"] >= 1000
    assert found["data"]["mnist"] == "here"
    assert found["hardware"]["cores"] >= 1
    assert doctor.problems(found) == []


def test_what_makes_trouble_is_said_with_its_cure():
    found = {"cache": {"writable": False, "folder": "/x"}, "hardware": {"memory_bytes": 1 << 30}}
    found["compiled programs"] = {"kept": "off: others may write to /x", "trusted": False}
    assert doctor.problems(found) == [
        "The cache folder /x cannot be written: set STRIATE_HOME to another.",
        "Compiled programs are not kept, because others may write to /x: "
        "keep others out of it, or set STRIATE_HOME to a folder of your own.",
        "There are less than 2 GB of memory: close other programs, or train with --limit.",
    ]


def test_a_cache_folder_that_does_not_exist_yet(monkeypatch, tmp_path):
    monkeypatch.setenv("STRIATE_HOME", str(tmp_path / "a" / "b"))
    found = doctor.facts()["cache"]
    assert (found["bytes"], found["writable"]) == (0, os.access(tmp_path, os.W_OK))
    assert not (tmp_path / "a").exists()


def test_a_package_that_is_missing(monkeypatch):
    monkeypatch.setattr(doctor, "PACKAGES", ("surely-not-installed",))
    assert doctor.versions()["surely-not-installed"] == "not installed"


def test_which_kernels_are_at_work(monkeypatch):
    monkeypatch.setattr("striate.ops._native.isa", lambda: "avx2")
    assert doctor.facts()["compute"]["kernels"] == "native (avx2) and XLA"
    monkeypatch.setattr("striate.ops._native.isa", lambda: None)
    assert doctor.facts()["compute"]["kernels"] == "XLA"


def test_what_limits_the_threads(monkeypatch):
    for name in ("STRIATE_THREADS", "OMP_NUM_THREADS", "NPROC", "XLA_FLAGS"):
        monkeypatch.delenv(name, raising=False)
    assert doctor.facts()["compute"]["threads"] == "one for each core"
    monkeypatch.setenv("STRIATE_THREADS", "3")
    assert doctor.facts()["compute"]["threads"] == "STRIATE_THREADS=3"

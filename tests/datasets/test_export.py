"""Data sets written as picture files: nothing is lost, and nothing is written over."""

import numpy as np
import pytest
from dataset_fixtures import *  # noqa: F403
from PIL import Image

from striate.cli import main
from striate.datasets import Dataset, export, image_folder
from striate.datasets._export import folder_name
from striate.datasets._info import DatasetInfo
from striate.errors import DataError

INFO = DatasetInfo(
    "tiny", "Tiny", (5, 6, 3), 20, 8, ("a/b", "c"), (0.5,) * 3, (0.2,) * 3, "none", "here", "none"
)


@pytest.fixture
def arrays():
    random = np.random.default_rng(0)
    x = random.integers(0, 256, (28, 5, 6, 3), dtype=np.uint8)
    y = (np.arange(28) % 2).astype(np.uint8)[:, None]
    return (x[:20], y[:20]), (x[20:], y[20:])


def test_files_hold_the_same_pixels_and_labels(tmp_path, arrays):
    told = []
    count = export(Dataset(INFO, lambda: arrays, {}), tmp_path / "out", lambda *at: told.append(at))
    assert (count, told[-1]) == (28, (28, 28))
    folder = image_folder(tmp_path / "out", validation=0)
    assert folder.class_names == ("a-b", "c")
    for part, (x, y) in zip(("train", "test"), arrays, strict=True):
        split = folder.split(part)
        numbers = [int(name.split("/")[-1].removesuffix(".png")) for name in split.files]
        assert sorted(numbers) == list(range(len(x)))
        assert (split.x == x[numbers]).all()
        assert (split.y == y[numbers, 0]).all()


def test_grey_arrays(tmp_path):
    x = np.arange(40, dtype=np.uint8).reshape(4, 2, 5)
    data = Dataset(INFO, lambda: ((x[:2], np.array([0, 1])), (x[2:], np.array([1, 0]))), {})
    export(data, tmp_path / "out")
    with Image.open(tmp_path / "out/test/a-b/00001.png") as picture:
        assert (np.asarray(picture) == x[3]).all()


def test_files_are_copied_as_they_are(tmp_path):
    (tmp_path / "cached/train/c").mkdir(parents=True)
    (tmp_path / "cached/train/c/1.jpg").write_bytes(b"as it is")
    data = Dataset(INFO, lambda: None, {}, lambda: tmp_path / "cached")
    assert export(data, tmp_path / "out") == 28
    assert (tmp_path / "out/train/c/1.jpg").read_bytes() == b"as it is"


def test_nothing_is_written_over(tmp_path, arrays):
    data = Dataset(INFO, lambda: arrays, {})
    (tmp_path / "out").mkdir()
    export(data, tmp_path / "out")
    with pytest.raises(DataError) as caught:
        export(data, tmp_path / "out")
    assert str(caught.value) == (
        f"{tmp_path}/out: there is something already; expected a folder to be made.\n"
        "  Name a new folder, or empty this one yourself."
    )


def test_a_broken_export_leaves_nothing(tmp_path, arrays):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(Dataset(INFO, lambda: arrays, {}), tmp_path / "out", stop)
    assert list(tmp_path.iterdir()) == []


def test_class_names_become_names_of_folders():
    assert [folder_name(name) for name in ("a/b", "a\\b", "T-shirt/top")] == ["a-b", "a-b", "T-shirt-top"]


def test_the_command_line(tmp_path, monkeypatch, capsys, arrays):
    monkeypatch.setattr("striate.datasets.get", lambda name: Dataset(INFO, lambda: arrays, {}))
    monkeypatch.setattr("sys.argv", ["striate", "data", "export", "tiny", str(tmp_path / "out")])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 0
    shown = capsys.readouterr()
    assert shown.out == f"{tmp_path}/out\n"
    assert shown.err == "28 pictures of tiny are written.\n"

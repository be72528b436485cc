"""Fruits, stamps and doodles: small packages of the same make; slow tests fetch the real ones."""

import dataclasses
import gzip
import io
import json
import sys
import tarfile
import zipfile

import numpy as np
import pytest
from dataset_fixtures import *  # noqa: F403
from folder_fixtures import blobs
from PIL import Image

from striate.datasets import fruits, get, image_folder, quickdraw, stamps
from striate.datasets._parquet import read_columns
from striate.datasets._streams import gunzip_at_most
from striate.datasets._trees import TreePin, tree_sha256
from striate.errors import ArgumentError, DataError


def jpeg(seed):
    buffer = io.BytesIO()
    blobs(seed, 40, 40).save(buffer, "JPEG")
    return buffer.getvalue()


def parquet(rows):
    pyarrow, parquet_of = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    columns = dict(zip(fruits.COLUMNS, map(list, zip(*rows, strict=True)), strict=True))
    buffer = io.BytesIO()
    parquet_of.write_table(pyarrow.table(columns), buffer, compression="gzip")
    return buffer.getvalue()


def fruit_rows():
    """Three pictures of each kind to train, one to validate and two to test."""
    return [
        (part, fruits.FAMILIES[kind], kind, jpeg(100 * number + index))
        for number, kind in enumerate(fruits.FAMILIES)
        for index, part in enumerate(["train"] * 3 + ["val"] + ["test"] * 2)
    ]


@pytest.fixture
def small_fruits(monkeypatch, tmp_path):
    """Makes a small package of some rows and puts it in the place of the real one."""

    def make(rows):
        data = parquet(rows)
        with zipfile.ZipFile(tmp_path / "fruits.whl", "w") as archive:
            archive.writestr(fruits.MEMBER, data)
        monkeypatch.setattr(fruits, "MEMBER_SIZE", len(data))
        info = dataclasses.replace(fruits.INFO, train=len(rows), test=0)
        monkeypatch.setattr(fruits, "INFO", info)
        return tmp_path / "fruits.whl"

    return make


def test_fruits_are_files_of_the_package(small_fruits):
    rows = fruit_rows()
    files = fruits.decode_package([small_fruits(rows)])
    assert len(files) == 84
    assert files["train/Anjou/train-002.jpg"] == rows[1][3]
    assert files["train/Anjou/val-001.jpg"] == rows[3][3]
    assert files["test/Watermelon/test-002.jpg"] == rows[-1][3]


def test_fruits_of_other_kinds_are_refused(small_fruits):
    rows = fruit_rows()
    for odd in (
        ("train", "Pear", "../../evil", b"x"),
        ("train", "Apple", "Anjou", b"x"),
        ("x", "Pear", "Anjou", b""),
    ):
        with pytest.raises(DataError, match=r"row 2 is a .* expected one of the fourteen kinds"):
            fruits.decode_package([small_fruits([*rows[:2], odd, *rows[3:]])])


def test_fruits_load_as_arrays_and_as_a_folder(small_fruits, monkeypatch):
    files = fruits.decode_package([small_fruits(fruit_rows())])
    monkeypatch.setattr("striate.datasets._trees.fetch", lambda name, sources, check: files)
    pin = TreePin(len(files), sum(map(len, files.values())), tree_sha256(files))
    monkeypatch.setattr(fruits, "TREE", pin)
    (x, y), (x_test, y_test) = fruits.load_data(size=24)
    assert (x.shape, y.dtype, x_test.shape) == ((56, 24, 24, 3), np.uint8, (28, 24, 24, 3))
    assert np.bincount(y).tolist() == [4] * 14
    _, (_, coarse) = fruits.load_data(size=24, labels="coarse")
    families = ["Apple", "Melon", "Orange", "Pear", "Satsumas"]
    assert [families[each] for each in coarse] == [
        fruits.FAMILIES[fruits.INFO.class_names[each]] for each in y_test
    ]
    folder = image_folder(fruits.load_files())
    assert folder.class_names == fruits.INFO.class_names
    assert (len(folder.rows("test")), len(folder.rows("validation"))) == (28, 14)
    with pytest.raises(ArgumentError, match="expected 'fine' or 'coarse'"):
        fruits.load_data(labels="exact")


def test_a_parquet_file_that_is_broken_or_without_pyarrow(monkeypatch):
    data = parquet(fruit_rows()[:3])
    assert read_columns(data, ("dataset",), 3, "p") == [["train"] * 3]
    with pytest.raises(DataError, match="p: the Parquet file has 3 rows; expected 4 rows"):
        read_columns(data, ("dataset",), 4, "p")
    for harmed in (data[:-9], b"PAR1" + bytes(50) + b"PAR1", b""):
        with pytest.raises(DataError, match="the Parquet file is broken"):
            read_columns(harmed, ("dataset",), 3, "p")
    with pytest.raises(DataError, match="the Parquet file is broken"):
        read_columns(data, ("other",), 3, "p")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DataError) as caught:
        read_columns(data, ("dataset",), 3, "p")
    assert str(caught.value) == (
        "p: it is a Parquet file; expected pyarrow to read it with.\n"
        "  Install it with: pip install 'striate[parquet]'"
    )


def drawing_lines(x):
    return b"".join(
        json.dumps((each / 255).round(3).tolist()).encode() + b"\n" for each in x.reshape(len(x), -1)
    )


@pytest.fixture
def doodles(monkeypatch, tmp_path):
    """A package of three kinds of five drawings each, and what they are."""
    monkeypatch.setattr(quickdraw, "NAMES", ("a bear", "cat", "dog"))
    monkeypatch.setattr(quickdraw, "EACH", 5)
    monkeypatch.setattr(quickdraw, "EACH_TEST", 2)
    x = np.random.default_rng(0).integers(0, 256, (3, 5, 28, 28), dtype=np.uint8)

    def make(change=lambda texts: None):
        texts = {name: drawing_lines(each) for name, each in zip(quickdraw.NAMES, x, strict=True)}
        change(texts)
        with tarfile.open(tmp_path / "q.tgz", "w:gz") as archive:
            for name, text in [*texts.items(), ("../README", b"x")][: len(texts)]:
                data = gzip.compress(text)
                info = tarfile.TarInfo(f"package/src/drawings/{name}.ndjson.gz")
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        return [tmp_path / "q.tgz"]

    return x, make


def test_doodles(doodles):
    x, make = doodles
    (x_train, y_train), (x_test, y_test) = quickdraw.decode_package(make())
    assert (x_train == x[:, :3].reshape(9, 28, 28)).all()
    assert (x_test == x[:, 3:].reshape(6, 28, 28)).all()
    assert (y_train.tolist(), y_test.tolist()) == ([0] * 3 + [1] * 3 + [2] * 3, [0, 0, 1, 1, 2, 2])
    assert (x_train.dtype, y_train.dtype) == (np.uint8, np.uint16)


HARMS = {
    "one kind less": (lambda texts: texts.pop("cat"), "holds 2 kinds of drawings; expected the 3 kinds"),
    "another kind": (lambda texts: texts.update(cow=texts.pop("cat")), "the archive holds 3 kinds"),
    "one drawing less": (
        lambda texts: texts.update(cat=texts["cat"].split(b"\n", 1)[1]), "it has 4 drawings; expected 5"),
    "a pixel less": (
        lambda texts: texts.update(cat=texts["cat"].replace(b"[", b"[[", 1)), "line 1 is no drawing"),
    "too bright": (
        lambda texts: texts.update(cat=b"[1.1," + texts["cat"].split(b",", 1)[1]), "line 1 is no drawing"),
    "no number": (
        lambda texts: texts.update(cat=b"[true," + texts["cat"].split(b",", 1)[1]), "line 1 is no drawing"),
    "not finite": (
        lambda texts: texts.update(cat=b"[NaN," + texts["cat"].split(b",", 1)[1]), "line 1 is no drawing"),
    "endless": (lambda texts: texts.update(cat=bytes(2 << 20)), "hold more than 1,048,576 bytes"),
}  # fmt: skip


@pytest.mark.parametrize("harm", HARMS)
def test_doodles_that_are_none_are_refused(doodles, harm):
    change, message = HARMS[harm]
    with pytest.raises(DataError, match=message):
        quickdraw.decode_package(doodles[1](change))


def test_gunzip_at_most():
    data = gzip.compress(b"abc")
    assert gunzip_at_most(data, 3, "x") == gunzip_at_most(data, 99, "x") == b"abc"
    for harmed, most in ((data, 2), (data[:-1], 9), (data + b"x", 9), (b"x", 9)):
        with pytest.raises(DataError):
            gunzip_at_most(harmed, most, "x")


def test_labels_of_more_than_a_byte_are_pinned_as_such():
    pin = quickdraw.PINS["y_train"]
    assert (pin.dtype, pin.nbytes) == ("uint16", 2 * 27_600)
    labels = np.repeat(np.arange(345, dtype=np.uint16), 80)
    assert pin.problem("y", labels) is None
    assert pin.problem("y", labels.astype(np.uint8)) is not None
    assert len(set(quickdraw.NAMES)) == 345
    assert list(quickdraw.NAMES) == sorted(quickdraw.NAMES)


def debian(path, files):
    """A Debian package with these files."""
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w:xz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(f"./{name}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    parts = [("debian-binary", b"2.0\n"), ("data.tar.xz", inner.getvalue())]
    out = b"!<arch>\n"
    for name, data in parts:
        out += (
            f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode()
            + data
            + b"\n" * (len(data) % 2)
        )
    path.write_bytes(out)
    return path


def test_stamps_are_pictures_with_a_caption_and_a_table(tmp_path):
    png = io.BytesIO()
    Image.new("RGBA", (5, 4), (10, 20, 30, 0)).save(png, "PNG")
    files = {
        "usr/share/tuxpaint/stamps/animals/cat.png": png.getvalue(),
        "usr/share/tuxpaint/stamps/animals/cat.txt": b'A "cat", sitting.\nde=Eine Katze\n',
        "usr/share/tuxpaint/stamps/animals/cat_desc.ogg": b"meow",
        "usr/share/tuxpaint/stamps/animals/dog.png": png.getvalue(),
        "usr/share/tuxpaint/stamps/animals/empty.png": png.getvalue(),
        "usr/share/tuxpaint/stamps/animals/empty.txt": b"\n\n",
        "usr/share/tuxpaint/stamps/food/fruit/fig.png": png.getvalue(),
        "usr/share/tuxpaint/stamps/food/fruit/fig.txt": b"A fig.",
        "usr/share/doc/other.png": png.getvalue(),
    }
    found = stamps.decode_package([debian(tmp_path / "s.deb", files)])
    assert sorted(found) == ["animals/cat.png", "captions.csv", "food/fruit/fig.png"]
    assert found["captions.csv"].decode() == (
        'file,category,caption,split\nanimals/cat.png,animals,"A ""cat"", sitting.",train\n'
        "food/fruit/fig.png,food,A fig.,train\n"
    )


def test_each_set_has_its_licence_and_origin():
    for name in ("quickdraw", "fruits", "stamps"):
        info = get(name).info
        assert all((info.licence, info.origin, info.citation, info.download_bytes))
        assert "https://" in info.origin


@pytest.mark.slow
def test_the_real_fruits():
    (x, y), (x_test, y_test) = fruits.load_data()
    assert (x.shape, x_test.shape) == ((732, 96, 96, 3), (1322, 96, 96, 3))
    assert set(y.tolist()) == set(y_test.tolist()) == set(range(14))
    np.testing.assert_allclose(x.mean((0, 1, 2)) / 255, fruits.INFO.mean, atol=1e-3)
    folder = image_folder(fruits.load_files())
    test = set(folder.rows("test").tolist())
    twice = [group for group in folder.groups if len(test & set(group)) > 1]
    assert len(twice) == 659  # 661 photographs, two of which look like a third and a fourth
    assert not [group for group in folder.groups if test & set(group) and set(group) - test]


@pytest.mark.slow
def test_the_real_doodles():
    (x, y), (x_test, y_test) = quickdraw.load_data()
    assert (x.shape, y.max(), x_test.shape, y_test.max()) == ((27_600, 28, 28), 344, (6_900, 28, 28), 344)
    np.testing.assert_allclose(
        [x.mean() / 255, x.std() / 255], [*quickdraw.INFO.mean, *quickdraw.INFO.std], atol=1e-7
    )


@pytest.mark.slow
def test_the_real_stamps():
    (x, y), (x_test, y_test) = stamps.load_data()
    assert (len(x), len(x_test)) == (stamps.INFO.train, stamps.INFO.test)
    assert set(np.concatenate([y, y_test]).tolist()) == set(range(16))
    captions = stamps.captions()
    assert len(captions) == 785
    assert captions["animals/mammals/bovines/yak.png"] == "A yak."
    np.testing.assert_allclose(x.mean((0, 1, 2)) / 255, stamps.INFO.mean, atol=1e-3)

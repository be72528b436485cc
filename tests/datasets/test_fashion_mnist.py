"""Fashion-MNIST: the authors' files and Debian's package; the real one is fetched only by slow tests."""

import gzip
import io
import struct
import tarfile

import numpy as np
import pytest
from dataset_fixtures import *  # noqa: F403

from striate.datasets import fashion_mnist, get
from striate.errors import DataError


@pytest.fixture
def small(monkeypatch):
    """Sets of six and two pictures instead of 60,000 and 10,000."""
    random = np.random.default_rng(5)
    shapes = ((6, 28, 28), (6,), (2, 28, 28), (2,))
    arrays = [random.integers(0, 10 if len(shape) == 1 else 256, shape, np.uint8) for shape in shapes]
    packed = [gzip.compress(idx(array)) for array in arrays]
    monkeypatch.setattr(fashion_mnist, "SHAPES", shapes)
    monkeypatch.setattr(fashion_mnist, "UNPACKED", tuple(len(idx(array)) for array in arrays))
    monkeypatch.setattr(fashion_mnist, "DEBIAN_SIZES", tuple(len(data) for data in packed))
    return arrays, packed


def idx(array):
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def test_the_authors_files(tmp_path, small):
    arrays, packed = small
    paths = [tmp_path / name for name in fashion_mnist.NAMES]
    for path, data in zip(paths, packed, strict=True):
        path.write_bytes(data)
    _same(fashion_mnist.decode_files(paths), arrays)
    with pytest.raises(DataError, match="train-images-idx3: the gzip data hold other"):
        fashion_mnist.decode_files(paths[::-1])


def test_debians_package(tmp_path, small):
    arrays, packed = small
    inside = io.BytesIO()
    with tarfile.open(fileobj=inside, mode="w:xz") as archive:
        for name, data in zip(fashion_mnist.NAMES, packed, strict=True):
            info = tarfile.TarInfo(f"./{fashion_mnist.DEBIAN_FOLDER}/{name}-ubyte.gz")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    data = inside.getvalue()
    head = f"{'data.tar.xz':<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode()
    (tmp_path / "a.deb").write_bytes(b"!<arch>\n" + head + data)
    _same(fashion_mnist.decode_package([tmp_path / "a.deb"]), arrays)


def _same(found, arrays):
    for one, two in zip(sum(found, ()), arrays, strict=True):
        np.testing.assert_array_equal(one, two)


def test_the_authors_address_comes_first():
    first, second = fashion_mnist.sources()
    assert [str(file).rsplit("/", 1)[1] for file in first.files] == [
        f"{name}-ubyte.gz" for name in fashion_mnist.NAMES
    ]
    assert str(second) == "apt package dataset-fashion-mnist 0.0~git20200523.55506a9-1"
    assert sum(file.size for file in first.files) == fashion_mnist.INFO.download_bytes


@pytest.mark.slow
def test_the_real_clothes():
    (x_train, y_train), (x_test, y_test) = fashion_mnist.load_data()
    assert get("fashion-mnist").is_here
    values = x_train.astype(np.float64) / 255
    np.testing.assert_allclose([values.mean()], fashion_mnist.INFO.mean, atol=1e-8)
    np.testing.assert_allclose([values.std()], fashion_mnist.INFO.std, atol=1e-8)
    assert np.bincount(y_train).tolist() == [6000] * 10
    assert np.bincount(y_test).tolist() == [1000] * 10
    assert x_test.shape == (10_000, 28, 28)

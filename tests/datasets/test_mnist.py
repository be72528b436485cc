"""The packaged MNIST: the original arrays, byte for byte, or an error."""

import hashlib
import io
import shutil

import numpy as np
import pytest

from striate.datasets import _mnist_files, mnist
from striate.datasets._ink import pack, unpack
from striate.errors import DataError


@pytest.fixture(scope="module")
def digits():
    return mnist.load_data()


def test_shapes_and_types_are_keras(digits):
    (x_train, y_train), (x_test, y_test) = digits
    assert [a.shape for a in (x_train, y_train, x_test, y_test)] == [
        (60000, 28, 28), (60000,), (10000, 28, 28), (10000,)
    ]  # fmt: skip
    assert {a.dtype for a in (x_train, y_train, x_test, y_test)} == {np.dtype(np.uint8)}
    assert all(a.flags.writeable and a.flags.c_contiguous for a in (x_train, y_train, x_test, y_test))


ORIGINAL_MD5 = {
    "train-images": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels": "a25bea736e30d166cdddb491f175f624",
    "t10k-images": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels": "27ae3e4e09519cfbb04c329615203637",
}


def test_the_original_files_can_be_made_again_with_their_known_md5(digits):
    (x_train, y_train), (x_test, y_test) = digits
    arrays = dict(zip(ORIGINAL_MD5, (x_train, y_train, x_test, y_test), strict=True))
    for name, array in arrays.items():
        head = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
        digest = hashlib.md5(head + array.tobytes(), usedforsecurity=False).hexdigest()
        assert digest == ORIGINAL_MD5[name]


def test_mean_and_deviation(digits):
    values = digits[0][0].astype(np.float64) / 255
    np.testing.assert_allclose([values.mean(), values.std()], [*mnist.INFO.mean, *mnist.INFO.std], atol=1e-8)


def test_known_counts_of_each_digit(digits):
    assert np.bincount(digits[0][1]).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(digits[1][1]).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def test_no_test_picture_is_a_training_picture(digits):
    train = {picture.tobytes() for picture in digits[0][0]}
    assert not any(picture.tobytes() in train for picture in digits[1][0])


def test_licence_and_origin_lie_beside_the_data():
    text = (_mnist_files.FOLDER / "ORIGIN.md").read_text("utf-8")
    for word in ("CC BY-SA 3.0", "Yann LeCun", "Corinna Cortes", *ORIGINAL_MD5.values()):
        assert word in text


def test_the_package_stays_small():
    assert sum(path.stat().st_size for path in _mnist_files.FOLDER.iterdir()) < 9_700_000


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 7, 5), (2, 9, 16), (4, 28, 28)])
def test_packing_is_lossless(shape):
    random = np.random.default_rng(sum(shape))
    pictures = random.integers(0, 256, shape, np.uint8) * random.integers(0, 2, shape, np.uint8)
    mask, grey = pack(pictures)
    np.testing.assert_array_equal(unpack(io.BytesIO(mask), io.BytesIO(grey), shape), pictures)
    more = pack(np.ones((shape[0] + 1, *shape[1:]), np.uint8))
    for wrong in ((more[0], grey), (mask, more[1]), (mask[:-30], grey), (mask, grey[:-1])):
        with pytest.raises((ValueError, EOFError)):
            unpack(*map(io.BytesIO, wrong), shape)


def test_a_tampered_package_is_refused(tmp_path, monkeypatch, digits):
    shutil.copytree(_mnist_files.FOLDER, tmp_path / "mnist")
    labels = _mnist_files.lzma.compress(bytes(70_000))
    (tmp_path / "mnist" / "labels.xz").write_bytes(labels)
    monkeypatch.setattr(mnist, "FOLDER", tmp_path / "mnist")
    with pytest.raises(DataError) as caught:
        mnist.load_data()
    cure = "\n  Use an untampered source."
    assert str(caught.value) == (
        "2 problems:\n"
        "1. the packaged MNIST, y_train: the array's bytes have another SHA-256; "
        f"expected the pinned uint8 (60000,) array.{cure}\n"
        "2. the packaged MNIST, y_test: the array's bytes have another SHA-256; "
        f"expected the pinned uint8 (10000,) array.{cure}"
    )


@pytest.mark.parametrize("name", ["mask.xz", "grey.zlib", "labels.xz"])
@pytest.mark.parametrize("harm", ["missing", "cut"])
def test_a_broken_package_is_our_own_error(tmp_path, monkeypatch, name, harm):
    for path in _mnist_files.FOLDER.iterdir():
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / name).unlink()
    if harm == "cut":
        (tmp_path / name).write_bytes((_mnist_files.FOLDER / name).read_bytes()[:1000])
    monkeypatch.setattr(mnist, "FOLDER", tmp_path)
    with pytest.raises(DataError, match="Install Striate again"):
        mnist.load_data()

"""CIFAR-10: both archives give the same arrays; the real one is fetched only by slow tests."""

import dataclasses
import hashlib
import io
import json
import tarfile

import numpy as np
import pytest
from dataset_fixtures import *  # noqa: F403
from PIL import Image

from striate.datasets import cifar10, get
from striate.errors import DataError

BIN_SHA256 = {  # of the author's files, as published by others who use them
    "data_batch_1": "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
    "data_batch_2": "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
    "data_batch_3": "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
    "data_batch_4": "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
    "data_batch_5": "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
    "test_batch": "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
}


@pytest.fixture
def small(monkeypatch):
    """Batches of four pictures instead of ten thousand, drawn at random."""
    monkeypatch.setattr(cifar10, "BATCH", 4)
    monkeypatch.setattr(cifar10, "INFO", dataclasses.replace(cifar10.INFO, train=20, test=4))
    random = np.random.default_rng(3)
    return random.integers(0, 256, (6, 4, 32, 32, 3), np.uint8), random.integers(0, 10, (6, 4), np.uint8)


def tar(path, files):
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def records(pictures, labels):
    """The author's form: a label, then the red, the green and the blue plane, row by row."""
    rows = [bytes([y]) + x[..., 0].tobytes() + x[..., 1].tobytes() + x[..., 2].tobytes()
            for x, y in zip(pictures, labels, strict=True)]  # fmt: skip
    return b"".join(rows)


def test_the_authors_archive(tmp_path, small):
    x, y = small
    files = {
        f"cifar-10-batches-bin/{name}.bin": records(x[i], y[i]) for i, name in enumerate(cifar10.BATCHES)
    }
    _same(cifar10.decode_binary([tar(tmp_path / "a", files)]), x, y)


def packaged(path, x, y, monkeypatch, labels=None):
    """The package's form: a PNG for each batch, and two lists of labels."""
    files = {}
    for i, name in enumerate(cifar10.BATCHES):
        out = io.BytesIO()
        Image.fromarray(x[i].reshape(4, 1024, 3)).save(out, "png")
        files[f"package/{name}.png"] = out.getvalue()
    monkeypatch.setattr(cifar10, "NPM_SIZES", tuple(len(data) for data in files.values()))
    lists = labels or [y[:5].ravel().tolist(), y[5].tolist()]
    texts = dict(zip(cifar10.NPM_LABELS, (json.dumps(one).encode() for one in lists), strict=True))
    monkeypatch.setattr(cifar10, "NPM_LABELS", {name: len(text) for name, text in texts.items()})
    return tar(path, files | texts)


def test_the_package(tmp_path, small, monkeypatch):
    x, y = small
    _same(cifar10.decode_pictures([packaged(tmp_path / "a", x, y, monkeypatch)]), x, y)


def test_a_label_out_of_range_is_named(tmp_path, small, monkeypatch):
    x, y = small
    labels = [[0] * 20, [1, 2, 10, 3]]
    with pytest.raises(DataError, match=r"package/test_lables.json: label 10 at index 2"):
        cifar10.decode_pictures([packaged(tmp_path / "a", x, y, monkeypatch, labels)])


def _same(arrays, x, y):
    (x_train, y_train), (x_test, y_test) = arrays
    np.testing.assert_array_equal(x_train, x[:5].reshape(20, 32, 32, 3))
    np.testing.assert_array_equal(x_test, x[5])
    np.testing.assert_array_equal(y_train, y[:5].reshape(20, 1))
    np.testing.assert_array_equal(y_test, y[5].reshape(4, 1))
    assert {a.dtype for a in (x_train, y_train, x_test, y_test)} == {np.dtype(np.uint8)}


def test_nothing_of_ours_reads_the_pickled_version():
    assert "binary" in cifar10.OFFICIAL.address
    assert cifar10.OFFICIAL.size == cifar10.INFO.download_bytes


@pytest.mark.slow
def test_the_real_photographs():
    (x_train, y_train), (x_test, y_test) = cifar10.load_data()
    assert get("cifar10").is_here
    values = x_train.astype(np.float64) / 255
    np.testing.assert_allclose(values.mean((0, 1, 2)), cifar10.INFO.mean, atol=1e-8)
    np.testing.assert_allclose(values.std((0, 1, 2)), cifar10.INFO.std, atol=1e-8)
    x, y = np.concatenate([x_train, x_test]), np.concatenate([y_train, y_test])
    for i, name in enumerate(cifar10.BATCHES):
        part = slice(10_000 * i, 10_000 * (i + 1))
        digest = hashlib.sha256(records(x[part], y[part].ravel())).hexdigest()
        assert digest == BIN_SHA256[name]

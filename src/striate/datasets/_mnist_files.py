"""The files of MNIST that come with the package: made once by `write`, read by `read`."""

from __future__ import annotations

import lzma
from pathlib import Path

import numpy as np

from striate.datasets._arrays import Arrays, Images
from striate.datasets._decoding import read_idx
from striate.datasets._ink import pack, unpack

FOLDER = Path(__file__).parent / "data" / "mnist"
TRAIN, TEST = 60_000, 10_000
SIDE = 28


def read(folder: Path = FOLDER) -> Arrays:
    """The four arrays out of the three files of the package."""
    shape = (TRAIN + TEST, SIDE, SIDE)
    with (folder / "mask.xz").open("rb") as mask, (folder / "grey.zlib").open("rb") as grey:
        x = unpack(mask, grey, shape)
    y = np.frombuffer(lzma.decompress((folder / "labels.xz").read_bytes()), np.uint8).copy()
    return (x[:TRAIN], y[:TRAIN]), (x[TRAIN:], y[TRAIN:])


def write(originals: Path, folder: Path = FOLDER) -> None:
    """Make the three files from the four original, unpacked IDX files."""
    x = np.concatenate([_pictures(originals, "train", TRAIN), _pictures(originals, "t10k", TEST)])
    y = np.concatenate([_labels(originals, "train", TRAIN), _labels(originals, "t10k", TEST)])
    mask, grey = pack(x)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mask.xz").write_bytes(mask)
    (folder / "grey.zlib").write_bytes(grey)
    (folder / "labels.xz").write_bytes(lzma.compress(y.tobytes()))


def _pictures(originals: Path, split: str, count: int) -> Images:
    """The pictures of a split."""
    path = originals / f"{split}-images-idx3-ubyte"
    return read_idx(path.read_bytes(), (count, SIDE, SIDE), path.name)


def _labels(originals: Path, split: str, count: int) -> Images:
    """The labels of a split."""
    path = originals / f"{split}-labels-idx1-ubyte"
    return read_idx(path.read_bytes(), (count,), path.name)

"""Fashion-MNIST: 70,000 pictures of clothes, shaped like MNIST and harder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from striate.datasets._archives import read_members
from striate.datasets._arrays import Arrays, Images, Pin
from striate.datasets._cached import load_cached
from striate.datasets._decoding import read_idx
from striate.datasets._download import Web
from striate.datasets._fetch import Source
from striate.datasets._info import DatasetInfo
from striate.datasets._registries import Package
from striate.datasets._streams import gunzip

INFO = DatasetInfo(
    name="fashion-mnist",
    title="Clothes, 28x28 grey",
    image_shape=(28, 28),
    train=60_000,
    test=10_000,
    class_names=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    mean=(0.28604060,),
    std=(0.35302424,),
    licence="MIT",
    origin="Zalando SE, https://github.com/zalandoresearch/fashion-mnist",
    citation="Xiao, Rasul, Vollgraf: Fashion-MNIST, arXiv:1708.07747, 2017",
    download_bytes=30_878_645,
)
PINS = {
    "x_train": Pin((60_000, 28, 28), "2e487a6c89124f78f2d7521542223cafe96f7123c3ca13d447772ac6ecbb3012"),
    "y_train": Pin((60_000,), "657fbd221bfc9f4198cc14b5619cc33ec57c58dd0e47af4d99d6650759e869a7"),
    "x_test": Pin((10_000, 28, 28), "c867c93ff95360594e8ec3287995350b824dd110b11595c0e13d5423f621867a"),
    "y_test": Pin((10_000,), "3d0e6c6ea990b53b6f8f500a41cac93881d981b315f84578b7d915342ade01e9"),
}
NAMES = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
SHAPES = tuple(pin.shape for pin in PINS.values())
UNPACKED = (47_040_016, 60_008, 7_840_016, 10_008)

OFFICIAL = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"
OFFICIAL_FILES = (
    ("3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84", 26_421_880),
    ("a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845", 29_515),
    ("346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073", 4_422_102),
    ("67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5", 5_148),
)
DEBIAN_FOLDER = "usr/share/datasets/fashion-mnist"
DEBIAN_SIZES = (26_421_856, 29_491, 4_422_079, 5_125)
DEBIAN_SHA256 = "39e172fe32dd318ebb3e512220c3beea2fa47d7e20bab348fb4e0922d6beefc0"


def load_data() -> Arrays:
    """The clothes as Keras returns them; the first call fetches 31 MB.

    Returns:
        (x_train, y_train), (x_test, y_test): uint8 pictures (60000, 28, 28) and (10000, 28, 28),
        uint8 labels (60000,) and (10000,).

    Raises:
        DataError: no source could give the data; each is listed with its reason.
    """
    return load_cached(INFO.name, sources(), PINS)


def sources() -> tuple[Source, ...]:
    """The authors' address, then Debian's package."""
    web = tuple(
        Web(f"{OFFICIAL}/{name}-ubyte.gz", sha256, size)
        for name, (sha256, size) in zip(NAMES, OFFICIAL_FILES, strict=True)
    )
    debian = Package("apt", "dataset-fashion-mnist", "0.0~git20200523.55506a9-1", DEBIAN_SHA256)
    return Source(web, decode_files), Source((debian,), decode_package)


def decode_files(paths: Sequence[Path]) -> Arrays:
    """The arrays of the four .gz files of the authors."""
    return _arrays([path.read_bytes() for path in paths])


def decode_package(paths: Sequence[Path]) -> Arrays:
    """The arrays of the same four files, compressed anew, inside a Debian package."""
    names = [f"{DEBIAN_FOLDER}/{name}-ubyte.gz" for name in NAMES]
    members = read_members(paths[0], dict(zip(names, DEBIAN_SIZES, strict=True)))
    return _arrays([members[name] for name in names])


def _arrays(packed: Sequence[bytes]) -> Arrays:
    """Unpack and read the four files in the order of NAMES."""
    read: list[Images] = []
    for name, data, size, shape in zip(NAMES, packed, UNPACKED, SHAPES, strict=True):
        read.append(read_idx(gunzip(data, size, name), shape, name))
    return (read[0], read[1]), (read[2], read[3])

"""Data sets: MNIST in the package, others fetched on first use, all pinned by SHA-256."""

from striate.datasets import cifar10 as cifar10
from striate.datasets import fashion_mnist as fashion_mnist
from striate.datasets import fruits as fruits
from striate.datasets import mnist as mnist
from striate.datasets import quickdraw as quickdraw
from striate.datasets import stamps as stamps
from striate.datasets._export import export as export
from striate.datasets._info import DatasetInfo as DatasetInfo
from striate.datasets._table import Dataset as Dataset
from striate.datasets._table import get as get
from striate.datasets._table import names as names
from striate.datasets.folders import ArraySplit as ArraySplit
from striate.datasets.folders import PictureFolder as PictureFolder
from striate.datasets.folders import image_folder as image_folder

__all__ = [
    "ArraySplit",
    "Dataset",
    "DatasetInfo",
    "PictureFolder",
    "cifar10",
    "export",
    "fashion_mnist",
    "fruits",
    "get",
    "image_folder",
    "mnist",
    "names",
    "quickdraw",
    "stamps",
]

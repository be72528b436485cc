"""Data sets: MNIST in the package, others fetched on first use, all pinned by SHA-256."""

from striate.datasets import cifar10 as cifar10
from striate.datasets import fashion_mnist as fashion_mnist
from striate.datasets import mnist as mnist
from striate.datasets._info import DatasetInfo as DatasetInfo
from striate.datasets._table import Dataset as Dataset
from striate.datasets._table import get as get
from striate.datasets._table import names as names

__all__ = ["Dataset", "DatasetInfo", "cifar10", "fashion_mnist", "get", "mnist", "names"]

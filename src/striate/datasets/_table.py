"""The data sets by name, for the command line and for whoever wants to list them."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from striate.datasets import cifar10, fashion_mnist, fruits, mnist, quickdraw, stamps
from striate.datasets._arrays import Arrays, Pins, stored
from striate.datasets._cached import folder_of
from striate.datasets._info import DatasetInfo
from striate.datasets._mnist_files import FOLDER
from striate.datasets._trees import TreePin, is_here
from striate.errors import ArgumentError, Problem


@dataclass(frozen=True)
class Dataset:
    """A data set that can be asked about, fetched and loaded.

    Args:
        info: what is known about it. load: gives the four arrays, fetching them when needed.
        pins: what its arrays must be; of a set of picture files, what their tree must be.
        load_files: gives the folder of its picture files, fetching it when needed; None when it has none.
    """

    info: DatasetInfo
    load: Callable[[], Arrays]
    pins: Pins | TreePin
    load_files: Callable[[], Path] | None = None

    @property
    def folder(self) -> Path:
        """Where its files are, or will be once fetched."""
        return FOLDER if self.info.packaged else folder_of(self.info.name)

    @property
    def is_here(self) -> bool:
        """True when loading needs no network."""
        if isinstance(self.pins, TreePin):
            return is_here(self.folder, self.pins)
        return self.info.packaged or stored(self.folder, self.pins)

    def fetch(self) -> None:
        """Make sure that it is here and whole."""
        if self.load_files is not None:
            self.load_files()
        else:
            self.load()


_OF_ARRAYS = (mnist, fashion_mnist, cifar10, quickdraw)
_OF_FILES = (fruits, stamps)
_DATASETS = {
    **{module.INFO.name: Dataset(module.INFO, module.load_data, module.PINS) for module in _OF_ARRAYS},
    **{
        module.INFO.name: Dataset(module.INFO, module.load_data, module.TREE, module.load_files)
        for module in _OF_FILES
    },
}


def names() -> tuple[str, ...]:
    """The names of all data sets.

    >>> names()
    ('mnist', 'fashion-mnist', 'cifar10', 'quickdraw', 'fruits', 'stamps')
    """
    return tuple(_DATASETS)


def get(name: str) -> Dataset:
    """The data set of this name; `_`, `-` and case make no difference.

    Raises:
        ArgumentError: there is none; the nearest name is suggested.

    >>> get("Fashion_MNIST").info.classes
    10
    """
    plain = {_plain(known): known for known in _DATASETS}
    if _plain(name) in plain:
        return _DATASETS[plain[_plain(name)]]
    near = difflib.get_close_matches(_plain(name), plain, n=1, cutoff=0.5)
    cure = f"Did you mean {plain[near[0]]}?" if near else "Choose one of them."
    raise ArgumentError(Problem("data set", f"there is no {name!r}", f"one of {', '.join(_DATASETS)}", cure))


def _plain(name: str) -> str:
    """A name without what people forget."""
    return name.casefold().replace("_", "").replace("-", "")

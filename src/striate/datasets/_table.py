"""The data sets by name, for the command line and for whoever wants to list them."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from striate.datasets import cifar10, fashion_mnist, mnist
from striate.datasets._arrays import Arrays, Pins, stored
from striate.datasets._cached import folder_of
from striate.datasets._info import DatasetInfo
from striate.datasets._mnist_files import FOLDER
from striate.errors import ArgumentError, Problem


@dataclass(frozen=True)
class Dataset:
    """A data set that can be asked about, fetched and loaded.

    Args:
        info: what is known about it. load: gives the four arrays, fetching them when needed.
        pins: what the arrays must be.
    """

    info: DatasetInfo
    load: Callable[[], Arrays]
    pins: Pins

    @property
    def folder(self) -> Path:
        """Where its files are, or will be once fetched."""
        return FOLDER if self.info.packaged else folder_of(self.info.name)

    @property
    def is_here(self) -> bool:
        """True when loading needs no network."""
        return self.info.packaged or stored(self.folder, self.pins)


_MODULES = (mnist, fashion_mnist, cifar10)
_DATASETS = {module.INFO.name: Dataset(module.INFO, module.load_data, module.PINS) for module in _MODULES}


def names() -> tuple[str, ...]:
    """The names of all data sets.

    >>> names()
    ('mnist', 'fashion-mnist', 'cifar10')
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

"""What is known about a data set before a byte of it is read."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class DatasetInfo:
    """The facts of a data set: where it comes from, what it holds, what may be done with it.

    Args:
        name: its name on the command line.
        title: one line for people.
        image_shape: (H, W) or (H, W, C) of one picture, uint8.
        train: number of training pictures. test: number of test pictures.
        class_names: a name for each label, in label order.
        mean: of the training pictures for each channel, on the scale 0 to 1. std: likewise.
        licence: under which terms it is given. origin: who made it, and where it lives.
        citation: the paper to cite.
        download_bytes: size of the official download; 0 when it comes with the package.
    """

    name: str
    title: str
    image_shape: tuple[int, ...]
    train: int
    test: int
    class_names: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    licence: str
    origin: str
    citation: str
    download_bytes: int = 0

    @property
    def classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    @property
    def packaged(self) -> bool:
        """True when the data came with the package and no network is needed."""
        return self.download_bytes == 0

    @property
    def array_bytes(self) -> int:
        """Size in memory of all pictures, training and test."""
        return math.prod(self.image_shape) * (self.train + self.test)

"""What is known about trained weights before a byte of them is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from striate.datasets._download import Web
from striate.datasets._registries import Package
from striate.images import Preprocessing


@dataclass(frozen=True)
class Carried:
    """Weights inside a package's archive, whose code is never run.

    Args:
        package: the archive. members: {name in it: (size in bytes, SHA-256)}; the SHA-256 is empty where that
            of the whole archive must do. main: the member that names the others, or the only one.
    """

    package: Package
    members: Mapping[str, tuple[int, str]]
    main: str

    def __str__(self) -> str:
        """The package."""
        return str(self.package)


@dataclass(frozen=True)
class NamedWeights:
    """Trained weights and all that belongs to them.

    Args:
        name: "application/where they come from". application: whose function makes the network.
        title: one line for people. sources: where the file is, the official address first.
        preprocessing: how pictures become the input. licence: its terms. origin: who trained them.
        arguments: of the application's function. parameters: how many numbers the network has.
        convention: of names and layouts, None to recognise it. ignore: patterns of tensors to leave out.
        by: "name", or "order" for files whose names say nothing.
        epsilon: of the file's batch norms, where it is not the network's; the moving variances take up the
            difference, so that answers are the file's.
        blue_first: the file's first convolution wants blue, green, red; its kernel is turned around at
            loading, so that pictures stay red, green, blue.
        imagenet: whether its classes are ImageNet's thousand.
    """

    name: str
    application: str
    title: str
    sources: tuple[Web | Carried, ...]
    preprocessing: Preprocessing
    licence: str
    origin: str
    parameters: int
    arguments: Mapping[str, Any] = field(default_factory=dict)
    convention: str | None = None
    ignore: tuple[str, ...] = ()
    by: Literal["name", "order"] = "name"
    epsilon: float | None = None
    blue_first: bool = False
    imagenet: bool = True

"""A slot: one weight of a network, with its names and its shape in another framework's file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from striate.errors import ArgumentError, Problem
from striate.formats.exchange.layouts import Layout
from striate.layers._base import Shape, Weight
from striate.network import Network
from striate.network.shapes import Step


@dataclass(frozen=True, eq=False)
class Slot:
    """One weight of ours and how it is found elsewhere.

    Args:
        path: of its layer. weight: its name there.
        names: its names in the file; the first is the one that is written.
        layout: how it lies there.
        also: other shapes with the same numbers in the same order, as some programs write them.
    """

    path: str
    weight: str
    names: tuple[str, ...]
    layout: Layout
    also: tuple[Shape, ...] = ()

    @property
    def name(self) -> str:
        """The name that is written."""
        return self.names[0]

    @property
    def own(self) -> str:
        """Its name with us: path/weight."""
        return f"{self.path}/{self.weight}"

    def fits(self, shape: Shape) -> bool:
        """Whether an array of this shape can be it."""
        return shape == self.layout.theirs or shape in self.also

    def inward(self, array: np.ndarray) -> np.ndarray:
        """The array of a file as ours."""
        return self.layout.inward(array.reshape(self.layout.theirs))


@dataclass(frozen=True)
class Convention:
    """How a framework names and lays out weights.

    Args:
        name: what errors and reports call it.
        title: a few words for people.
        slots: (network, names in the file) -> a slot for every weight, in our order.
        plain: a name of the file -> the form that slots use, or None for what holds no weight.
        extras: (network) -> arrays that belong in a written file and hold no weight of ours.
        separator: what stands between the parts of a name.
    """

    name: str
    title: str
    slots: Callable[[Network, Iterable[str]], tuple[Slot, ...]]
    plain: Callable[[str], str | None]
    extras: Callable[[Network], dict[str, np.ndarray]] = field(default=lambda network: {})
    separator: str = "/"


def owners(network: Network) -> list[tuple[Step, dict[str, Weight]]]:
    """Every step that owns weights, with the promises of them."""
    declared = network.declared
    return [(step, declared[step.path]) for step in network.program.steps.values() if step.path in declared]


def refuse_equal_names(slots: Sequence[Slot], convention: str) -> None:
    """Two weights must not have one name over there.

    Raises:
        ArgumentError: they do.
    """
    seen: dict[str, Slot] = {}
    problems = []
    for slot in slots:
        other = seen.setdefault(slot.name, slot)
        if other is not slot:
            happened = (
                f"it would be called {slot.name!r} under the convention {convention!r}, as {other.own} is"
            )
            problems.append(Problem(slot.own, happened, "a name of its own", "Rename one of the two layers."))
    if problems:
        raise ArgumentError(problems)

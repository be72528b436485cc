"""Slots and the tensors of a file brought together, by name or by order; what does not fit is told."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from striate.errors import FormatError, Problem
from striate.formats._entry_rules import printable
from striate.formats.exchange.slots import Slot
from striate.layers._base import Shape

MAX_TOLD = 2000
"""The most problems that one error lists."""

MANY = 8
"""More problems than this are counted before they are listed."""

_MAX_COMPARED = 20_000
"""With more pairs of missing and extra names than this, no nearest name is looked for."""


@dataclass
class Pairing:
    """What became of every slot and every tensor.

    Args:
        pairs: slots with the name of their tensor.
        missing: slots without one. extra: names of tensors without a slot.
        misshaped: slots whose tensor has another shape, with its name.
    """

    pairs: list[tuple[Slot, str]] = field(default_factory=list)
    missing: list[Slot] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    misshaped: list[tuple[Slot, str]] = field(default_factory=list)


def pair_by_name(slots: Sequence[Slot], names: Mapping[str, str], shapes: Mapping[str, Shape]) -> Pairing:
    """Give every slot the tensor of its name.

    Args:
        slots: what the network wants.
        names: {name in the form of the slots: name in the file}.
        shapes: of the tensors, by their names in the file.
    """
    pairing, left = Pairing(), dict(names)
    for slot in slots:
        known = next((name for name in slot.names if name in left), None)
        if known is None:
            pairing.missing.append(slot)
            continue
        name = left.pop(known)
        (pairing.pairs if slot.fits(shapes[name]) else pairing.misshaped).append((slot, name))
    pairing.extra = list(left.values())
    return pairing


def pair_by_order(
    slots: Sequence[Slot], names: Sequence[str], shapes: Mapping[str, Shape], separator: str, where: str
) -> Pairing:
    """Give the first layer the first layer's tensors and so on, if nothing speaks against it anywhere.

    Every layer must have the same roles (kernel, bias, mean, …) on both sides, and every role the same shape.
    A file whose names are sorted has lost its order; there numbers in names count as numbers.

    Args:
        slots: what the network wants, in its order. names: of the tensors, in the order of the file.
        shapes: of the tensors. separator: between the parts of a name. where: what an error calls the file.

    Raises:
        FormatError: all disagreements.
    """
    ours = _by_layer({slot.name: slot for slot in slots}, separator)
    ordered = sorted(names, key=_natural) if list(names) == sorted(names) else names
    theirs = _by_layer({name: name for name in ordered}, separator)
    if len(ours) != len(theirs):
        cure = "Give one for each; leave others out with ignore=."
        happened = f"it has tensors of {len(theirs)} layers"
        problem = Problem(where, happened, f"{len(ours)}, as many as the network has with weights", cure)
        raise FormatError(problem)
    pairs, problems = [], []
    for (layer, wanted), (stem, found) in zip(ours.items(), theirs.items(), strict=True):
        if set(wanted) == set(found) and all(slot.fits(shapes[found[role]]) for role, slot in wanted.items()):
            pairs += [(slot, found[role]) for role, slot in wanted.items()]
            continue
        expected = _listed({role: slot.layout.theirs for role, slot in wanted.items()})
        happened = f"it has {_listed({role: shapes[name] for role, name in found.items()})}"
        place = f"{where}, layer {printable(stem)}"
        problems.append(Problem(place, happened, f"{expected}, for {layer}", _ORDER_CURE))
    if problems:
        raise FormatError(problems[:MAX_TOLD])
    return Pairing(pairs=pairs)


_ORDER_CURE = "The order is not the network's: match by name, after renaming the tensors."


def _by_layer(things: Mapping[str, Any], separator: str) -> dict[str, dict[str, Any]]:
    """{layer: {role: thing}} in the order in which layers come first."""
    layers: dict[str, dict[str, Any]] = {}
    for name, thing in things.items():
        layer, _, role = name.rpartition(separator)
        layers.setdefault(layer, {})[role] = thing
    return layers


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts features.2 before features.10."""
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdigit() and len(part) < 18 else (-1, part) for part in parts]


def _listed(shapes: Mapping[str, Shape]) -> str:
    """Roles with their shapes, for a message."""
    return ", ".join(f"{printable(role)} {list(shape)}" for role, shape in shapes.items())


def pairing_problems(
    pairing: Pairing, tensors: Mapping[str, np.ndarray], head: frozenset[str], where: str
) -> list[Problem]:
    """A problem for everything missing, extra and mis-shaped.

    Args:
        pairing: what was tried. tensors: of the file. head: paths of the layers that make the outputs.
        where: what an error calls the file.
    """
    compare = 0 < len(pairing.missing) * len(pairing.extra) <= _MAX_COMPARED
    extra = pairing.extra if compare else []
    problems = [
        _misshaped(slot, name, tensors[name], slot.path in head, where) for slot, name in pairing.misshaped
    ]
    problems += [_missing(slot, extra, tensors, where) for slot in pairing.missing]
    missing = pairing.missing if compare else []
    problems += [_extra(name, missing, tensors[name], where) for name in pairing.extra]
    if len(problems) > MANY:
        problems.insert(0, _summary(pairing, where))
    if len(problems) > MAX_TOLD:
        rest = Problem(
            "and so on", f"there are {len(problems)} problems", "none", "Is it another network's file?"
        )
        problems = [*problems[:MAX_TOLD], rest]
    return problems


def _summary(pairing: Pairing, where: str) -> Problem:
    """The counts, before a long list."""
    wanted = len(pairing.pairs) + len(pairing.missing) + len(pairing.misshaped)
    happened = (
        f"{len(pairing.pairs)} of the network's {wanted} weights are found, "
        f"{len(pairing.missing)} are missing, {len(pairing.misshaped)} have another shape; "
        f"{len(pairing.extra)} tensors have no place"
    )
    cure = "Is it the file of another network? If only names differ, by='order' (--by-order) may match it."
    return Problem(where, happened, f"all {wanted} and no others", cure)


def _misshaped(slot: Slot, name: str, array: np.ndarray, in_head: bool, where: str) -> Problem:
    cure = "Load it into the network that it was made for."
    if in_head:
        cure = "Make the network for as many classes as the file has, or give skip_head=True (--skip-head)."
    expected = f"{list(slot.layout.theirs)}, for {slot.own}"
    return Problem(_place(where, name), f"its shape is {list(array.shape)}", expected, cure)


def _missing(slot: Slot, extra: Sequence[str], tensors: Mapping[str, np.ndarray], where: str) -> Problem:
    alike = [name for name in extra if slot.fits(tensors[name].shape)]
    near = _nearest(slot.name, alike) or _nearest(slot.name, extra, 0.8)
    cure = (
        f"Is it {printable(near)!r} in the file?"
        if near
        else "Load it into the network that it was made for."
    )
    expected = f"float32 {list(slot.layout.theirs)}, for {slot.own}"
    return Problem(_place(where, slot.name), "it is missing", expected, cure)


def _extra(name: str, missing: Sequence[Slot], array: np.ndarray, where: str) -> Problem:
    alike = [slot.name for slot in missing if slot.fits(array.shape)]
    near = _nearest(name, alike) or _nearest(name, [slot.name for slot in missing], 0.8)
    cure = (
        f"Is it meant to be {near!r}?"
        if near
        else "Leave it out with ignore= (--ignore), if it is not needed."
    )
    happened = f"the network has no place for it; its shape is {list(array.shape)}"
    return Problem(_place(where, name), happened, "none", cure)


def _nearest(name: str, others: Sequence[str], cutoff: float = 0.5) -> str | None:
    near = difflib.get_close_matches(name, others, 1, cutoff)
    return near[0] if near else None


def _place(where: str, name: str) -> str:
    return f"{where}, tensor {printable(name)}"

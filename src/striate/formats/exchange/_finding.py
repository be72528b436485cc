"""What a file's names mean: group, convention, prefix, and names of other programs, each said aloud."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from striate.errors import FormatError, Problem
from striate.formats._entry_rules import printable
from striate.formats.exchange.keras_store import by_layer_names
from striate.formats.exchange.recognising import CONVENTIONS, common_prefix, get_convention, recognise
from striate.formats.exchange.renames import renamed
from striate.formats.exchange.slots import Convention, Slot
from striate.formats.exchange.torch_names import WEIGHT_ENDINGS
from striate.network import Network


@dataclass(frozen=True)
class Found:
    """The tensors of a file, with their names as slots have them.

    Args:
        convention: what they follow. slots: what the network wants under it.
        names: {name as slots have it: name in the file}. tensors: by name in the file.
        notes: what was recognised, in sentences.
    """

    convention: Convention
    slots: tuple[Slot, ...]
    names: Mapping[str, str]
    tensors: Mapping[str, np.ndarray]
    notes: tuple[str, ...]


def find_names(
    network: Network, given: Any, convention: str | None, ignore: Sequence[str], where: str, by: str
) -> Found:
    """Read the names of a file.

    Args:
        network: the architecture. given: what `read_tensors` gave, or {name: array}.
        convention: its name, or None to recognise it. ignore: patterns of names that are not wanted.
        where: what an error calls the file. by: "name" or "order".

    Raises:
        FormatError: the names follow no known convention, or there are several sets of weights.
    """
    tensors: Mapping[str, np.ndarray] = getattr(given, "tensors", given)
    kind, metadata = getattr(given, "kind", ""), getattr(given, "metadata", {})
    wanted = [name for name in tensors if not any(fnmatch.fnmatchcase(name, each) for each in ignore)]
    group, notes = _group(wanted, convention, where)
    names = {name.removeprefix(group): name for name in wanted if name.startswith(group)}
    chosen = recognise(names, kind, where) if convention is None else get_convention(convention)
    notes.append(f"names: {chosen.title} ({chosen.name})")
    if chosen.name == "keras3" and by == "name" and (told := by_layer_names(network, names, metadata)):
        chosen, names = CONVENTIONS["keras"], told
        notes.append("layers are found by the names that the file keeps beside their numbers")
    slots = chosen.slots(network, names)
    known = [name for slot in slots for name in slot.names]
    plain = _plain_names(names, known, chosen)
    if by == "name":
        plain, more = _met(plain, known, chosen)
        notes += more
    else:
        notes.append("tensors are matched by their order, as it was asked for")
    return Found(chosen, slots, plain, tensors, tuple(notes))


def _plain_names(names: Mapping[str, str], known: Collection[str], convention: Convention) -> dict[str, str]:
    """Names in the form of the slots; those that hold no weight are left out."""
    plain = {}
    for name, full in names.items():
        form = name if name in known else convention.plain(name)
        if form is not None:
            plain[form] = full
    return plain


def _met(
    names: Mapping[str, str], known: Collection[str], convention: Convention
) -> tuple[dict[str, str], list[str]]:
    """The names after other programs' words and a common prefix have been taken off, and what was done."""
    names, notes = dict(names), []
    off, on = common_prefix(names, known, convention.separator)
    if off or on:
        names = {on + name.removeprefix(off): full for name, full in names.items()}
        notes.append(f"all names begin with {printable(off)!r}" if off else f"all names lack {on!r}")
    table, changed = renamed(names, known)
    if changed:
        notes.append(f"names: {table}")
        names = {changed[name]: full for name, full in names.items()}
    return names, notes


def _group(names: Sequence[str], convention: str | None, where: str) -> tuple[str, list[str]]:
    """The group of a PyTorch checkpoint that holds the weights, beside an optimizer's memory and counters."""
    if convention not in (None, "torch"):
        return "", []
    groups = {name.partition("/")[0] for name in names if "/" in name and _is_weight(name.rpartition("/")[2])}
    alone = any("/" not in name and _is_weight(name) for name in names)
    if alone or not groups:
        return "", []
    if len(groups) > 1:
        listed = ", ".join(printable(each) for each in sorted(groups))
        happened = f"it holds several sets of weights: {listed}"
        cure = "Choose one: read_tensors(path).under(...), or --group at the command line."
        raise FormatError(Problem(where, happened, "one set of weights", cure))
    (group,) = groups
    deepest = min((name.rpartition("/")[0] for name in names if name.startswith(f"{group}/")), key=len)
    return f"{deepest}/", [f"weights are in the group {printable(deepest)!r}"]


def _is_weight(name: str) -> bool:
    """A name such as layer1.0.conv1.weight."""
    return "." in name and name.rpartition(".")[2] in WEIGHT_ENDINGS

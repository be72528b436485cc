"""Keras 3's `.weights.h5`: "layers/conv2d_1/vars/0", named by class and number, not by the layer's name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from striate.formats.exchange.keras_names import KERAS
from striate.formats.exchange.keras_order import stored_names
from striate.formats.exchange.slots import Convention, Slot
from striate.network import Network
from striate.network._structure import Structure

STORED = re.compile(r"(?:.*/)?vars/\d+")
"""What the names in such a file look like."""


def _slots(network: Network, names: Iterable[str] = ()) -> tuple[Slot, ...]:
    """A slot for every weight, numbered in the order of its layer's declaration."""
    places = _places(network, "", set(names))
    slots, counts = [], dict.fromkeys(places, 0)
    for slot in KERAS.slots(network, ()):
        name = f"{places[slot.path]}/vars/{counts[slot.path]}"
        counts[slot.path] += 1
        slots.append(Slot(slot.path, slot.weight, (name,), slot.layout))
    return tuple(slots)


def _places(network: Structure, path: str, known: set[str], stored: str = "") -> dict[str, str]:
    """{path of a layer: where it is stored}; nested networks are opened."""
    places = {}
    names = stored_names(network)
    for node in network.nodes:
        if node.weights != node.name or node.name not in names:
            continue
        here, there = f"{path}{node.name}", f"{stored}layers/{names[node.name]}"
        if isinstance(node.layer, Structure):
            places |= _places(node.layer, f"{here}/", known, _as_stored(f"{there}/", known))
        else:
            places[here] = there
    return places


def _as_stored(place: str, known: set[str]) -> str:
    """A nested network in a row may have been made either way; the file tells."""
    other = re.sub("sequential(?=(_[0-9]+)?/$)", "functional", place)
    taken = any(name.startswith(other) for name in known) and not any(n.startswith(place) for n in known)
    return other if taken else place


def _plain(name: str) -> str | None:
    """The name as Keras 3 writes it now; None for an optimizer's memory and the seeds of dropout."""
    name = name.replace("_layer_checkpoint_dependencies/", "layers/")
    if re.search(r"(^|/)(optimizer|metrics|seed_generator)(_\d+)?(/|$)|^vars/", name):
        return None
    return name


KERAS3 = Convention("keras3", "Keras 3's numbered layers", _slots, _plain)


def by_layer_names(
    network: Network, names: Mapping[str, str], metadata: Mapping[str, Any]
) -> dict[str, str] | None:
    """Names as path/weight, where the file keeps the layers' own names and all weights are found under them.

    Args:
        network: the architecture. names: {name in the group: name in the file}.
        metadata: of the file; "layers" lists {"name": of the layer, "weights": names of its tensors}.
    """
    weights: dict[str, list[str]] = {}
    for slot in KERAS.slots(network, ()):
        weights.setdefault(slot.path, []).append(slot.weight)
    told: dict[str, str] = {}
    for layer in metadata.get("layers", ()):
        stored = [name for name in layer["weights"] if name in names and _plain(name) is not None]
        paths = [path for path in weights if stored and _may_be(path, layer["name"], stored[0])]
        if stored and (len(paths) != 1 or len(weights[paths[0]]) != len(stored)):
            return None
        told |= {
            f"{paths[0]}/{weight}": names[name]
            for name, weight in zip(stored, weights[paths[0]] if stored else (), strict=True)
        }
    return told if len(told) == sum(map(len, weights.values())) else None


def _may_be(path: str, name: str, stored: str) -> bool:
    """Whether a layer of ours may be the one of this name: nested as deep, and called the same.

    >>> _may_be("block/dense", "dense", "layers/sequential/layers/dense/vars/0")
    True
    """
    return path.rpartition("/")[2] == name and path.count("/") + 1 == f"/{stored}".count("/layers/")

"""Keras' HDF5 files: whole models and weights of Keras 1 and 2 (`.h5`), weights of Keras 3 (`.weights.h5`).

The old files name every weight in attributes, in the order of the layers; the new ones number them. Both come
out as `metadata["layers"]`: for each layer its name and the names of its tensors, in Keras' own order.
"""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np

from striate.formats._entry_rules import printable
from striate.formats.foreign._hdf5_file import Tree, read_numbers, read_tree
from striate.formats.foreign._hdf5_room import Room
from striate.formats.foreign._limits import place, read_only, refuse_bad_name, refuse_too_many
from striate.formats.foreign._refusal import Misfit, refusal
from striate.formats.foreign.tensors import ForeignTensors
from striate.network._strict_json import parse_json

_OLD_WEIGHTS, _OPTIMIZER = "model_weights", "optimizer_weights"
_TEXTS = ("keras_version", "backend")


def read_keras_h5(room: Room, most: int, where: str, kind: str = "keras-h5") -> ForeignTensors:
    """The tensors of such a file.

    Args:
        room: the file. most: numbers in all. where: what an error message calls it. kind: of the answer.
    """
    tree = read_tree(room, where)
    for path in tree.data:
        refuse_bad_name(path, where)
    refuse_too_many((math.prod(data.shape) for data in tree.data.values()), most, where)
    try:
        names, metadata = _names(tree, where)
    except Misfit as misfit:
        raise misfit.at(where) from None
    arrays = {
        path: _number_array(tree, path, array, where) for path, array in read_numbers(room, tree, where)
    }
    tensors = {name: arrays[path] for name, path in names.items()}
    return ForeignTensors(kind, tensors, metadata)


def _names(tree: Tree, where: str) -> tuple[dict[str, str], dict[str, Any]]:
    """Path of each tensor by the name it gets, and the metadata."""
    top = next((path for path in ("", _OLD_WEIGHTS) if _layer_names(tree, path) is not None), None)
    if top is not None:
        return _old_names(tree, top, where)
    if any(_is_new(path) for path in tree.attributes):
        return _new_names(tree)
    raise Misfit("it is an HDF5 file without layers of Keras", "weights that Keras saved")


def _layer_names(tree: Tree, path: str) -> list[str] | None:
    """The names of the layers that lie in a group, or None when it has no such list."""
    return tree.attributes[path].texts("layer_names") if path in tree.attributes else None


def _old_names(tree: Tree, top: str, where: str) -> tuple[dict[str, str], dict[str, Any]]:
    """Layer and weight as Keras 1 and 2 name them: "conv1/conv1/kernel:0"."""
    names: dict[str, str] = {}
    claimed: set[str] = set()
    layers = []
    for layer in _layer_names(tree, top) or []:
        group = _join(top, layer)
        if group not in tree.attributes:
            raise Misfit(f"the layer {printable(layer)} is listed and not there", "every layer of the list")
        weights = tree.attributes[group].texts("weight_names") or []
        for weight in weights:
            path = _join(group, weight)
            if path not in tree.data or path in claimed:
                raise Misfit(
                    f"the weight {printable(path)} is listed twice or not there", "every weight once"
                )
            names[_join(layer, weight)] = path
            claimed.add(path)
        layers.append({"name": layer, "weights": [_join(layer, weight) for weight in weights]})
    names |= {path: path for path in tree.data if path not in claimed}
    return names, {"layout": "keras-2", "layers": layers, **_about(tree, top, where)}


def _about(tree: Tree, top: str, where: str) -> dict[str, Any]:
    """What the file says of itself: versions, and the configuration of a whole model."""
    found = {name: tree.attributes[path].text(name) for name in _TEXTS for path in {"", top}}
    about: dict[str, Any] = {name: text for name, text in found.items() if text is not None}
    text = tree.attributes[""].text("model_config")
    if text is not None:
        about["config"] = parse_json(text, f"{where}, model_config")
    return about


def _is_new(path: str) -> bool:
    """Whether a group holds the numbered variables of a layer of Keras 3."""
    return path == "vars" or path.endswith("/vars")


def _new_names(tree: Tree) -> tuple[dict[str, str], dict[str, Any]]:
    """Paths as Keras 3 makes them, "layers/conv2d/vars/0", with the layers' own names beside them."""
    names, layers = {}, []
    for group in (path for path in tree.attributes if _is_new(path)):
        start = f"{group}/"
        inside = sorted((path for path in tree.data if path.startswith(start)), key=_by_number)
        if inside and not group.startswith("optimizer/"):
            own = (
                tree.attributes[group].text("name")
                or group.removesuffix("vars").strip("/").rpartition("/")[2]
            )
            layers.append({"name": own, "weights": inside})
        names |= {path: path for path in inside}
    names |= {path: path for path in tree.data if path not in names}
    return names, {"layout": "keras-3", "layers": layers}


def _by_number(path: str) -> tuple[int, str]:
    """Numbers in their own order, before words."""
    last = path.rpartition("/")[2]
    return (int(last), "") if last.isascii() and last.isdigit() and len(last) < 10 else (10**10, last)


def _join(*parts: str) -> str:
    """Parts of a path, without empty ones."""
    return "/".join(part for part in parts if part)


def _number_array(tree: Tree, path: str, array: np.ndarray, where: str) -> np.ndarray:
    """The numbers as an array nobody may write to; two opaque bytes are a bfloat16 if they say so."""
    if array.dtype.kind == "V" and array.dtype != jnp.bfloat16:
        if tree.attributes[path].text("dtype") != "bfloat16":
            raise refusal(place(where, path), "it holds opaque values", "numbers")
        array = array.view(jnp.bfloat16)
    return read_only(array)

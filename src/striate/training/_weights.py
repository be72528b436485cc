"""A model's weights in the forms people ask for: trees, Keras' flat lists, files."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from striate.errors import FormatError, Problem, ShapeError
from striate.formats import read_safetensors, write_safetensors
from striate.network import Network

Flat = dict[tuple[str, str], Any]
"""{(path, weight name): array}, whether a gradient reaches it or not."""


def flat(variables: Mapping[str, Any]) -> Flat:
    """Every weight by its path and name."""
    return {
        (path, name): array
        for group in ("params", "state")
        for path, weights in variables.get(group, {}).items()
        for name, array in weights.items()
    }


def grouped(network: Network, weights: Mapping[tuple[str, str], Any]) -> dict[str, Any]:
    """Variables in the order and groups that a network declares; weights it does not know are left out."""
    variables: dict[str, Any] = {"params": {}, "state": {}}
    for path, declared in network.declared.items():
        for name, weight in declared.items():
            group = variables["params" if weight.trainable else "state"]
            group.setdefault(path, {})[name] = weights[path, name]
    return variables


def overlaid(
    network: Network, variables: Mapping[str, Any], starts: Mapping[tuple[str, str], Any]
) -> dict[str, Any]:
    """The variables with the starts in place of weights that have the same path, name and shape."""
    weights = flat(variables)
    for key, array in starts.items():
        if key in weights and weights[key].shape == array.shape:
            weights[key] = jnp.asarray(array)
    return grouped(network, weights)


def to_list(network: Network, variables: Mapping[str, Any]) -> list[np.ndarray]:
    """Copies of the weights, layer by layer in the order Keras lists them."""
    weights = flat(variables)
    return [np.array(weights[key]) for key in _keys(network)]


def from_list(network: Network, arrays: Sequence[Any]) -> dict[str, Any]:
    """Variables from a list such as `to_list` makes.

    Raises:
        ShapeError: the number of arrays or a shape differs; all differences are named.
    """
    keys = _keys(network)
    if len(arrays) != len(keys):
        cure = "Give what get_weights() of the same network gave."
        raise ShapeError(Problem("weights", f"got {len(arrays)} arrays", f"{len(keys)} arrays", cure))
    weights = {key: jnp.array(array, jnp.float32) for key, array in zip(keys, arrays, strict=True)}
    _check_shapes(network, weights)
    return grouped(network, weights)


def save(path: str | os.PathLike[str], variables: Mapping[str, Any]) -> None:
    """Write the weights alone as a safetensors file: `conv1/kernel`, `conv1/bias`, …"""
    arrays = {f"{where}/{name}": np.asarray(array) for (where, name), array in flat(variables).items()}
    write_safetensors(path, arrays)


def load(path: str | os.PathLike[str], network: Network) -> dict[str, Any]:
    """Read the weights of this very network from a safetensors file.

    Raises:
        FormatError: weights are missing or unknown. ShapeError: a shape differs.
    """
    arrays, _ = read_safetensors(path)
    found = {(name.rpartition("/")[0], name.rpartition("/")[2]): array for name, array in arrays.items()}
    wanted = set(_keys(network))
    cure = "Load the weights into the network that they were saved from."
    problems = [
        Problem("/".join(key), happened, expected, cure)
        for keys, happened, expected in (
            (wanted - set(found), "the weight is not in the file", "every weight of the network"),
            (set(found) - wanted, "the network has no such weight", "only weights of the network"),
        )
        for key in sorted(keys)
    ]
    if problems:
        raise FormatError(problems)
    weights = {key: jnp.array(array, jnp.float32) for key, array in found.items()}
    _check_shapes(network, weights)
    return grouped(network, weights)


def _keys(network: Network) -> list[tuple[str, str]]:
    return [(path, name) for path, declared in network.declared.items() for name in declared]


def _check_shapes(network: Network, weights: Mapping[tuple[str, str], Any]) -> None:
    problems = []
    for (path, name), array in weights.items():
        shape = tuple(network.declared[path][name].shape)
        if array.shape != shape:
            cure = "Give weights of the same network."
            problems.append(
                Problem(f"{path}/{name}", f"the array has shape {array.shape}", f"shape {shape}", cure)
            )
    if problems:
        raise ShapeError(problems)

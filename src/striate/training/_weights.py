"""A model's weights in the forms people ask for: trees, Keras' flat lists, files."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import jax.numpy as jnp
import numpy as np

from striate.errors import Problem, ShapeError
from striate.formats._places import shown
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


def save(
    path: str | os.PathLike[str], network: Network, variables: Mapping[str, Any], convention: str | None
) -> None:
    """Write the weights alone: `.weights.h5` as Keras does, `.npz` as NumPy does, else as safetensors."""
    from striate.formats.exchange import write_weights

    ending = next((each for each in (".weights.h5", ".npz") if str(path).endswith(each)), ".safetensors")
    if ending == ".weights.h5" and convention is None and find_spec("h5py") is None:
        cure = "Install h5py (pip install 'striate[keras]') for a file that Keras reads too."
        told = Problem(
            os.fspath(path), "it becomes a safetensors file", "h5py, to write HDF5", cure, "warning"
        )
        warnings.warn(str(told), stacklevel=3)
        ending = ".safetensors"
    write_weights(path, network, variables, convention, ending=ending)


def load(path: str | os.PathLike[str], network: Network, **options: Any) -> dict[str, Any]:
    """Read the weights of a network from a file of any framework.

    Raises:
        FormatError: it is no such file, or weights are missing, unknown or of another shape; all at once.
    """
    from striate.formats.exchange import into_variables
    from striate.formats.foreign import read_tensors

    return into_variables(network, read_tensors(path), where=shown(path), **options)


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

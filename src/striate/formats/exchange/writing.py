"""Weights written for other programs: safetensors, Keras' `.weights.h5`, NumPy's `.npz`."""

from __future__ import annotations

import importlib.util
import io
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from striate.errors import ArgumentError, Problem
from striate.formats._header import raise_all
from striate.formats._places import shown
from striate.formats.atomic import write_atomically
from striate.formats.exchange.keras_order import stored_names
from striate.formats.exchange.mapping import from_variables
from striate.formats.safetensors_file import nonfinite_problems, write_safetensors
from striate.network import Network
from striate.network._structure import Structure


@dataclass(frozen=True)
class Ending:
    """A kind of file.

    Args:
        conventions: of the names it may hold, the usual one first.
        write: (path, arrays, network, convention) -> None.
    """

    conventions: tuple[str, ...]
    write: Callable[[Path, Mapping[str, np.ndarray], Network, str], None]


def write_weights(
    path: str | os.PathLike[str],
    network: Network,
    variables: Mapping[str, Any],
    convention: str | None = None,
    *,
    ending: str | None = None,
) -> dict[str, np.ndarray]:
    """Write weights for another program, atomically, in the kind of file that the ending names.

    Args:
        path: ends with .safetensors, .weights.h5 or .npz.
        network: the architecture. variables: its weights.
        convention: of the names in a .safetensors or .npz file: "striate", "torch" or "keras"; "striate" when
            left out. PyTorch's `load_state_dict` takes "torch". A .weights.h5 file always follows "keras3".
        ending: what kind of file it is to be, for a path that does not tell.

    Returns:
        What was written, by name.

    Raises:
        ArgumentError: another ending or a convention that the file cannot hold, or h5py is not installed.
        FormatError: numbers that are not finite. StriateError: the file cannot be written.
    """
    kind = ENDINGS[ending or ending_of(path)]
    chosen = convention or kind.conventions[0]
    if chosen not in kind.conventions:
        expected = " or ".join(kind.conventions)
        happened = f"it cannot hold names of the convention {chosen!r}"
        raise ArgumentError(Problem(shown(path), happened, expected, "Choose one of these."))
    arrays = from_variables(network, variables, chosen)
    raise_all(nonfinite_problems(arrays, shown(path)))
    kind.write(Path(path), arrays, network, chosen)
    return arrays


def ending_of(path: str | os.PathLike[str], known: Sequence[str] = ()) -> str:
    """The ending that says what kind of file it is to be.

    Args:
        path: the file. known: all endings that the caller writes, these if left out.

    Raises:
        ArgumentError: no such kind is written.
    """
    known = known or tuple(ENDINGS)
    for ending in known:
        if str(path).endswith(ending):
            return ending
    cure = f"End the name with {_or(known)}."
    if str(path).endswith((".pth", ".pt", ".bin", ".ckpt")):
        cure = (
            "PyTorch's own format can run code when it is read. Write .safetensors; PyTorch loads that too."
        )
    elif str(path).endswith((".keras", ".h5", ".hdf5")):
        cure = "Write .weights.h5, which Keras' load_weights reads."
    raise ArgumentError(Problem(shown(path), "this kind of file is not written", _or(known), cure))


def _or(words: Sequence[str]) -> str:
    """a, b or c."""
    return f"{', '.join(words[:-1])} or {words[-1]}"


def _write_safetensors(
    path: Path, arrays: Mapping[str, np.ndarray], network: Network, convention: str
) -> None:
    """A safetensors file; other programs look for the word "pt" in it."""
    metadata = {"format": "pt"} if convention == "torch" else {}
    write_safetensors(path, arrays, metadata | {"striate_convention": convention})


def _write_npz(path: Path, arrays: Mapping[str, np.ndarray], network: Network, convention: str) -> None:
    """An uncompressed archive of arrays."""
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, **dict(arrays))
    write_atomically(path, stream.getvalue())


def _write_h5(path: Path, arrays: Mapping[str, np.ndarray], network: Network, convention: str) -> None:
    """An HDF5 file as Keras 3 writes it: a group for every layer, which keeps the layer's name."""
    if importlib.util.find_spec("h5py") is None:
        happened, cure = "h5py is not installed", "Install it: pip install 'striate[keras]'."
        raise ArgumentError(Problem(shown(path), happened, "h5py, which writes HDF5 files", cure))
    import h5py

    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        _make_groups(file, network, network.name or "model")
        for name, array in arrays.items():
            file[name] = array
    write_atomically(path, stream.getvalue())


def _make_groups(parent: Any, network: Structure, name: str) -> None:
    """The groups of a network and of those nested in it."""
    parent.create_group("vars").attrs["name"] = name
    layers = {node.name: node.layer for node in network.nodes}
    for own, stored in stored_names(network).items():
        group = parent.create_group(f"layers/{stored}")
        layer = layers.get(own)
        if isinstance(layer, Structure):
            _make_groups(group, layer, own)
        else:
            group.create_group("vars").attrs["name"] = own


ENDINGS: Mapping[str, Ending] = {
    ".safetensors": Ending(("striate", "torch", "keras"), _write_safetensors),
    ".weights.h5": Ending(("keras3",), _write_h5),
    ".npz": Ending(("striate", "torch", "keras"), _write_npz),
}
"""The kinds of files that are written, by their endings."""

"""An index of pictures as a value and as a file: names, vectors, and which network gave them."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from striate.errors import FormatError, Problem
from striate.formats._places import shown
from striate.formats.safetensors_file import read_safetensors, write_safetensors
from striate.network._strict_json import canonical_json, parse_json

KEY, FORMAT = "striate-index", 1
_TEXTS = ("folder", "source", "digest")
_CURE = "Make the index again: striate index FOLDER"


@dataclass(frozen=True, eq=False)
class Index:
    """Pictures and what a network sees in them.

    Args:
        folder: where they lie. files: their names below it, with "/". vectors: (N, D) float32 of length 1.
        source: the network, as `find_source` takes it. digest: of the part that gives the vectors.
        layer: whose output they are, None for what the last layer with weights reads.
    """

    folder: str
    files: tuple[str, ...]
    vectors: np.ndarray
    source: str
    digest: str
    layer: str | None = None

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a safetensors file, whole or not at all."""
        names = [name.encode("utf-8") for name in self.files]
        arrays = {
            "vectors": self.vectors,
            "names": np.frombuffer(b"".join(names), np.uint8),
            "ends": np.cumsum([len(name) for name in names], dtype=np.int64),
        }
        said = {"format": FORMAT, "layer": self.layer, **{name: getattr(self, name) for name in _TEXTS}}
        write_safetensors(path, arrays, {KEY: canonical_json(said)})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Index:
        """Read what `save` wrote.

        Raises:
            FormatError: it cannot be read, or is no such file.
        """
        where = shown(path)
        arrays, texts = read_safetensors(path)
        if KEY not in texts:
            raise _broken(where, "it is no index of pictures")
        said = parse_json(texts[KEY], where)
        if not isinstance(said, dict) or said.get("format") != FORMAT:
            raise _broken(where, f"it is not of format {FORMAT}")
        layer = said.get("layer")
        if not all(isinstance(said.get(name), str) for name in _TEXTS) or not isinstance(layer, str | None):
            raise _broken(where, "it does not say which folder and network it is of")
        files = _names(arrays, where)
        vectors = arrays["vectors"]
        if np.abs(np.linalg.norm(vectors, axis=1) - 1).max(initial=0) > 1e-3:
            raise _broken(where, "its vectors are not of length 1")
        return cls(said["folder"], files, vectors, said["source"], said["digest"], layer)


def _names(arrays: dict[str, Any], where: str) -> tuple[str, ...]:
    """The names of the pictures, which stay below their folder."""
    kinds = {"vectors": (np.float32, 2), "names": (np.uint8, 1), "ends": (np.int64, 1)}
    found = {name: (array.dtype, array.ndim) for name, array in arrays.items()}
    if found != {name: (np.dtype(kind), rank) for name, (kind, rank) in kinds.items()}:
        raise _broken(where, f"it holds {', '.join(sorted(arrays)) or 'nothing'} in other forms")
    raw, ends = arrays["names"].tobytes(), [0, *arrays["ends"].tolist()]
    if ends != sorted(ends) or ends[-1] != len(raw) or len(ends) - 1 != len(arrays["vectors"]):
        raise _broken(where, "its names and vectors do not belong together")
    try:
        names = tuple(raw[a:b].decode("utf-8") for a, b in itertools.pairwise(ends))
    except UnicodeDecodeError:
        raise _broken(where, "its names are no text") from None
    if any(not _is_below(name) for name in names):
        raise _broken(where, "a name leads out of its folder")
    return names


def _is_below(name: str) -> bool:
    """Whether a name stays below the folder it is looked for in."""
    parts = name.split("/")
    return all(part not in ("", ".", "..") for part in parts) and not Path(name).is_absolute()


def _broken(where: str, happened: str) -> FormatError:
    """The error of a file that is no index."""
    return FormatError(Problem(where, happened, "an index that striate index wrote", _CURE))

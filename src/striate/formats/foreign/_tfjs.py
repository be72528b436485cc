"""TensorFlow.js models: `model.json` and the shards of weights beside it, in the order of its manifest."""

from __future__ import annotations

import contextlib
import os
import stat
from io import BufferedReader
from pathlib import Path

import numpy as np

from striate.errors import FormatError
from striate.formats._entry_rules import printable
from striate.formats._places import read_problem
from striate.formats.foreign._limits import read_only, refuse_too_many
from striate.formats.foreign._refusal import refuse
from striate.formats.foreign._tfjs_manifest import Group, Weight, read_manifest
from striate.formats.foreign.tensors import ForeignTensors
from striate.network._strict_json import MAX_BYTES, parse_json

MODEL = "model.json"
_MANIFEST, _TOPOLOGY = "weightsManifest", "modelTopology"
_TEXTS = ("format", "generatedBy", "convertedBy")
_BLOCK = 2**20
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
"""How shards are opened: never through a link."""


def read_tfjs(file: BufferedReader, folder: Path, most: int, where: str) -> ForeignTensors:
    """The tensors of such a model; `metadata["config"]` is its topology, the configuration of Keras' layers.

    Args:
        file: model.json, open at its first byte. folder: where it lies.
        most: numbers in all. where: what an error message calls it.
    """
    size = os.fstat(file.fileno()).st_size
    if size > MAX_BYTES:
        refuse(where, f"the JSON text has {size} bytes", f"at most {MAX_BYTES}")
    values = parse_json(file.read(size), where)
    if not isinstance(values, dict) or _MANIFEST not in values:
        refuse(
            where, "it is a JSON text without a weightsManifest", "the model.json of a TensorFlow.js model"
        )
    groups = read_manifest(values[_MANIFEST], where)
    refuse_too_many((weight.size for group in groups for weight in group.weights), most, where)
    for group in groups:
        _check_files(group, folder, where)
    tensors: dict[str, np.ndarray] = {}
    for group in groups:
        with contextlib.closing(Shards(folder, group.files)) as shards:
            tensors |= {weight.name: read_only(_numbers(shards, weight)) for weight in group.weights}
    about = {name: values[name] for name in _TEXTS if isinstance(values.get(name), str)}
    return ForeignTensors("tfjs", tensors, {**about, "config": values.get(_TOPOLOGY)})


def _check_files(group: Group, folder: Path, where: str) -> None:
    """Refuse files that are missing, links, or not as long as the weights in them, before any is read."""
    found = 0
    for name in group.files:
        try:
            entry = os.lstat(folder / name)
        except OSError as error:
            raise FormatError(read_problem(name, error)) from None
        if not stat.S_ISREG(entry.st_mode):
            refuse(printable(name), "it is a link, a folder or a device", "a plain file of weights")
        found += entry.st_size
    if found != group.nbytes:
        happened = f"{len(group.files)} files of weights have {found} bytes"
        refuse(where, happened, f"{group.nbytes}, as the manifest says")


class Shards:
    """The files of a group as one row of bytes; one of them is open at a time."""

    def __init__(self, folder: Path, files: tuple[str, ...]) -> None:
        """Args: folder: of the files. files: their plain names, in order."""
        self._paths = [folder / name for name in files]
        self._file: BufferedReader | None = None

    def fill(self, out: memoryview) -> None:
        """Fill a buffer with the next bytes."""
        done = 0
        while done < len(out):
            count = self._current().readinto(out[done:])
            done += count
            if not count:
                self.close()

    def close(self) -> None:
        """Close the open file; the next one is opened when it is needed."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _current(self) -> BufferedReader:
        """The open file."""
        if self._file is None:
            if not self._paths:
                refuse("shards", "the files became shorter while they were read", "files nobody writes to")
            path = self._paths.pop(0)
            try:
                self._file = os.fdopen(os.open(path, _FLAGS), "rb")
            except OSError as error:
                raise FormatError(read_problem(path, error)) from None
        return self._file


def _numbers(shards: Shards, weight: Weight) -> np.ndarray:
    """The numbers of a weight, unpacked."""
    stored = np.empty(weight.shape, weight.stored)
    shards.fill(stored.reshape(-1).view(np.uint8).data)
    if weight.stored == weight.dtype:
        return stored
    flat, out = stored.reshape(-1), np.empty(weight.size, weight.dtype)
    for start in range(0, out.size, _BLOCK):  # in blocks, for the wide numbers in between are many bytes
        wide = flat[start : start + _BLOCK].astype(np.float64) * weight.scale + weight.least
        out[start : start + _BLOCK] = np.rint(wide) if weight.dtype.kind == "i" else wide
    return out.reshape(weight.shape)

"""Keras' own archives (`.keras`): the configuration as JSON, and the weights as an HDF5 file.

Keras makes layers, and the functions of Lambda layers, of such a configuration. Here it stays plain values.
"""

from __future__ import annotations

from typing import Any

from striate.formats.foreign._hdf5_room import Room
from striate.formats.foreign._keras_h5 import read_keras_h5
from striate.formats.foreign._refusal import refuse
from striate.formats.foreign._zip_archive import ZipArchive
from striate.formats.foreign.tensors import ForeignTensors
from striate.network._strict_json import MAX_BYTES, parse_json

CONFIG, ABOUT, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
_ASSETS = "assets/"


def is_keras(archive: ZipArchive) -> bool:
    """Whether an archive is one of Keras."""
    return CONFIG in archive.entries and WEIGHTS in archive.entries


def read_keras_zip(archive: ZipArchive, most: int) -> ForeignTensors:
    """The tensors of such an archive; `metadata["config"]` is the configuration.

    Args:
        archive: the archive. most: numbers in all.
    """
    for name in archive.entries:
        if name not in (CONFIG, ABOUT, WEIGHTS) and not name.startswith(_ASSETS):
            refuse(archive.place(name), "it belongs to no model of Keras", f"{CONFIG}, {ABOUT}, {WEIGHTS}")
    config = parse_json(archive.read(CONFIG, MAX_BYTES), archive.place(CONFIG))
    about = _about(archive)
    file, start = archive.open(WEIGHTS)
    room = Room(file, start, archive.size(WEIGHTS))
    found = read_keras_h5(room, most, archive.place(WEIGHTS), "keras-zip")
    return ForeignTensors("keras-zip", found.tensors, {**found.metadata, **about, "config": config})


def _about(archive: ZipArchive) -> dict[str, Any]:
    """The version of Keras that wrote the archive, if it says so."""
    if ABOUT not in archive.entries:
        return {}
    values = parse_json(archive.read(ABOUT, MAX_BYTES), archive.place(ABOUT))
    version = values.get("keras_version") if isinstance(values, dict) else None
    return {"keras_version": version} if isinstance(version, str) else {}

"""Streams of NumPy arrays in dictionaries, as JAX programs keep their weights (`.ckpt`, `.pkl`)."""

from __future__ import annotations

from typing import Any

from striate.formats.foreign._flat import flattened
from striate.formats.foreign._limits import place, refuse_too_many
from striate.formats.foreign._numpy_names import Array
from striate.formats.foreign._source import Source
from striate.formats.foreign.tensors import ForeignTensors


def read_arrays_stream(source: Source, value: Any, most: int) -> ForeignTensors:
    """The arrays in the value that a stream left.

    Args:
        source: the stream, behind its end. value: what it left. most: numbers in all.
    """
    if source.left:
        source.refuse("there are bytes behind the end of the stream", "nothing")
    flat = flattened(value, Array, "array", source.where)
    refuse_too_many((array.size for array in flat.leaves.values()), most, source.where)
    arrays = {name: array.finished(place(source.where, name)) for name, array in flat.leaves.items()}
    return ForeignTensors("pickled-arrays", arrays, flat.metadata())

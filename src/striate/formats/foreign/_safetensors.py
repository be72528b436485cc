"""safetensors files that others wrote, through the reader of our own files."""

from __future__ import annotations

import math
from io import BufferedReader

from striate.formats.foreign._limits import read_only, refuse_too_many
from striate.formats.foreign.tensors import ForeignTensors
from striate.formats.safetensors_file import read_arrays, read_header


def read_safetensors_file(file: BufferedReader, most: int, where: str) -> ForeignTensors:
    """The tensors of such a file, and the texts kept with them as metadata.

    Args:
        file: open at its first byte. most: numbers in all. where: what an error message calls it.
    """
    header = read_header(file, where, aligned=False)  # old versions of the library did not align
    refuse_too_many((math.prod(entry.shape) for entry in header.entries), most, where)
    arrays = {name: read_only(array) for name, array in read_arrays(file, header, where)}
    return ForeignTensors("safetensors", arrays, dict(header.metadata))

"""Weight files of other frameworks, read as data and never as code."""

from striate.formats.foreign.reading import read_tensors
from striate.formats.foreign.tensors import KINDS, ForeignTensors

__all__ = ["KINDS", "ForeignTensors", "read_tensors"]

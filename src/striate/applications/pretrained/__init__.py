"""Weights that somebody trained: by name, from their official address or a package that carries them."""

from striate.applications.pretrained.adopting import adopt, load_into
from striate.applications.pretrained.loading import load
from striate.applications.pretrained.record import NamedWeights
from striate.applications.pretrained.table import find, get, names

__all__ = ["NamedWeights", "adopt", "find", "get", "load", "load_into", "names"]

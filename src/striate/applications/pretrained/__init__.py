"""Weights that somebody trained: by name, from their official address or a package that carries them."""

from striate.applications.pretrained.adopting import adopt, load_into
from striate.applications.pretrained.loading import load, network_of
from striate.applications.pretrained.record import NamedWeights
from striate.applications.pretrained.table import find, get, is_name, names

__all__ = ["NamedWeights", "adopt", "find", "get", "is_name", "load", "load_into", "names", "network_of"]

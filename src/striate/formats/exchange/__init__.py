"""Weights under the names and in the layouts of other frameworks, both ways."""

from striate.formats.exchange.keras_config import network_from_config
from striate.formats.exchange.keras_file import Rebuilt, rebuild
from striate.formats.exchange.mapping import Mapped, from_variables, head_paths, into_variables, map_tensors
from striate.formats.exchange.recognising import CONVENTIONS, recognise
from striate.formats.exchange.writing import write_weights

__all__ = [
    "CONVENTIONS",
    "Mapped",
    "Rebuilt",
    "from_variables",
    "head_paths",
    "into_variables",
    "map_tensors",
    "network_from_config",
    "rebuild",
    "recognise",
    "write_weights",
]

"""A SHA-256 over everything a file holds, so that a damaged file is noticed wherever the damage is.

It guards against accidents. Someone who changes a file on purpose can change the sum as well.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from striate.errors import FormatError, Problem
from striate.formats._entry_rules import dtype_name
from striate.formats._header import Header
from striate.formats.safetensors_file import data_chunks
from striate.network._strict_json import canonical_json

FIELD = "sha256"
_CURE = "Get the file again from where it came, or save it again with Striate."


def sealed_text(values: Mapping[str, Any], header: Header, arrays: Mapping[str, np.ndarray]) -> str:
    """The JSON text of these values with the sum of everything added.

    Args:
        values: what the file says about its arrays.
        header: where the arrays will lie.
        arrays: by name.
    """
    digest = begin_seal(values, header)
    for chunk in data_chunks(header, arrays):
        digest.update(chunk)
    return canonical_json({**values, FIELD: digest.hexdigest()})


def begin_seal(values: Mapping[str, Any], header: Header) -> Any:
    """A hash that has been fed with everything but the numbers, which follow in the order of the file."""
    tensors = {entry.name: [dtype_name(entry.dtype), list(entry.shape)] for entry in header.entries}
    told = {name: value for name, value in values.items() if name != FIELD}
    return hashlib.sha256(canonical_json({"tensors": tensors, "values": told}).encode("utf-8"))


def check_seal(values: Mapping[str, Any], digest: Any, where: str) -> None:
    """Compare the sum in the file with the one of its contents.

    Raises:
        FormatError: they differ.
    """
    if digest.hexdigest() != values[FIELD]:
        happened = "its contents do not have the SHA-256 that was saved with them"
        raise FormatError(Problem(where, happened, "a file as it was saved", _CURE))


def seal_problems(value: Any, where: str) -> list[Problem]:
    """What keeps this value from being the text of a SHA-256."""
    if isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef"):
        return []
    return [Problem(f"{where}, {FIELD}", "it is no SHA-256", "64 hexadecimal digits", _CURE)]

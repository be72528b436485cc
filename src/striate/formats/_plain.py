"""Values from Python programs as plain JSON values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from striate.errors import ArgumentError, Problem
from striate.network._strict_json import MAX_INT

_CURE = "Keep to numbers, texts, truth values, None, lists and mappings of these."


def plain_json(value: Any, where: str, *, null_for_nonfinite: bool) -> Any:
    """The value made of dict, list, str, int, float, bool and None alone.

    Tuples become lists, and arrays become (nested) lists or, without axes, numbers.

    Args:
        value: what a program collected.
        where: what an error message calls it.
        null_for_nonfinite: whether NaN and infinities, which JSON does not have, become None or are refused.

    Raises:
        ArgumentError: everything in it that JSON cannot hold, at once.

    >>> plain_json({"loss": np.float32(0.5), "shape": (2, 3)}, "record", null_for_nonfinite=True)
    {'loss': 0.5, 'shape': [2, 3]}
    """
    problems: list[Problem] = []
    plain = _plain(value, where, null_for_nonfinite, problems)
    if problems:
        raise ArgumentError(problems)
    return plain


def _plain(value: Any, where: str, null: bool, problems: list[Problem]) -> Any:
    """One value and all below it; problems are collected on the way."""
    if isinstance(value, Mapping):
        return {
            _key(key, where, problems): _plain(v, f"{where}.{key}", null, problems)
            for key, v in value.items()
        }
    if isinstance(value, list | tuple):
        return [_plain(v, f"{where}[{index}]", null, problems) for index, v in enumerate(value)]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value, where, problems)
    if isinstance(value, int):
        return _integer(int(value), where, problems)
    if isinstance(value, float):
        return _number(float(value), where, null, problems)
    if isinstance(value, np.generic | np.ndarray) or hasattr(value, "__array__"):
        return _array(np.asarray(value), where, null, problems)
    problems.append(Problem(where, f"found {type(value).__name__}", "a value that JSON can hold", _CURE))
    return None


def _array(array: np.ndarray, where: str, null: bool, problems: list[Problem]) -> Any:
    """An array of numbers or truth values as nested lists."""
    if array.dtype.kind in "biuf":
        return _plain(array.tolist(), where, null, problems)
    problems.append(Problem(where, f"found an array of {array.dtype}", "a value that JSON can hold", _CURE))
    return None


def _key(key: Any, where: str, problems: list[Problem]) -> str:
    """A key, which must be text."""
    if isinstance(key, str):
        return _text(key, where, problems)
    problems.append(Problem(where, f"the key {key!r} is no text", "texts as keys", "Use str(key)."))
    return str(key)


def _text(value: str, where: str, problems: list[Problem]) -> str:
    """A text, which must be made of whole characters."""
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        problems.append(Problem(where, "the text holds half of a surrogate pair", "whole characters", _CURE))
    return value


def _integer(value: int, where: str, problems: list[Problem]) -> int:
    """An integer, of at most 64 bits."""
    if abs(value) > MAX_INT:
        problems.append(Problem(where, "the integer is too large", "integers of at most 64 bits", _CURE))
    return value


def _number(value: float, where: str, null: bool, problems: list[Problem]) -> float | None:
    """A float, which must be finite or may become None."""
    if math.isfinite(value):
        return value
    if not null:
        problems.append(
            Problem(where, f"found {value}", "a finite number", "Keep it in an array, or use None.")
        )
    return None

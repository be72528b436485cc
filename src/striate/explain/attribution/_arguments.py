"""Numbers that a person gives to a method, checked before anything runs."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any

from striate.errors import ArgumentError, Problem


def need_whole(name: str, value: Any, least: int = 1) -> int:
    """A whole number of at least `least`.

    Raises:
        ArgumentError: it is something else.
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if number < least or isinstance(value, bool):
        cure = f"Write for instance {name}={max(least, 16)}."
        raise ArgumentError(Problem(name, f"got {value!r}", f"a whole number of at least {least}", cure))
    return number


def need_between(name: str, value: Any, low: float, high: float) -> float:
    """A number from `low` to `high`.

    Raises:
        ArgumentError: it is something else.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not low <= value <= high:
        cure = f"Give a number in between, or leave {name} out."
        raise ArgumentError(Problem(name, f"got {value!r}", f"a number from {low:g} to {high:g}", cure))
    return float(value)


def need_choice(name: str, value: Any, choices: Iterable[str]) -> str:
    """One of some words.

    Raises:
        ArgumentError: it is another one.
    """
    words = list(choices)
    if value not in words:
        expected = f"one of {', '.join(map(repr, words))}"
        raise ArgumentError(Problem(name, f"got {value!r}", expected, "Choose one of them."))
    return value

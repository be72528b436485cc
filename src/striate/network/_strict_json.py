"""JSON without its traps, for every file Striate reads; `formats` uses it too and its rules are tested there.

`json.loads` keeps the last of two equal keys, accepts NaN, turns 1e999 into infinity, and recurses as deep
as a file says. A file from a stranger gets none of that: it is measured before it is parsed, and whatever is
wrong is told as our own error.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from striate.errors import FormatError, Problem

MAX_BYTES = 8 * 2**20
MAX_DEPTH = 64
MAX_VALUES = 250_000
MAX_INT = 2**63 - 1

_CURE = "Get the file again from where it came, or save it again with Striate."
# Strings are swallowed whole, terminated or not, without backtracking: the scan is linear on any input.
_TOKENS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{\]},]', re.DOTALL)


def parse_json(
    text: str | bytes,
    where: str,
    *,
    max_bytes: int = MAX_BYTES,
    max_depth: int = MAX_DEPTH,
    max_values: int = MAX_VALUES,
) -> Any:
    """The value of a JSON text, or one FormatError.

    Refused: duplicate keys, NaN and infinities (also by overflow), integers outside 64 bits, half a surrogate
    pair, bytes that are not UTF-8, a byte order mark, and anything over the caps on size, depth and values.

    Args:
        text: the text, or its UTF-8 bytes.
        where: what an error message calls it: the file, and the entry in it.
        max_bytes: cap on its size. max_depth: cap on nesting. max_values: cap on values, keys not counted.

    Raises:
        FormatError: it is not such a text.

    >>> parse_json('{"a": [1, 2.5, null]}', "example")
    {'a': [1, 2.5, None]}
    >>> parse_json('{"a": 1, "a": 2}', "example")
    Traceback (most recent call last):
    striate.errors.FormatError: example: the key 'a' appears twice in one object; expected every key once.
      Get the file again from where it came, or save it again with Striate.
    """
    if len(text) > max_bytes:
        _refuse(where, f"the JSON text has {len(text)} bytes", f"at most {max_bytes}")
    text = _decoded(text, where)
    _measure(text, where, max_depth, max_values)
    strict = _Strict(where)
    try:
        value = json.loads(
            text,
            object_pairs_hook=strict.unique,
            parse_constant=strict.constant,
            parse_int=strict.integer,
            parse_float=strict.number,
        )
    except json.JSONDecodeError as error:
        _refuse(where, f"not JSON: {error.msg} at line {error.lineno} column {error.colno}", "a JSON text")
    if "\\u" in text:
        _refuse_half_surrogates(text, value, where)
    return value


def canonical_json(value: Any, *, indent: int | None = None) -> str:
    """The one JSON text of a value: sorted keys, no spaces, UTF-8 as it is; equal values give equal text.

    Args:
        value: plain JSON values.
        indent: spaces for each level, for a text that people read; still the same for equal values.

    Raises:
        ValueError: a number is not finite. TypeError: a value is not plain JSON.

    >>> canonical_json({"b": 1, "a": [True, None]})
    '{"a":[true,null],"b":1}'
    """
    separators = (",", ":") if indent is None else (",", ": ")
    return json.dumps(
        value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=separators, indent=indent
    )


class _Strict:
    """The hooks that `json.loads` calls, each knowing which text it is about."""

    def __init__(self, where: str) -> None:
        self.where = where

    def unique(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """An object whose keys are all different."""
        value = dict(pairs)
        if len(value) != len(pairs):
            seen: set[str] = set()
            twice = next(key for key, _ in pairs if key in seen or seen.add(key))
            _refuse(self.where, f"the key {_short(twice)} appears twice in one object", "every key once")
        return value

    def constant(self, word: str) -> NoReturn:
        """NaN, Infinity, -Infinity."""
        _refuse(self.where, f"the JSON text holds {word}", "finite numbers")

    def integer(self, digits: str) -> int:
        """An integer of at most 64 bits; its length is looked at before it is converted."""
        if len(digits) > 20 or abs(int(digits)) > MAX_INT:
            _refuse(
                self.where,
                f"the integer {_short(digits, quote=False)} is too large",
                "integers of at most 64 bits",
            )
        return int(digits)

    def number(self, digits: str) -> float:
        """A float that has not overflowed."""
        value = float(digits)
        if not math.isfinite(value):
            _refuse(self.where, f"the number {_short(digits, quote=False)} is too large", "finite numbers")
        return value


def _decoded(text: str | bytes, where: str) -> str:
    """The characters, without a byte order mark."""
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8")
        except UnicodeDecodeError as error:
            _refuse(where, f"byte {error.start} of the JSON text is not UTF-8", "UTF-8")
    if text.startswith("\ufeff"):
        _refuse(where, "the JSON text begins with a byte order mark", "plain UTF-8")
    return text


def _measure(text: str, where: str, max_depth: int, max_values: int) -> None:
    """Count depth and values before anything is built, so that no text can make a large object."""
    depth, values = 0, 1
    for match in _TOKENS.finditer(text):
        token = match.group()[0]
        if token in "[{":
            depth, values = depth + 1, values + 1
        elif token in "]}":
            depth -= 1
        elif token == ",":
            values += 1
        if depth > max_depth:
            _refuse(
                where,
                f"the JSON text is nested deeper than {max_depth} levels",
                f"at most {max_depth} levels",
            )
        if values > max_values:
            _refuse(
                where, f"the JSON text holds more than {max_values} values", f"at most {max_values} values"
            )


def _refuse_half_surrogates(text: str, value: Any, where: str) -> None:
    r"""Refuse strings such as "\ud800", which no UTF-8 text can hold; only escapes can make them."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        _refuse(where, "a string holds half of a surrogate pair", "whole characters")


def _short(text: str, quote: bool = True) -> str:
    """At most 40 characters of a text from a file, with control characters made visible."""
    cut = text if len(text) <= 40 else text[:37] + "..."
    return ascii(cut) if quote else cut


def _refuse(where: str, happened: str, expected: str) -> NoReturn:
    """Say what is wrong with the text."""
    raise FormatError(Problem(where, happened, expected, _CURE))

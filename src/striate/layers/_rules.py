"""The rules of fields: one table makes canonical forms, error messages, form fields and negative tests."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from typing import Any

import numpy as np

from striate.errors import ArgumentError, Problem

_LARGEST = 2**63 - 1
"""Larger whole numbers mean nothing in a layer, and files cannot hold them."""

Sizes = Any
"""An int, or one for each spatial axis; a tuple of ints once the layer exists."""


class RefusedError(ValueError):
    """A value outside its rule; never leaves `check_fields`."""


@dataclass(frozen=True)
class Rule:
    """What a field may hold.

    Args:
        widget: how a form shows it: "whole", "number", "flag", "choice", "sizes", "shape", "text" or "value".
        expected: what would be right, as a noun phrase.
        cure: what to do about a wrong value, as a sentence.
        canonical: (value, number of spatial axes) -> its one canonical form, or RefusedError.
        wrong: values that must be refused; the negative tests are made of them.
        choices: the names a "choice" offers.
        minimum, maximum: the closed bounds of a "whole", "number" or "sizes", None where there is none.
        optional: None is allowed and stays None.
    """

    widget: str
    expected: str
    cure: str
    canonical: Callable[[Any, int], Any]
    wrong: tuple[Any, ...] = ()
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    optional: bool = False

    def bring(self, value: Any, axes: int) -> Any:
        """The canonical form of `value`, or RefusedError."""
        return None if value is None and self.optional else self.canonical(value, axes)


def rules_of(kind: type) -> dict[str, Rule]:
    """The rules of a class: its own and those of the classes it is made from, its own first."""
    merged: dict[str, Rule] = {}
    for ancestor in reversed(kind.__mro__):
        merged.update(vars(ancestor).get("RULES", {}))
    return merged


def check_fields(thing: Any) -> None:
    """Bring each field of a frozen dataclass to its canonical form; refuse all wrong fields at once.

    Args:
        thing: a dataclass with a `RULES` table (layers, initializers, regularizers). Its `AXES` is the number
            of spatial axes that a single size stands for; its `conflicts()` lists what does not go together.

    Raises:
        ArgumentError: one Problem for each wrong field, `where` being for instance "Conv2D.filters".
    """
    kind, rules = type(thing), rules_of(type(thing))
    problems = []
    for name in (field.name for field in fields(thing) if field.name in rules):
        try:
            value = rules[name].bring(getattr(thing, name), getattr(kind, "AXES", 2))
        except RefusedError:
            problems.append(_refusal(f"{kind.__name__}.{name}", getattr(thing, name), rules[name]))
        else:
            object.__setattr__(thing, name, value)
    if not problems and hasattr(thing, "conflicts"):
        problems = list(thing.conflicts())
    if problems:
        raise ArgumentError(problems)


def spoken_fields(thing: Any) -> dict[str, Any]:
    """The fields of a checked dataclass that differ from their defaults, in order, positional ones first.

    They are what `repr` shows and what a file keeps.
    """
    kind, rules = type(thing), rules_of(type(thing))
    spoken = {}
    for field in sorted(fields(thing), key=lambda field: bool(field.kw_only)):
        value, default = getattr(thing, field.name), field.default
        if default is not MISSING and field.name in rules:
            default = rules[field.name].bring(default, getattr(kind, "AXES", 2))
        if default is MISSING or value != default:
            spoken[field.name] = value
    return spoken


def show(thing: Any) -> str:
    """The call that makes this value, without the arguments that are their defaults.

    Fields without a default come first and are written without their names.
    """
    bare = {field.name for field in fields(thing) if field.default is MISSING}
    arguments = (
        f"{value!r}" if name in bare else f"{name}={value!r}" for name, value in spoken_fields(thing).items()
    )
    return f"{type(thing).__name__}({', '.join(arguments)})"


def _refusal(where: str, value: Any, rule: Rule) -> Problem:
    try:
        shown = repr(value)
    except ValueError:  # Python refuses to write out an int of thousands of digits
        shown = f"a huge {type(value).__name__}"
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return Problem(where, f"got {shown}", rule.expected + (" or None" if rule.optional else ""), rule.cure)


def optional(rule: Rule) -> Rule:
    """The same rule, with None allowed."""
    return replace(rule, optional=True, wrong=tuple(value for value in rule.wrong if value is not None))


def as_whole(value: Any, minimum: float | None = None, maximum: float | None = None) -> int:
    """A Python int from anything that is a whole number; a bool is not one."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise RefusedError
    try:
        number = operator.index(value)
    except TypeError:
        raise RefusedError from None
    if (minimum is not None and number < minimum) or (maximum is not None and number > maximum):
        raise RefusedError
    if abs(number) > _LARGEST:
        raise RefusedError
    return number


def as_number(value: Any) -> float:
    """A finite Python float from anything that is one number; neither bools nor text are numbers."""
    scalar = hasattr(value, "__float__") and not getattr(value, "ndim", 0) and not np.iscomplexobj(value)
    if isinstance(value, bool | str | bytes) or not scalar:
        raise RefusedError
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise RefusedError from None
    if not math.isfinite(number):
        raise RefusedError
    return number


def as_sequence(value: Any) -> tuple[Any, ...]:
    """A tuple from a list, tuple or one-dimensional array; text is not a sequence here."""
    if isinstance(value, str | bytes | Mapping) or not (
        isinstance(value, Sequence) or hasattr(value, "tolist")
    ):
        raise RefusedError
    try:
        return tuple(value)
    except TypeError:
        raise RefusedError from None

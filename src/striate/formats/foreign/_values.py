"""What lies on the stack of the machine besides plain values, and the table of what a stream may name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from striate.formats._entry_rules import printable, value_text
from striate.formats.foreign._refusal import Misfit

Builder = Callable[[tuple[Any, ...]], Any]


@dataclass(frozen=True)
class Named:
    """A name from the table: `builds` makes a value of arguments, or is None for a name that is a mark."""

    name: str
    builds: Builder | None


@dataclass(frozen=True)
class Table:
    """What a stream may name.

    Args:
        names: "module.name" to what it builds; None for names that are only marks.
        outside: makes a value of a reference to something outside of the stream; None where there is nothing.
        meant: what such files hold, for messages.
    """

    names: Mapping[str, Builder | None]
    outside: Builder | None
    meant: str


class Buildable:
    """A value that may be given a state once it exists (opcode BUILD)."""

    def take_state(self, state: Any) -> None:
        """Take it over, or raise a Misfit."""
        raise NotImplementedError


class Ordered(dict, Buildable):
    """An ordered dictionary; PyTorch hangs the versions of its modules on it, which nobody here needs."""

    def take_state(self, state: Any) -> None:
        """Look at the state; it is not kept."""
        if type(state) is not dict or list(state) != ["_metadata"]:
            raise Misfit(f"an OrderedDict gets the state {told(state)}", "a state of _metadata alone")


def ordered_dict(arguments: tuple[Any, ...]) -> Ordered:
    """An ordered dictionary, empty or of a list of pairs."""
    pairs = arguments[0] if len(arguments) == 1 else []
    good = len(arguments) <= 1 and isinstance(pairs, list)
    if not good or not all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in pairs):
        raise Misfit("an OrderedDict gets other arguments", "none, or a list of pairs")
    made = Ordered()
    for key, value in pairs:
        made[checked_key(key)] = value
    return made


def list_of_set(arguments: tuple[Any, ...]) -> list[Any]:
    """The members of a set, in the order of the file."""
    (members,) = checked(arguments, "set", list)
    return list(members)


def tuple_of_sizes(arguments: tuple[Any, ...]) -> tuple[int, ...]:
    """A torch.Size."""
    (sizes,) = checked(arguments, "torch.Size", tuple)
    if not all(type(size) is int for size in sizes):
        raise Misfit("a torch.Size holds other things than whole numbers", "whole numbers")
    return sizes


def told(value: Any) -> str:
    """A value from a stream for a message: containers could be endless, so only their type is told."""
    if isinstance(value, str | bytes):
        return value_text(value[:100])
    if isinstance(value, Named):
        return printable(value.name)
    plain = value is None or isinstance(value, bool | int | float)
    return value_text(value) if plain else f"a {type(value).__name__}"


def checked_key(key: Any) -> str | int:
    """A key of a dictionary; large numbers could be chosen to collide."""
    if isinstance(key, str) or (type(key) is int and abs(key) < 2**63):
        return key
    raise Misfit(f"the key of a dictionary is {told(key)}", "a text or a whole number of 64 bits")


def checked(arguments: tuple[Any, ...], name: str, *kinds: type | tuple[type, ...]) -> tuple[Any, ...]:
    """The arguments, once it is known that they are as many and of these very types."""
    if len(arguments) != len(kinds):
        raise Misfit(f"{name} gets {len(arguments)} arguments", f"{len(kinds)}")
    for number, (value, kind) in enumerate(zip(arguments, kinds, strict=True), 1):
        kinds_here = kind if isinstance(kind, tuple) else (kind,)
        if type(value) not in kinds_here:
            expected = " or ".join(one.__name__ for one in kinds_here)
            raise Misfit(f"argument {number} of {name} is of type {type(value).__name__}", expected)
    return arguments

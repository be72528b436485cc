"""What each opcode does to the stack of the machine. Only the last few use names, and only known ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from striate.formats._entry_rules import printable
from striate.formats.foreign._refusal import CODE_CURE, Misfit
from striate.formats.foreign._values import Buildable, Named, checked_key, told

if TYPE_CHECKING:
    from striate.formats.foreign._machine import Machine

Effect = Callable[["Machine", Any], None]


def _skip(machine: Machine, argument: Any) -> None:
    """Versions and frames are checked where they are read."""


def _push(machine: Machine, argument: Any) -> None:
    """The argument itself is the value."""
    machine.stack.append(argument)


def _constant(make: Callable[[], Any]) -> Effect:
    """A value without an argument."""
    return lambda machine, _: machine.stack.append(make())


def _short_tuple(count: int) -> Effect:
    """A tuple of the last few values."""

    def effect(machine: Machine, argument: Any) -> None:
        values = [machine.pop() for _ in range(count)]
        machine.stack.append(tuple(reversed(values)))

    return effect


def _tuple(machine: Machine, argument: Any) -> None:
    """A tuple of all since the mark."""
    values = machine.pop_mark()
    machine.stack.append(tuple(values))


def _list(machine: Machine, argument: Any) -> None:
    """The members of a frozen set since the mark; sets are lists here."""
    values = machine.pop_mark()
    machine.stack.append(values)


def _append(machine: Machine, argument: Any) -> None:
    """One more value for a list."""
    value = machine.pop()
    machine.top(list).append(value)


def _extend(machine: Machine, argument: Any) -> None:
    """All since the mark for a list."""
    values = machine.pop_mark()
    machine.top(list).extend(values)


def _set_item(machine: Machine, argument: Any) -> None:
    """One more entry for a dictionary."""
    value, key = machine.pop(), machine.pop()
    _enter(machine.top(dict), key, value)


def _set_items(machine: Machine, argument: Any) -> None:
    """Pairs since the mark for a dictionary."""
    values = machine.pop_mark()
    if len(values) % 2:
        raise Misfit("a dictionary gets a key without a value", "a sound stream")
    entries = machine.top(dict)
    for key, value in zip(values[::2], values[1::2], strict=True):
        _enter(entries, key, value)


def _enter(entries: dict[Any, Any], key: Any, value: Any) -> None:
    """A new entry; a second one of the same name would hide the first."""
    if checked_key(key) in entries:
        raise Misfit(f"a dictionary has the key {told(key)} twice", "every key once")
    entries[key] = value


def _mark(machine: Machine, argument: Any) -> None:
    """Begin a row of values."""
    machine.below.append(machine.stack)
    machine.stack = []


def _drop(machine: Machine, argument: Any) -> None:
    """Forget the topmost value, or a mark with nothing on it."""
    if machine.stack:
        machine.stack.pop()
    else:
        machine.pop_mark()


def _drop_mark(machine: Machine, argument: Any) -> None:
    """Forget all since the mark."""
    machine.pop_mark()


def _double(machine: Machine, argument: Any) -> None:
    """The topmost value once more."""
    machine.stack.append(machine.top(object))


def _put(machine: Machine, number: int) -> None:
    """Remember the topmost value under a number."""
    machine.memo[number] = machine.top(object)


def _memoize(machine: Machine, argument: Any) -> None:
    """Remember it under the next number."""
    machine.memo[len(machine.memo)] = machine.top(object)


def _get(machine: Machine, number: int) -> None:
    """A remembered value."""
    if number not in machine.memo:
        raise Misfit(f"the stream uses value {number} before it is there", "a sound stream")
    machine.stack.append(machine.memo[number])


def _global(machine: Machine, argument: tuple[str, str]) -> None:
    """A name, if the table has it."""
    machine.stack.append(machine.named(".".join(argument)))


def _stack_global(machine: Machine, argument: Any) -> None:
    """A name whose two parts lie on the stack."""
    name, module = machine.pop(), machine.pop()
    if not isinstance(name, str) or not isinstance(module, str):
        raise Misfit("a name is not made of two texts", machine.table.meant, CODE_CURE)
    machine.stack.append(machine.named(f"{module}.{name}"))


def _reduce(machine: Machine, argument: Any) -> None:
    """Build a value by a name of the table."""
    arguments, named = machine.pop(), machine.pop()
    if not isinstance(named, Named) or named.builds is None or type(arguments) is not tuple:
        shown = named.name if isinstance(named, Named) else type(named).__name__
        raise Misfit(f"the opcode REDUCE calls {printable(shown)}", machine.table.meant, CODE_CURE)
    machine.stack.append(named.builds(arguments))


def _build(machine: Machine, argument: Any) -> None:
    """Give a value its state, if it is one that takes any."""
    state, value = machine.pop(), machine.top(object)
    if not isinstance(value, Buildable):
        shown = value.name if isinstance(value, Named) else type(value).__name__
        raise Misfit(f"the opcode BUILD changes {printable(shown)}", machine.table.meant, CODE_CURE)
    value.take_state(state)


def _outside(machine: Machine, argument: Any) -> None:
    """Something that lies outside of the stream, such as the numbers of a tensor."""
    if machine.table.outside is None:
        raise Misfit("the opcode BINPERSID points out of the stream", machine.table.meant)
    machine.stack.append(machine.table.outside(machine.pop()))


EFFECTS: Mapping[str, Effect] = {
    **dict.fromkeys(("PROTO", "FRAME"), _skip),
    **dict.fromkeys(("BININT1", "BININT2", "BININT", "LONG1", "BINFLOAT"), _push),
    **dict.fromkeys(("SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"), _push),
    **dict.fromkeys(("SHORT_BINSTRING", "BINSTRING"), _push),
    **dict.fromkeys(("SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "BYTEARRAY8"), _push),
    "NONE": _constant(lambda: None),
    "NEWTRUE": _constant(lambda: True),
    "NEWFALSE": _constant(lambda: False),
    "EMPTY_TUPLE": _constant(tuple),
    "EMPTY_LIST": _constant(list),
    "EMPTY_SET": _constant(list),
    "EMPTY_DICT": _constant(dict),
    "TUPLE1": _short_tuple(1),
    "TUPLE2": _short_tuple(2),
    "TUPLE3": _short_tuple(3),
    "TUPLE": _tuple,
    "FROZENSET": _list,
    "APPEND": _append,
    **dict.fromkeys(("APPENDS", "ADDITEMS"), _extend),
    "SETITEM": _set_item,
    "SETITEMS": _set_items,
    "MARK": _mark,
    "POP": _drop,
    "POP_MARK": _drop_mark,
    "DUP": _double,
    **dict.fromkeys(("BINPUT", "LONG_BINPUT"), _put),
    "MEMOIZE": _memoize,
    **dict.fromkeys(("BINGET", "LONG_BINGET"), _get),
    "GLOBAL": _global,
    "STACK_GLOBAL": _stack_global,
    "REDUCE": _reduce,
    "BUILD": _build,
    "BINPERSID": _outside,
}

"""The kinds of rules that tables are made of: whole numbers, numbers, flags, choices, sizes, names."""

from __future__ import annotations

from typing import Any

from striate.layers._rules import RefusedError, Rule, as_number, as_sequence, as_whole


def whole(cure: str, minimum: int | None = 1, maximum: int | None = None) -> Rule:
    """A whole number within closed bounds."""
    wrong: tuple[Any, ...] = (None, "3", 2.5, True, [1])
    wrong += () if minimum is None else (minimum - 1,)
    wrong += () if maximum is None else (maximum + 1,)
    return Rule(
        "whole",
        "a whole number" + _bounds(minimum, maximum),
        cure,
        lambda value, axes: as_whole(value, minimum, maximum),
        wrong,
        minimum=minimum,
        maximum=maximum,
    )


def number(
    cure: str, minimum: float | None = None, maximum: float | None = None, below: float | None = None
) -> Rule:
    """A finite number within closed bounds, or strictly `below` one."""

    def canonical(value: Any, axes: int) -> float:
        found = as_number(value)
        if (minimum is not None and found < minimum) or (maximum is not None and found > maximum):
            raise RefusedError
        if below is not None and found >= below:
            raise RefusedError
        return found

    wrong: tuple[Any, ...] = (None, "0.5", True, float("nan"), float("inf"), [0.5])
    wrong += () if minimum is None else (minimum - 1e-3,)
    wrong += () if maximum is None else (maximum + 1e-3,)
    wrong += () if below is None else (below,)
    limits = _bounds(minimum, maximum) + ("" if below is None else f" and below {below:g}")
    return Rule(
        "number", "a finite number" + limits, cure, canonical, wrong, minimum=minimum, maximum=maximum
    )


def flag(cure: str) -> Rule:
    """True or False, and nothing that merely looks like one."""

    def canonical(value: Any, axes: int) -> bool:
        if isinstance(value, bool):
            return value
        if type(value).__name__ in ("bool", "bool_") and getattr(value, "ndim", None) == 0:
            return bool(value)
        raise RefusedError

    return Rule("flag", "True or False", cure, canonical, (None, 1, "true", 0.0))


def choice(cure: str, *names: str) -> Rule:
    """One of a few names."""

    def canonical(value: Any, axes: int) -> str:
        if not isinstance(value, str) or value not in names:
            raise RefusedError
        return str(value)

    listed = " or ".join(repr(name) for name in names)
    return Rule("choice", listed, cure, canonical, (None, "sideways", 1, names[0] + " "), choices=names)


def sizes(cure: str, minimum: int = 1) -> Rule:
    """A whole number for each spatial axis; a single one stands for all of them."""

    def canonical(value: Any, axes: int) -> tuple[int, ...]:
        if hasattr(value, "__index__") and not getattr(value, "ndim", 0):
            return (as_whole(value, minimum),) * axes
        found = tuple(as_whole(entry, minimum) for entry in as_sequence(value))
        if len(found) != axes:
            raise RefusedError
        return found

    return Rule(
        "sizes",
        f"a whole number of at least {minimum}, or one for each spatial axis",
        cure,
        canonical,
        (None, minimum - 1, "3", 2.5, True, (3, 3, 3), (minimum - 1, 3), ()),
        minimum=minimum,
    )


def shape(cure: str, minimum: int = 1) -> Rule:
    """A tuple of whole numbers, such as (28, 28, 1)."""

    def canonical(value: Any, axes: int) -> tuple[int, ...]:
        return tuple(as_whole(entry, minimum) for entry in as_sequence(value))

    expected = f"a tuple of whole numbers of at least {minimum}"
    return Rule("shape", expected, cure, canonical, (None, 28, "28", (28, 2.5), (minimum - 1,), (28, None)))


def padding(cure: str, *words: str) -> Rule:
    """One of the words, a whole number for all sides, or a (before, after) pair for each spatial axis."""

    def canonical(value: Any, axes: int) -> str | tuple[tuple[int, int], ...]:
        if isinstance(value, str):
            if value.lower() not in words or (value.lower() == "causal" and axes != 1):
                raise RefusedError
            return value.lower()
        if hasattr(value, "__index__") and not getattr(value, "ndim", 0):
            side = as_whole(value, 0)
            return ((side, side),) * axes
        pairs = tuple(tuple(as_whole(side, 0) for side in as_sequence(pair)) for pair in as_sequence(value))
        if len(pairs) != axes or any(len(pair) != 2 for pair in pairs):
            raise RefusedError
        return tuple((before, after) for before, after in pairs)

    listed = ", ".join(repr(word) for word in words)
    expected = f"{listed}, a whole number, or (before, after) for each axis"
    wrong = (None, "full", -1, 1.5, True, (1, 1), ((1, 1), (1, 1), (1, 1)), ((1, -1), (0, 0)))
    return Rule("padding", expected, cure, canonical, wrong, choices=words)


def data_format() -> Rule:
    """Channels last, and nothing else; None stands for it, as in Keras."""

    def canonical(value: Any, axes: int) -> str:
        if not (value is None or (isinstance(value, str) and value == "channels_last")):
            raise RefusedError
        return "channels_last"

    cure = "Move the channels to the last axis, for instance with numpy.moveaxis(x, 1, -1)."
    wrong = ("channels_first", "NCHW", 3)
    return Rule("choice", "'channels_last' or None", cure, canonical, wrong, choices=("channels_last",))


def entries(cure: str, expected: str, minimum: int | None, *wrong: Any, empty: bool = True) -> Rule:
    """A tuple of whole numbers that are at least `minimum`; one number alone stands for a tuple of one."""

    def canonical(value: Any, axes: int) -> tuple[int, ...]:
        alone = hasattr(value, "__index__") and not getattr(value, "ndim", 0)
        found = tuple(as_whole(entry, minimum) for entry in ((value,) if alone else as_sequence(value)))
        if not (found or empty) or len(set(found)) != len(found):
            raise RefusedError
        return found

    return Rule("shape", expected, cure, canonical, (None, "1", 1.5, True, (1, 1), *wrong), minimum=minimum)


def text(cure: str) -> Rule:
    """A name that is harmless in paths and files; a slash would join the names of nested networks."""

    def canonical(value: Any, axes: int) -> str:
        if not isinstance(value, str) or not 1 <= len(value) <= 100 or value in (".", ".."):
            raise RefusedError
        if set(value) & set("/\\:") or not value.isprintable():
            raise RefusedError
        return str(value)

    expected = "1 to 100 printable characters without / \\ :"
    return Rule("text", expected, cure, canonical, (None, "", "a/b", 3, "a\nb", "..", "a" * 101, "c:\\"))


def _bounds(minimum: float | None, maximum: float | None) -> str:
    if minimum is None or maximum is None:
        return ("" if minimum is None else f" of at least {minimum:g}") + (
            "" if maximum is None else f" of at most {maximum:g}"
        )
    return f" from {minimum:g} to {maximum:g}"

"""Names of nodes: readable, unique, and harmless wherever a path may end up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from striate.errors import Problem

MAX_LENGTH = 100
_EXPECTED = f"1 to {MAX_LENGTH} printable characters without / \\ :"
_CURE = "Write for instance name='conv1'."


def name_problem(name: object) -> Problem | None:
    """What is wrong with a name, or None. Names end up in paths, files and pages, so they are harmless there.

    >>> name_problem("conv1") is None
    True
    >>> print(name_problem("a/b"))
    'a/b': the name holds a character that paths and files cannot; expected 1 to 100 printable characters
    without / \\ :.
      Write for instance name='conv1'.
    """
    shown = ascii(name)
    where = shown if len(shown) <= 60 else shown[:57] + "..."
    if not isinstance(name, str):
        return Problem(where, "the name is no text", _EXPECTED, _CURE)
    if not 1 <= len(name) <= MAX_LENGTH or name in (".", ".."):
        return Problem(where, "the name is empty, too long or made of dots", _EXPECTED, _CURE)
    if not name.isprintable() or set(name) & set("/\\:"):
        return Problem(where, "the name holds a character that paths and files cannot", _EXPECTED, _CURE)
    return None


def choose_names(wishes: Sequence[tuple[str | None, str]]) -> tuple[list[str], list[Problem]]:
    """A name for each node: the wished one, or its kind with a number that nobody wished for.

    Args:
        wishes: (name or None, kind) in order.

    Returns:
        Unique names in order, and what is wrong with the wishes that could not be granted.

    >>> choose_names([(None, "conv"), ("head", "dense"), (None, "conv"), (None, "dense")])
    (['conv1', 'head', 'conv2', 'dense1'], [])
    """
    wished = [name for name, _ in wishes if name is not None]
    problems = [problem for name in dict.fromkeys(wished) if (problem := name_problem(name))]
    problems += duplicate_problems(wished)
    good, free = {name for name in wished if name_problem(name) is None}, set(wished)
    names, used, counts = [], set(wished), Counter[str]()
    for name, kind in wishes:
        granted = name is not None and name in good and name in free
        names.append(name if name is not None and granted else _next(kind, counts, used))
        free.discard(name or "")
    return names, problems


def duplicate_problems(names: Iterable[str]) -> list[Problem]:
    """A problem for every name that is used more than once.

    >>> print(*duplicate_problems(["a", "b", "a"]))
    a: 2 layers have this name; expected a name of its own for each.
      Give each its own name=..., or leave names out.
    """
    cure = "Give each its own name=..., or leave names out."
    return [
        Problem(str(name), f"{count} layers have this name", "a name of its own for each", cure)
        for name, count in Counter(names).items()
        if count > 1
    ]


def repeated_name(name: str, taken: set[str]) -> str:
    """The name of a further call of a layer: conv1, conv1_2, conv1_3.

    >>> repeated_name("conv1", {"conv1", "conv1_2"})
    'conv1_3'
    """
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"


def _next(kind: str, counts: Counter[str], used: set[str]) -> str:
    counts[kind] += 1
    while f"{kind}{counts[kind]}" in used:
        counts[kind] += 1
    return f"{kind}{counts[kind]}"

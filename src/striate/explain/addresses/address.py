"""The address of a number: a path, whether its gradient is meant, an index, the step of a recorded run."""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from striate.errors import ArgumentError, Problem

_ENDING = re.compile(r"(?P<grad>\.grad)?(?:\[(?P<index>[^\[\]]*)\])?(?:@step=(?P<step>[^@/]*))?")
_BEGINNINGS = re.compile(r"\.grad|\[|@step=")
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
EXAMPLE = "conv2/output[0,5,3,7]"


class Span(NamedTuple):
    """A slice of an axis, as a value that can be compared and hashed."""

    start: int | None = None
    stop: int | None = None
    step: int | None = None

    def __str__(self) -> str:
        """As Python writes it."""
        ends = [("" if n is None else str(n)) for n in (self.start, self.stop)]
        return ":".join([*ends, str(self.step)] if self.step is not None else ends)


Entry = int | Span
"""One axis of an index."""


@dataclass(frozen=True)
class Address:
    """Which numbers of a network are meant; frozen, comparable, and written as text.

    Args:
        path: of the numbers: "conv2/output", "conv2/kernel", "conv2/preactivation", "input1", "loss".
        grad: True for the gradient with respect to them.
        index: a whole number or a `Span` for each axis, the batch being the first axis of activations; axes
            left out are meant whole. None for all numbers.
        step: the step of a recorded run, or None for the model as it is.

    `str` and `Address.parse` are inverse to each other.

    >>> address = Address.parse("conv2/weights.grad[0, 1:3, :, -1]@step=120")
    >>> address.path, address.grad, address.index[3], address.step
    ('conv2/weights', True, -1, 120)
    >>> str(address)
    'conv2/weights.grad[0,1:3,:,-1]@step=120'
    """

    path: str
    grad: bool = False
    index: tuple[Entry, ...] | None = None
    step: int | None = None

    @classmethod
    def parse(cls, text: str | Address) -> Address:
        """The address that a text means, read from its end; whether the path exists is not asked here.

        Raises:
            ArgumentError: the text is none, or index and step, both at once, are not understood.
        """
        if isinstance(text, Address):
            return text
        if not isinstance(text, str) or not text:
            cure = f"Write for instance {EXAMPLE!r}."
            raise ArgumentError(Problem("address", f"got {_short(text)}", "an address as text", cure))
        return cls.ending_at(text, cuts(text)[0])

    @classmethod
    def ending_at(cls, text: str, cut: int) -> Address:
        """The address whose path is what stands before `cut`.

        Raises:
            ArgumentError: what stands behind it, index and step, is not understood.
        """
        match = _ENDING.fullmatch(text[cut:])
        assert match is not None
        index, problems = _read_index(match["index"], text)
        step, wrong = _read_step(match["step"], text)
        if problems + wrong:
            raise ArgumentError(problems + wrong)
        return cls(text[:cut], match["grad"] is not None, index, step)

    def __str__(self) -> str:
        """The text that `parse` reads."""
        grad = ".grad" if self.grad else ""
        index = "" if self.index is None else f"[{','.join(map(str, self.index))}]"
        return f"{self.path}{grad}{index}" + ("" if self.step is None else f"@step={self.step}")

    def __repr__(self) -> str:
        """The call that makes it."""
        return f"Address.parse({str(self)!r})"

    @property
    def key(self) -> tuple[int | slice, ...]:
        """The index as NumPy takes it."""
        entries = () if self.index is None else self.index
        return tuple(slice(*entry) if isinstance(entry, Span) else entry for entry in entries)


def cuts(text: str) -> list[int]:
    """Where the path of an address may end, the shortest path first; layers may be named like endings.

    >>> cuts("block[2].grad[0]"), cuts("conv1/output")
    ([8, 13, 16], [12])
    """
    starts = [match.start() for match in _BEGINNINGS.finditer(text)]
    return [cut for cut in (*starts, len(text)) if cut and _ENDING.fullmatch(text[cut:])]


def entries_of(index: object) -> tuple[Entry, ...]:
    """The entries of an index as Python has it: whole numbers and slices, one or a tuple of them.

    Raises:
        ArgumentError: it holds something else.
    """
    parts: tuple[Any, ...] = index if isinstance(index, tuple) else (index,)
    if not all(isinstance(part, slice) or hasattr(part, "__index__") for part in parts):
        cure = "Write for instance [0, :, 2]."
        raise ArgumentError(Problem("index", f"got {_short(index)}", "whole numbers and slices", cure))
    return tuple(Span(p.start, p.stop, p.step) if isinstance(p, slice) else operator.index(p) for p in parts)


def index_problems(address: Address, shape: tuple[int, ...]) -> list[Problem]:
    """Everything that is wrong with an index for numbers of this shape."""
    entries = address.index or ()
    where = str(address)
    if len(entries) > len(shape):
        happened = f"the index has {_axes(len(entries))} and the numbers have shape {shape}"
        cure = "Leave axes out at the end to mean them whole."
        return [Problem(where, happened, f"at most {_axes(len(shape))}", cure)]
    problems = []
    for axis, (entry, size) in enumerate(zip(entries, shape, strict=False)):
        if isinstance(entry, Span):
            if entry.step == 0 or not len(range(size)[slice(*entry)]):
                happened = f"{entry} takes nothing of axis {axis}, which has {size}"
                cure = f"The numbers have shape {shape}."
                problems.append(Problem(where, happened, "a slice of at least one number", cure))
        elif not -size <= entry < size:
            happened, expected = (
                f"{entry} on axis {axis} is out of range",
                f"0 to {size - 1}, or {-size} to -1",
            )
            problems.append(Problem(where, happened, expected, f"The numbers have shape {shape}."))
    return problems


def settled(address: Address, shape: tuple[int, ...]) -> Address:
    """The same numbers with counted-from-the-end entries counted from 0 and whole axes at the end left out.

    >>> str(settled(Address.parse("a/output[-1,:,2,:]"), (4, 5, 6, 7)))
    'a/output[3,:,2]'
    """
    entries = list(address.index or ())
    for axis, entry in enumerate(entries):
        if isinstance(entry, int):
            entries[axis] = entry % shape[axis]
        else:
            start, stop, step = slice(*entry).indices(shape[axis])
            whole = (start, stop, step) == (0, shape[axis], 1)
            entries[axis] = Span() if whole else Span(*_ends(range(start, stop, step)))
    while entries and entries[-1] == Span():
        entries.pop()
    return Address(address.path, address.grad, tuple(entries) or None, address.step)


def _ends(numbers: range) -> tuple[int, int | None, int | None]:
    """Start, stop and step as a slice has them; None where a negative step runs past the first number."""
    last = numbers[-1] + (1 if numbers.step > 0 else -1)
    return numbers[0], None if last < 0 else last, None if numbers.step == 1 else numbers.step


def places(address: Address, shape: tuple[int, ...]) -> np.ndarray:
    """(n, rank) the indices of the numbers that an address names, in reading order."""
    numbered = np.arange(int(np.prod(shape, dtype=np.int64))).reshape(shape)
    chosen = np.asarray(numbered[address.key]).ravel()
    return np.stack(np.unravel_index(chosen, shape), -1) if shape else np.zeros((1, 0), np.int64)


def _read_index(text: str | None, whole: str) -> tuple[tuple[Entry, ...] | None, list[Problem]]:
    """The entries between the brackets, and what is wrong with them."""
    if text is None or not text.strip():
        return None, []
    entries, wrong = [], []
    for part in text.split(","):
        numbers = [number.strip() for number in part.split(":")]
        if len(numbers) > 3 or not all(_WHOLE.fullmatch(n) or (not n and len(numbers) > 1) for n in numbers):
            wrong.append(part.strip())
            continue
        values = [int(number) if number else None for number in numbers]
        entries.append(values[0] if len(values) == 1 else Span(*values))
    if wrong:
        happened = f"the index holds {', '.join(map(_short, wrong))}"
        cure = "Write for instance [0,5,3,7] or [0,:,2:5,-1]."
        return None, [Problem(shown(whole), happened, "whole numbers and slices", cure)]
    return tuple(entries), []


def _read_step(text: str | None, whole: str) -> tuple[int | None, list[Problem]]:
    if text is None or re.fullmatch(r"[0-9]{1,18}", text):
        return None if text is None else int(text), []
    happened, cure = f"the step is {_short(text)}", "Write for instance @step=120."
    return None, [Problem(shown(whole), happened, "a whole number of at least 0", cure)]


def _axes(count: int) -> str:
    return f"{count} ax{'i' if count == 1 else 'e'}s"


def _short(value: object) -> str:
    shown = ascii(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."


def shown(text: str) -> str:
    """A text as it stands at the head of a message: printable and of bounded length."""
    shown = ascii(text)[1:-1]
    return shown if len(shown) <= 80 else shown[:77] + "..."

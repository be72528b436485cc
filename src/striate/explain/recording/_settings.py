"""What a person says about a recording, checked before a model is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from striate.errors import ArgumentError, Problem
from striate.explain.recording._layout import DTYPES
from striate.explain.recording._selecting import ON, WHAT, check_words
from striate.explain.recording.planning import wanted_steps

OVER_LIMIT = ("thin", "stop", "refuse")


@dataclass(frozen=True)
class Settings:
    """The arguments of `Recorder`, in their checked form.

    Args:
        path, layers, examples, dtype, limit, over_limit, overwrite: as they were given.
        what, on: as tuples. wanted: whether a step is wanted.
    """

    path: Path
    layers: Any
    what: tuple[str, ...]
    wanted: Callable[[int], bool]
    examples: Any
    on: tuple[str, ...]
    dtype: str
    limit: int
    over_limit: str
    overwrite: bool

    @property
    def count(self) -> int:
        """How many examples are kept."""
        if isinstance(self.examples, int):
            return self.examples
        first = self.examples[0] if isinstance(self.examples, tuple) else self.examples
        arrays = first.values() if isinstance(first, dict) else first if isinstance(first, list) else [first]
        return len(np.asarray(next(iter(arrays))))


def checked(
    path: Any,
    layers: Any,
    what: Any,
    steps: Any,
    examples: Any,
    on: Any,
    dtype: Any,
    limit: Any,
    over_limit: Any,
    overwrite: bool,
) -> Settings:
    """The settings.

    Raises:
        ArgumentError: all that is wrong with them.
    """
    problems: list[Problem] = []
    words = [_kept(lambda: check_words("what", what, WHAT), problems)]
    words.append(_kept(lambda: check_words("on", on, ON), problems))
    wanted = _kept(lambda: wanted_steps(steps), problems)
    problems += _value_problems(examples, dtype, limit, over_limit)
    if problems:
        raise ArgumentError(problems)
    chosen = tuple(words[0]), wanted, examples, tuple(words[1])
    return Settings(Path(path), layers, *chosen, dtype, int(limit), over_limit, overwrite)


def _value_problems(examples: Any, dtype: Any, limit: Any, over_limit: Any) -> list[Problem]:
    """Values outside their rules."""
    rules = [
        ("dtype", dtype, dtype in DTYPES, f"one of {', '.join(DTYPES)}", "Write dtype='float32'."),
        ("over_limit", over_limit, over_limit in OVER_LIMIT, f"one of {', '.join(OVER_LIMIT)}",
         "Write over_limit='thin'."),
        ("limit_bytes", limit, _whole(limit), "a whole number from 1", "Write limit_bytes=2**30, one GiB."),
        ("examples", examples, not isinstance(examples, int | float) or _whole(examples),
         "a whole number from 1, x, or (x, y)", "Write for instance examples=4."),
    ]  # fmt: skip
    return [
        Problem(f"Recorder.{name}", f"got {value!r}", expected, cure)
        for name, value, good, expected, cure in rules
        if not good
    ]


def _kept(check: Callable[[], Any], problems: list[Problem]) -> Any:
    """What a check gives; what it raises is collected."""
    try:
        return check()
    except ArgumentError as error:
        problems += error.problems
        return ()


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1

"""What went wrong, what was expected, and the cure: one record for every error and warning of the house."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, said so that the reader can mend it.

    Args:
        where: the layer's path, the argument, or the file and entry it is about.
        happened: what was found, with its numbers, as a clause without a full stop.
        expected: what would have been right, as a noun phrase.
        cure: what to do, as a sentence.
        severity: "error" stops the work, "warning" is only reported.

    >>> print(Problem("conv1", "the kernel 5x5 is larger than the image 3x3", "an image of at least 5x5",
    ...               "Use a smaller kernel or padding='same'."))
    conv1: the kernel 5x5 is larger than the image 3x3; expected an image of at least 5x5.
      Use a smaller kernel or padding='same'.
    """

    where: str
    happened: str
    expected: str
    cure: str
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        """The sentence and its cure, each on a line."""
        return f"{self.where}: {self.happened}; expected {self.expected}.\n  {self.cure}"


class StriateError(ValueError):
    """The only kind of error that Striate raises for a user's mistake; it lists every problem at once."""

    def __init__(self, problems: Problem | Sequence[Problem]) -> None:
        """Args: problems: one problem, or all that were found together."""
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__(_text(self.problems))


class ArgumentError(StriateError):
    """An argument has a value outside its rule."""


class ShapeError(StriateError):
    """Shapes do not fit together."""


class DataError(StriateError):
    """Data (pictures, labels, a data set) cannot be used as they are."""


class FormatError(StriateError):
    """A file is not what it claims to be."""


class TrainingError(StriateError):
    """Training cannot go on, for instance because a number is not finite."""


def _text(problems: Sequence[Problem]) -> str:
    """The message: the only problem, or all of them numbered."""
    if len(problems) == 1:
        return str(problems[0])
    lines = [f"{number}. {problem}" for number, problem in enumerate(problems, 1)]
    return "\n".join([f"{len(problems)} problems:", *lines])

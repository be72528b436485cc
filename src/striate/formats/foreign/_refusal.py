"""Saying what is wrong with a file of another framework."""

from __future__ import annotations

from typing import NoReturn

from striate.errors import FormatError, Problem

CURE = "Get the file again from where it came, or ask its maker for the weights as safetensors."
CODE_CURE = (
    "Nothing of it was run. Ask for a file of weights alone (PyTorch: torch.save(model.state_dict(), path))."
)


class Misfit(Exception):
    """A value from a file that does not fit its place; whoever knows the place makes a FormatError of it."""

    def __init__(self, happened: str, expected: str, cure: str = CURE) -> None:
        """Args: happened: what was found. expected: what would have been right. cure: what to do."""
        super().__init__(happened)
        self.happened, self.expected, self.cure = happened, expected, cure

    def at(self, where: str) -> FormatError:
        """The error to raise, now that the place is known."""
        return FormatError(Problem(where, self.happened, self.expected, self.cure))


def refusal(where: str, happened: str, expected: str, cure: str = CURE) -> FormatError:
    """The error that says what is wrong with the file."""
    return FormatError(Problem(where, happened, expected, cure))


def refuse(where: str, happened: str, expected: str, cure: str = CURE) -> NoReturn:
    """Raise it."""
    raise refusal(where, happened, expected, cure)

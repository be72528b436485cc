"""Letters for the numbers of a convolution: Latin for inputs and outputs, Greek for shared weights."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from striate.explain.views.wiring import Wiring
from striate.layers._base import Shape

INPUTS = "ABCDEFGHJKLMNO"
OUTPUTS = "PQRSTUVWXYZ"
GREEK = {
    "α": "alpha",
    "β": "beta",
    "γ": "gamma",
    "δ": "delta",
    "ε": "varepsilon",
    "ζ": "zeta",
    "η": "eta",
    "θ": "theta",
    "ι": "iota",
    "κ": "kappa",
    "λ": "lambda",
    "μ": "mu",
    "ν": "nu",
    "ξ": "xi",
    "π": "pi",
    "ρ": "rho",
    "σ": "sigma",
    "τ": "tau",
    "υ": "upsilon",
    "φ": "varphi",
    "χ": "chi",
    "ψ": "psi",
    "ω": "omega",
}
"""The letters of weights, and what LaTeX calls them; omicron looks like an o and is left out."""

_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@dataclass(frozen=True)
class Name:
    """A letter, and numbers below it.

    >>> Name("α", (0,)).text, Name("x", (3, 12)).text, Name("α", (0,)).latex
    ('α₀', 'x[3,12]', '\\\\alpha_{0}')
    """

    letter: str
    below: tuple[int, ...] = ()

    @property
    def text(self) -> str:
        """For terminals and pictures; several digits stand in brackets."""
        if all(number < 10 for number in self.below):
            return self.letter + "".join(map(str, self.below)).translate(_LOWERED)
        return f"{self.letter}[{','.join(map(str, self.below))}]"

    @property
    def latex(self) -> str:
        """For LaTeX."""
        letter = f"\\{GREEK[self.letter]}" if self.letter in GREEK else self.letter
        return letter + (f"_{{{','.join(map(str, self.below))}}}" if self.below else "")


@dataclass(frozen=True)
class Names:
    """The names of everything in a convolution.

    Single letters are used while they last; then x, w and z with the numbers of their place.
    """

    wiring: Wiring

    def input(self, index: int) -> Name:
        """Of an input, by its flat index."""
        return _placed("x", INPUTS, index, self.wiring.input_shape)

    def output(self, position: Shape, filter: int) -> Name:
        """Of an output."""
        shape = self.wiring.output_shape
        return _placed("z", OUTPUTS, int(np.ravel_multi_index((*position, filter), shape)), shape)

    def weight(self, index: int, filter: int) -> Name:
        """Of a weight, by its flat index; weights of one filter are counted in reading order."""
        several = self.wiring.output_shape[-1] > 1
        if self.lettered:
            return Name(list(GREEK)[self.order(index, filter)], (filter,) if several else ())
        return Name("w", tuple(map(int, np.unravel_index(index, self.wiring.kernel_shape))))

    def bias(self, filter: int) -> Name:
        """Of a bias."""
        return Name("b", (filter,) if self.wiring.output_shape[-1] > 1 else ())

    @property
    def lettered(self) -> bool:
        """Whether there are Greek letters enough for the weights of a filter."""
        links = len(self.wiring.links.read_by(0))
        return self.wiring.shared and math.prod(self.wiring.taps) * links <= len(GREEK)

    def order(self, index: int, filter: int) -> int:
        """Which of a filter's weights this is, tap by tap and channel by channel."""
        tap, offset = divmod(index, self.wiring.links.inner)
        own = self.wiring.links.chosen(filter, None).offsets
        place = int(np.flatnonzero(own == offset)[0])
        return tap * len(own) + place


def _placed(letter: str, letters: str, index: int, shape: Shape) -> Name:
    """A single letter if there are enough, else `letter` with its place; a lone last axis is not named."""
    if math.prod(shape) <= len(letters):
        return Name(letters[index])
    place = tuple(map(int, np.unravel_index(index, shape)))
    return Name(letter, place[:-1] if shape[-1] == 1 else place)


def figure(value: Any, digits: int = 3) -> str:
    """A number as people write it: a few digits, a true minus sign, whole numbers whole.

    >>> figure(np.int64(-4)), figure(0.123456), figure(12345678.0), figure(3.0)
    ('−4', '0.123', '1.23e+07', '3')
    """
    number = value.item() if isinstance(value, np.generic) else value
    text = str(number) if isinstance(number, int) else f"{number + 0.0:.{digits}g}"
    return text.replace("-", "−", 1) if text.startswith("-") else text


def bracketed(value: Any) -> str:
    """A number as a factor: in brackets when it is negative."""
    text = figure(value)
    return f"({text})" if text.startswith("−") else text

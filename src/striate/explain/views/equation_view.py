"""The equation view: each output is a sum of inputs times weights that all equations share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from striate.explain.views._cells import colour
from striate.explain.views._names import Name, bracketed, figure
from striate.explain.views._writing import Token, written
from striate.explain.views.focus import Focus
from striate.layers._base import Shape
from striate.pages import Note, Panel, Part, Shown, Table

MOST_TERMS = 12
MOST_EQUATIONS = 9


@dataclass(frozen=True)
class Term:
    """One product.

    Args:
        weight, input: their names. factor, value: their numbers. order: which of the filter's weights it is.
    """

    weight: Name
    input: Name
    factor: float
    value: float
    order: int

    @property
    def product(self) -> float:
        """Weight times input."""
        return self.factor * self.value


@dataclass(frozen=True)
class Equation:
    """How one output number is made: Σ weight · input + bias = output.

    Args:
        terms: the products; taps on padding have none. bias: its name and number, or None.
        output: its name. sum: its number.
    """

    terms: tuple[Term, ...]
    bias: tuple[Name, float] | None
    output: Name
    sum: float

    def text(self, most: int = MOST_TERMS) -> str:
        """In letters: αA + βB + γD + δE + b = P."""
        terms = [f"{term.weight.text}{term.input.text}" for term in self.terms]
        return self._joined(terms, "" if self.bias is None else self.bias[0].text, self.output.text, most)

    def numbers(self, most: int = MOST_TERMS) -> str:
        """In numbers."""
        terms = [f"{bracketed(term.factor)}·{bracketed(term.value)}" for term in self.terms]
        bias = "" if self.bias is None else bracketed(self.bias[1])
        return self._joined(terms, bias, figure(self.sum), most)

    def latex(self, most: int = 10_000) -> str:
        """In LaTeX: \\alpha A + \\beta B + … = P."""
        terms = [f"{term.weight.latex} {term.input.latex}" for term in self.terms]
        bias = "" if self.bias is None else self.bias[0].latex
        return self._joined(terms, bias, self.output.latex, most).replace("…", "\\dots")

    def _joined(self, terms: list[str], bias: str, output: str, most: int) -> str:
        shortened = terms if len(terms) <= most else [*terms[: most - 1], "…", terms[-1]]
        return f"{' + '.join([*shortened, *([bias] if bias else [])]) or '0'} = {output}"


@dataclass(frozen=True, eq=False)
class EquationView(Shown):
    """One equation for each output position of a filter.

    Args:
        title: a heading. focus: where to look.
    """

    title: str
    focus: Focus

    def at(self, position: Shape) -> Equation:
        """The equation of an output position."""
        convolution, filter, names = self.focus.convolution, self.focus.filter, self.focus.names
        found = convolution.terms(position, filter)
        terms = tuple(
            Term(names.weight(w, filter), names.input(i), factor, value, names.order(w, filter))
            for i, w, value, factor in zip(*(array.tolist() for array in found), strict=True)
        )
        bias = convolution.bias_at(position, filter)
        named = None if bias is None else (names.bias(filter), bias.item())
        total = convolution.number(position, filter).item()
        return Equation(terms, named, names.output(position, filter), total)

    @property
    def equations(self) -> tuple[Equation, ...]:
        """Those that are shown: all of a small output, else some around the position in focus."""
        return tuple(self.at(position) for position in self.focus.near(MOST_EQUATIONS))

    def latex(self) -> str:
        """The shown equations, aligned."""
        lines = [equation.latex().replace(" = ", " &= ") for equation in self.equations]
        return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"

    def parts(self) -> Sequence[Part]:
        """The equations in letters, as a picture with a colour for each weight, and in numbers."""
        equations = self.equations
        letters = "\n".join(equation.text() for equation in equations)
        numbers = "\n".join(equation.numbers() for equation in equations)
        picture = written([_tokens(equation) for equation in equations])
        return [
            Note(self._sentence(equations)),
            Panel("in letters", picture, "equal colours are equal weights", smooth=True),
            Note(letters, code=True),
            Note(numbers, code=True),
            *self._legend(equations),
        ]

    def _sentence(self, equations: Sequence[Equation]) -> str:
        count = int(np.prod(self.focus.convolution.wiring.places))
        some = "all" if len(equations) == count else f"{len(equations)} of"
        longest = max(len(equation.terms) for equation in equations)
        cut = f" Each has up to {longest} terms, not all written out." if longest > MOST_TERMS else ""
        shared = (
            "share their weights" if self.focus.convolution.wiring.shared else "have weights of their own"
        )
        return f"Here are {some} {count} equations of filter {self.focus.filter}; they {shared}.{cut}"

    def _legend(self, equations: Sequence[Equation]) -> list[Part]:
        """What each letter stands for, where there are letters."""
        if not self.focus.names.lettered:
            return []
        weights = {term.order: (term.weight.text, term.factor) for e in equations for term in e.terms}
        rows = [[name, figure(value)] for _, (name, value) in sorted(weights.items())]
        bias = next((equation.bias for equation in equations), None)
        return [
            Table(["weight", "number"], [*rows, *([] if bias is None else [[bias[0].text, figure(bias[1])]])])
        ]


def _tokens(equation: Equation) -> list[Token]:
    """An equation as coloured words."""
    terms = equation.terms
    most = MOST_TERMS if all(len(term.weight.below) < 2 for term in terms) else MOST_TERMS // 2
    cut = len(terms) > most
    shown = [*terms[: most - 1], terms[-1]] if cut else terms
    tokens: list[Token] = []
    for number, term in enumerate(shown):
        if cut and number == len(shown) - 1:
            tokens.append(Token("… + "))
        tokens += [Token(term.weight.text, colour(term.order)), Token(f" {term.input.text}  +  ")]
    tokens.append(Token("0" if equation.bias is None and not terms else ""))
    if equation.bias is not None:
        tokens.append(Token(equation.bias[0].text))
    elif terms:
        tokens[-2] = Token(tokens[-2].word.removesuffix("  +  "))
    return [*tokens, Token(f"  =  {equation.output.text}")]

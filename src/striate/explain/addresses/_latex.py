"""Explanations as LaTeX, for a paper or a page that typesets mathematics."""

from __future__ import annotations

import math
import re

from striate.explain.addresses.address import Address
from striate.explain.addresses.terms import Factor, Made, Term

_ESCAPES = {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    **{letter: f"\\{letter}" for letter in "&%$#_{}"},
}

_SIGNS = {"σ": r"\sigma ", "Φ": r"\Phi ", "φ": r"\varphi ", "·": r"\cdot ", "²": "^2", "³": "^3"}
_FUNCTIONS = ("log", "exp", "tanh")
_TOKEN = re.compile(
    r"(?P<number>[0-9.]+(?:e-?[0-9]+)?)|(?P<word>[A-Za-z_](?:[A-Za-z_0-9 ]*[A-Za-z_0-9])?)|(?P<sign>[σΦφ·²³])"
)


def escape(text: str) -> str:
    r"""A text for LaTeX's text mode; characters that do not print are shown as codes.

    >>> print(escape("my_layer{1}"))
    my\_layer\{1\}
    """
    shown = (letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
    return "".join(_ESCAPES.get(letter, letter) for word in shown for letter in word)


def name(address: Address) -> str:
    r"""An address in mathematics.

    >>> print(name(Address.parse("conv1/output[0,2]")))
    \texttt{conv1/output}_{0,2}
    """
    index = "" if address.index is None else f"_{{{','.join(map(str, address.index))}}}"
    path = rf"\texttt{{{escape(address.path)}}}{index}"
    return rf"\frac{{\partial L}}{{\partial\,{path}}}" if address.grad else path


def decimal(value: float) -> str:
    r"""A number as LaTeX writes it: 1.5 \cdot 10^{-7}; what is not finite as words."""
    if not math.isfinite(value):
        return rf"\text{{{value}}}"
    mantissa, _, exponent = f"{value:.7g}".partition("e")
    return mantissa if not exponent else rf"{mantissa} \cdot 10^{{{int(exponent)}}}"


def equation(address: Address, value: float, made: Made | None, most: int) -> str:
    """Aligned lines: the number as a sum of named products, the same with numbers, the value."""
    lines = []
    if made is not None and len(made):
        terms, others, rest = made.largest(most)
        lines.append(_sum([_symbols(term) for term in terms], rf"\ldots_{{{others}}}" if others else ""))
        lines.append(_sum([_numbers(term) for term in terms], _bracketed(rest) if others else ""))
    lines.append(decimal(value))
    body = " \\\\\n  ".join(f"&= {line}" for line in dict.fromkeys(lines))
    return f"\\begin{{aligned}}\n  {name(address)} {body}\n\\end{{aligned}}"


def form(factor: Factor) -> str:
    """A factor by its name."""
    chunks = factor.form.split("{}")
    names = [name(address) for address in factor.addresses]
    return "".join(_words(c) + n for c, n in zip(chunks, [*names, ""], strict=True)).strip()


def _symbols(term: Term) -> str:
    return r" \cdot ".join(form(factor) for factor in term.factors)


def _numbers(term: Term) -> str:
    return r" \cdot ".join(_bracketed(factor.value) for factor in term.factors)


def _bracketed(value: float) -> str:
    return f"({decimal(value)})" if value < 0 else decimal(value)


def _sum(terms: list[str], rest: str) -> str:
    return " + ".join([*terms, rest] if rest else terms)


def _words(text: str) -> str:
    """The letters between the numbers of a factor: functions upright, phrases as text, signs as signs."""
    return _TOKEN.sub(_token, text)


def _token(match: re.Match[str]) -> str:
    found = match[0]
    if match["number"]:
        return decimal(float(found))
    if match["sign"]:
        return _SIGNS[found]
    if found in _FUNCTIONS:
        return f"\\{found} "
    return rf"\text{{{escape(found)}}}" if " " in found else rf"\operatorname{{{escape(found)}}}"

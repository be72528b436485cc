"""Results on standard output, everything else on standard error; hostile text is shown, not obeyed."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

_JOINERS = "\u200c\u200d"


def results() -> Console:
    """Where results go; no markup, no colours in a pipe."""
    return Console(highlight=False, markup=False, emoji=False)


def messages() -> Console:
    """Where progress, hints and errors go."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def inert(text: object) -> str:
    """Text whose control and direction characters are shown as codes; line ends stay.

    >>> inert("a\\x1b[2J\\u202eb")
    'a\\\\x1b[2J\\\\u202eb'
    """
    return "".join(letter if _harmless(letter) else ascii(letter)[1:-1] for letter in str(text))


def one_line(text: object) -> str:
    """The same for a name, whose line ends are shown as codes too.

    >>> one_line("a\\nb")
    'a\\\\nb'
    """
    return inert(text).replace("\n", "\\n")


def show(text: str | Text) -> None:
    """A result, on standard output; only a terminal breaks its lines."""
    console = results()
    console.print(Text(inert(text)) if isinstance(text, str) else text, soft_wrap=not console.is_terminal)


def say(text: str) -> None:
    """A message for the person, on standard error."""
    console = messages()
    console.print(Text(inert(text)), soft_wrap=not console.is_terminal)


def show_json(values: Mapping[str, Any] | list[Any]) -> None:
    """One line of JSON on standard output; letters that act on a terminal are escaped."""
    text = json.dumps(values, ensure_ascii=False, allow_nan=False)
    letters = (letter if _harmless(letter) else _json_code(letter) for letter in text)
    sys.stdout.write("".join(letters) + "\n")


def bar(share: float, width: int) -> str:
    """A bar of eighths of a letter.

    >>> bar(0.5, 4), bar(0.03, 4)
    ('██', '▏')
    """
    eighths = max(round(share * width * 8), 1 if share > 0 else 0)
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()


def quantity(number: float | None) -> str:
    """Bytes as a person says them.

    >>> quantity(170_052_171), quantity(900), quantity(None)
    ('170 MB', '900 B', 'unknown')
    """
    if number is None:
        return "unknown"
    units = ("B", "kB", "MB", "GB", "TB")
    power = 0
    while number >= 999.5 and power < len(units) - 1:
        number, power = number / 1000, power + 1
    return f"{number:.0f} {units[power]}" if number >= 10 or power == 0 else f"{number:.1f} {units[power]}"


def _harmless(letter: str) -> bool:
    """True for what a terminal only draws."""
    return letter.isprintable() or letter in "\n" + _JOINERS or unicodedata.category(letter) == "Zs"


def _json_code(letter: str) -> str:
    """The letter as a JSON escape; beyond 16 bits as a pair of surrogates."""
    return json.dumps(letter)[1:-1]

"""What every result that a person may look at can do: stand in a notebook, become a page or a picture."""

from __future__ import annotations

import abc
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from striate.errors import ArgumentError, Problem
from striate.pages import html
from striate.pages.drawing import sheet
from striate.pages.mosaic import comfortable, data_address, png

ENDINGS = (".html", ".png")


@dataclass(frozen=True)
class Panel:
    """A picture with a title.

    Args:
        title: what it shows. pixels: (H, W, 3) uint8. caption: a line below it.
        smooth: True for photographs, False where single pixels are to be seen.
    """

    title: str
    pixels: np.ndarray
    caption: str = ""
    smooth: bool = False


@dataclass(frozen=True)
class Table:
    """Numbers in rows; the first column is left-aligned."""

    head: Sequence[object]
    rows: Sequence[Sequence[object]]
    title: str = ""


@dataclass(frozen=True)
class Note:
    """A paragraph, or with `code=True` lines in a fixed width."""

    words: str
    code: bool = False


Part = Panel | Table | Note


class Shown(abc.ABC):
    """A result made of parts; it holds numbers, and is drawn only when somebody looks.

    A class that is shown says `title` and `parts()`; the rest follows: `_repr_html_` for notebooks, `text()`,
    `pixels()`, and `save(path)` as a page (`.html`, complete in itself) or a picture (`.png`).
    """

    title: str

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Keep a dataclass from writing out its arrays: a prompt says the title, `print` says the text."""
        super().__init_subclass__(**kwargs)
        cls.__repr__ = Shown.__repr__

    def __repr__(self) -> str:
        """What it is, in a line."""
        return f"<{type(self).__name__}: {self.title}>"

    def __str__(self) -> str:
        """`text()`."""
        return self.text()

    @abc.abstractmethod
    def parts(self) -> Sequence[Part]:
        """What is shown, in reading order; panels in a row belong side by side."""

    def _repr_html_(self) -> str:
        """For notebooks."""
        return f'<div class="striate"><style>{html.STYLE}</style>{self.html()}</div>'

    def html(self) -> str:
        """The parts as elements of a page, without the page."""
        return html.section(self.title, *_elements(self.parts()))

    def page(self) -> str:
        """A whole document that needs nothing else and runs no script."""
        return html.page(self.title, self.html())

    def text(self) -> str:
        """What a terminal can show: title, notes and tables."""
        return "\n".join([self.title, *(text for part in self.parts() if (text := _as_text(part)))])

    def pixels(self) -> np.ndarray:
        """(H, W, 3) uint8: the panels and notes as one picture.

        Raises:
            ArgumentError: there is nothing to draw.
        """
        panels = [(part.title, part.pixels, part.caption) for part in self.parts() if isinstance(part, Panel)]
        if not panels:
            cure = "Save it as a page (.html), or print its text()."
            raise ArgumentError(Problem(self.title, "it has no picture", "a result with pictures", cure))
        return sheet(self.title, [(title, comfortable(pixels), words) for title, pixels, words in panels])

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a page (`.html`) or a picture (`.png`).

        Raises:
            ArgumentError: another ending, or a picture of something that has none.
        """
        target = Path(path)
        if target.suffix.lower() not in ENDINGS:
            cure = "End the name in .html or .png."
            raise ArgumentError(
                Problem(str(path), f"its ending is {target.suffix!r}", "a page or a picture", cure)
            )
        if target.suffix.lower() == ".png":
            target.write_bytes(png(self.pixels()))
        else:
            target.write_text(self.page(), encoding="utf-8")
        return target


def _elements(parts: Sequence[Part]) -> list[str]:
    """The parts as HTML; panels that follow one another share a row."""
    elements: list[str] = []
    row: list[str] = []
    for part in (*parts, Note("")):
        if isinstance(part, Panel):
            row.append(_figure(part))
            continue
        if row:
            elements.append(f'<div class="panels">{"".join(row)}</div>')
            row = []
        elements.append(_element(part))
    return elements


def _element(part: Table | Note) -> str:
    if isinstance(part, Table):
        return (html.paragraph(part.title, "dim") if part.title else "") + html.table(part.head, part.rows)
    if part.code:
        return f'<div class="wide"><pre>{html.escape_lines(part.words)}</pre></div>'
    return html.paragraph(part.words) if part.words else ""


def _figure(panel: Panel) -> str:
    title, caption = html.escape(panel.title), html.escape(panel.caption)
    kind = "" if panel.smooth else ' class="pixels"'
    picture = f'<img{kind} alt="{title}" src="{data_address(comfortable(panel.pixels))}">'
    words = f'<figcaption>{title}{"<br>" if caption else ""}<span class="dim">{caption}</span></figcaption>'
    return f"<figure>{picture}{words}</figure>"


def _as_text(part: Part) -> str:
    if isinstance(part, Note):
        return html.inert_lines(part.words)
    if isinstance(part, Panel):
        return ""
    lines = [[html.inert(cell) for cell in row] for row in (part.head, *part.rows) if row]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    padded = (
        "  ".join(_aligned(cell, w, n) for n, (cell, w) in enumerate(zip(line, widths, strict=True)))
        for line in lines
    )
    return "\n".join([part.title, *padded] if part.title else padded)


def _aligned(cell: str, width: int, column: int) -> str:
    return cell.ljust(width) if column == 0 else cell.rjust(width)

"""How a folder of pictures is to be read: the options that several commands share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from striate.errors import ArgumentError, Problem

if TYPE_CHECKING:
    from striate.tasks import PictureOptions

Table = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="A CSV or JSON-lines file of file names and answers, for a folder."),
]
FileColumn = Annotated[str | None, typer.Option(metavar="NAME", help="The table's column of file names.")]
LabelColumn = Annotated[str | None, typer.Option(metavar="NAME", help="Its column of answers.")]
Target = Annotated[
    str | None,
    typer.Option(
        metavar="KIND",
        help="binary, multinomial, multilabel, continuous or count.",
        show_default="from the labels",
    ),
]
Size = Annotated[
    str | None,
    typer.Option(metavar="HxW", help="Height and width in pixels.", show_default="from the pictures"),
]
Fit = Annotated[
    str | None,
    typer.Option(
        metavar="HOW", help="crop, pad or stretch pictures to that size.", show_default="from the pictures"
    ),
]
SkipBroken = Annotated[bool, typer.Option("--skip-broken", help="Leave out pictures that cannot be read.")]


SplitSeed = Annotated[
    int | None,
    typer.Option(metavar="NUMBER", help="Decides which pictures test.", show_default="that of --seed"),
]


def picture_options(
    table: str | None,
    file_column: str | None,
    label_column: str | None,
    target: str | None,
    size: str | None,
    fit: str | None,
    skip_broken: bool,
    split_seed: int | None = None,
) -> PictureOptions:
    """The options as a value.

    Raises:
        ArgumentError: the size is none.
    """
    from striate.tasks import PictureOptions

    sides = None if size is None else sides_of(size)
    return PictureOptions(table, file_column, label_column, target, sides, fit, None, skip_broken, split_seed)


def sides_of(text: str) -> tuple[int, int]:
    """Height and width as a person writes them.

    >>> sides_of("64x96"), sides_of("32")
    ((64, 96), (32, 32))
    """
    found = re.fullmatch(r"(\d{1,5})(?:[x×](\d{1,5}))?", text.strip().lower())
    if found is None:
        cure = "Write for instance --size 64x96."
        raise ArgumentError(Problem("--size", f"got {text!r}", "HEIGHTxWIDTH in pixels", cure))
    return int(found[1]), int(found[2] or found[1])

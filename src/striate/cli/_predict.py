"""`striate predict`: what a trained model sees in picture files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.cells import cell_len

from striate.cli._terminal import bar, one_line, percent, results, show, show_json
from striate.errors import ArgumentError, Problem

if TYPE_CHECKING:
    from striate.tasks import Prediction

WIDEST_BAR = 30


def predict(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's folder or a .striate file.")],
    images: Annotated[list[str], typer.Argument(metavar="IMAGE...", help="Picture files.")],
    top: Annotated[int, typer.Option(help="How many classes to name.")] = 3,
    invert: Annotated[
        bool, typer.Option("--invert", help="Turn dark into light first, for black ink on white paper.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="A JSON list with an object for each picture.")
    ] = False,
) -> None:
    """Say what pictures show, the likeliest first."""
    from striate import tasks

    if top < 1:
        raise ArgumentError(
            Problem("--top", f"got {top}", "a whole number from 1", "Give for instance --top 3.")
        )
    found = tasks.predict(run, images, top, invert)
    if as_json:
        show_json([prediction.to_json() for prediction in found])
        return
    for number, prediction in enumerate(found):
        if number:
            show("")
        _show(prediction)


def _show(prediction: Prediction) -> None:
    """One picture: a sentence, then a bar for each class."""
    said = ", ".join(f"{percent(guess.probability)} {one_line(guess.name)}" for guess in prediction.guesses)
    show(f"{one_line(prediction.image)}: {said}")
    longest = max(cell_len(one_line(guess.name)) for guess in prediction.guesses)
    width = max(4, min(WIDEST_BAR, results().width - longest - 12))
    for guess in prediction.guesses:
        name = one_line(guess.name) + " " * (longest - cell_len(one_line(guess.name)))
        share = f"  {100 * guess.probability:5.1f} %"
        show(f"{share} {name} {bar(guess.probability, width)}".rstrip())

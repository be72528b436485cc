"""`striate predict`: what a trained model says about pictures."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.cells import cell_len

from striate.cli._naming import pictures
from striate.cli._terminal import bar, inert, one_line, results, say, show, show_json
from striate.errors import ArgumentError, DataError, Problem

if TYPE_CHECKING:
    from striate.tasks import Prediction, Trained

WIDEST_BAR = 30
WITH_BARS = 4
"""Of more pictures each gets one line."""
IMAGES = typer.Argument(
    metavar="IMAGE...",
    help="Picture files, folders, patterns, or - for a picture or names on standard input.",
)


def predict(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's folder or a .striate file.")],
    images: Annotated[list[str], IMAGES],
    top: Annotated[int, typer.Option(help="How many classes to name.")] = 3,
    invert: Annotated[
        bool, typer.Option("--invert", help="Turn dark into light first, for black ink on white paper.")
    ] = False,
    skip_broken: Annotated[
        bool, typer.Option("--skip-broken", help="Answer for the others when pictures cannot be read.")
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="A table of comma-separated values.")] = False,
    as_jsonl: Annotated[bool, typer.Option("--jsonl", help="A JSON object a line.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="A JSON list with an object for each picture.")
    ] = False,
) -> None:
    """Say what pictures show, the likeliest first; for numbers, how many or how much."""
    from striate.tasks import load_trained
    from striate.tasks.prediction import predictions

    forms = [name for name, on in (("--csv", as_csv), ("--jsonl", as_jsonl), ("--json", as_json)) if on]
    if len(forms) > 1:
        happened = f"got {' and '.join(forms)}"
        raise ArgumentError(Problem("output", happened, "one of them", "Leave the others out."))
    if top < 1:
        raise ArgumentError(
            Problem("--top", f"got {top}", "a whole number from 1", "Give for instance --top 3.")
        )
    trained = load_trained(run)
    meant = pictures(images)
    found = predictions(trained, meant, top, invert)
    write = {"--csv": _csv, "--jsonl": _lines, "--json": _list}.get(forms[0] if forms else "", _people)
    problems: list[Problem] = []
    write(_good(found, problems), trained, len(meant))
    _complain(problems, skip_broken)


def _good(found: Iterable[Prediction], problems: list[Problem]) -> Iterator[Prediction]:
    """The answers; what is the matter with other pictures is collected."""
    for prediction in found:
        problems += prediction.problems
        if prediction.case is not None:
            yield prediction


def _complain(problems: list[Problem], skip_broken: bool) -> None:
    """List the pictures that could not be read; it is an error unless they were to be skipped.

    Raises:
        DataError: pictures could not be read.
    """
    if problems and not skip_broken:
        raise DataError(problems)
    for problem in problems:
        say(f"skipped: {problem.where}: {problem.happened}")


def _list(found: Iterable[Prediction], trained: Trained, count: int) -> None:
    """One JSON list."""
    show_json([prediction.to_json() for prediction in found])


def _lines(found: Iterable[Prediction], trained: Trained, count: int) -> None:
    """One JSON object after the other, each as soon as it is known."""
    for prediction in found:
        show_json(prediction.to_json())


def _csv(found: Iterable[Prediction], trained: Trained, count: int) -> None:
    """A head and a row for each picture: the answer, and all numbers behind it."""
    answer = trained.answer
    numbers = [f"p({name})" for name in answer.names] if answer.is_classes else list(answer.names)
    head = ["image", "answer", *numbers] if answer.is_classes else ["image", *numbers]
    sys.stdout.write(_row(head))
    for prediction in found:
        sys.stdout.write(_row([prediction.image, *_cells(prediction, trained)]))


def _cells(prediction: Prediction, trained: Trained) -> list[Any]:
    """What stands behind the picture's name."""
    assert prediction.output is not None
    values = trained.answer.numbers(prediction.output)
    cells: list[Any] = list(values)
    return [prediction.top[0][0], *cells] if trained.answer.is_classes else cells


def _row(cells: list[Any]) -> str:
    """A line; a text that a spreadsheet would take for a formula is marked as text."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow([_harmless(cell) for cell in cells])
    return out.getvalue()


def _harmless(cell: Any) -> str:
    """A cell that nothing runs."""
    if isinstance(cell, float):
        return f"{cell:.6g}"
    text = inert(cell)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def _people(found: Iterable[Prediction], trained: Trained, count: int) -> None:
    """A sentence a picture; of a few, a bar for each class, too."""
    for number, prediction in enumerate(found):
        assert prediction.case is not None
        if number and count <= WITH_BARS and prediction.top:
            show("")
        show(f"{one_line(prediction.image)}: {one_line(prediction.case.text)}")
        if count <= WITH_BARS and prediction.top:
            _bars(prediction.top)


def _bars(top: list[tuple[str, float]]) -> None:
    """A bar for each class."""
    longest = max(cell_len(one_line(name)) for name, _ in top)
    width = max(4, min(WIDEST_BAR, results().width - longest - 12))
    for name, probability in top:
        padded = one_line(name) + " " * (longest - cell_len(one_line(name)))
        show(f"  {100 * probability:5.1f} % {padded} {bar(probability, width)}".rstrip())

"""`striate evaluate`: test a trained model on a data set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from striate.cli._terminal import show, show_json
from striate.errors import ArgumentError, Problem

if TYPE_CHECKING:
    from striate.tasks import Evaluation


def evaluate(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's folder or a .striate file.")],
    data: Annotated[str, typer.Argument(metavar="DATA", help="Name of a data set.")],
    split: Annotated[str, typer.Option(metavar="test|train", help="Which part of it.")] = "test",
    limit: Annotated[
        int | None, typer.Option(help="Only the first so many pictures.", show_default="all")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Test a trained model: loss, accuracy with its interval, and what is taken for what."""
    from striate import tasks

    if split not in ("test", "train"):
        raise ArgumentError(Problem("--split", f"got {split!r}", "test or train", "Choose one of them."))
    found = tasks.evaluate(run, data, split, limit)  # type: ignore[arg-type]
    if as_json:
        show_json(found.to_json())
        return
    _show(found)


def _show(found: Evaluation) -> None:
    """The scores for a person."""
    from striate.tasks.report import headline

    show(headline(found.scores, found.split))
    for k, share in found.scores.top.items():
        show(f"{100 * share:.2f} % among the {k} likeliest")
    for count, label, guess in _worst(found):
        times = "once" if count == 1 else f"{count:,} times"
        show(f"{label} taken for {guess}: {times}")


def _worst(found: Evaluation, most: int = 5) -> list[tuple[int, str, str]]:
    """The most frequent confusions: how often, what it was, what was said."""
    names, matrix = found.class_names, found.scores.confusion
    pairs = [
        (int(matrix[i, j]), names[i], names[j])
        for i in range(len(names))
        for j in range(len(names))
        if i != j and matrix[i, j]
    ]
    return sorted(pairs, key=lambda pair: -pair[0])[:most]

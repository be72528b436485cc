"""`striate evaluate`: test a trained model on a data set or on a folder of pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from striate.cli import _options as options
from striate.cli._reading import reading
from striate.cli._terminal import say, show, show_json
from striate.errors import ArgumentError, Problem

if TYPE_CHECKING:
    from striate.tasks import Evaluation


def evaluate(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's folder or a .striate file.")],
    data: Annotated[str, typer.Argument(metavar="DATA", help="A folder of pictures, or a data set.")],
    split: Annotated[
        str | None,
        typer.Option(
            metavar="test|train|all", help="Which part of it.", show_default="what is new to the model"
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(help="Only the first so many pictures.", show_default="all")
    ] = None,
    table: options.Table = None,
    file_column: options.FileColumn = None,
    label_column: options.LabelColumn = None,
    skip_broken: options.SkipBroken = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Test a trained model: its measures with their intervals, and what is taken for what."""
    from striate import tasks

    if split not in (None, "test", "train", "all"):
        expected = "test, train or all"
        raise ArgumentError(Problem("--split", f"got {split!r}", expected, "Choose one of them."))
    pictures = options.picture_options(table, file_column, label_column, None, None, None, skip_broken)
    with reading() as progress:
        found = tasks.evaluate(run, data, split, limit, pictures, progress)  # type: ignore[arg-type]
    for warning in found.warnings:
        say(f"warning: {warning}")
    if as_json:
        show_json(found.to_json())
        return
    _show(found)


def _show(found: Evaluation) -> None:
    """The measures for a person."""
    from striate.tasks.answers.scored import SHARES, shown

    scored = found.scored
    show(scored.headline(found.split if found.split != "all" else ""))
    for each in scored.measures[1:]:
        share = each.name in SHARES
        ends = f"{shown(each.low, share)} to {shown(each.high, share)}"
        base = "" if each.baseline is None else f"; baseline {shown(each.baseline, share)}"
        show(f"{each.name} {shown(each.value, share)} ({ends}{base})")
    for count, label, guess in _worst(found):
        times = "once" if count == 1 else f"{count:,} times"
        show(f"{label} taken for {guess}: {times}")


def _worst(found: Evaluation, most: int = 5) -> list[tuple[int, str, str]]:
    """The most frequent confusions: how often, what it was, what was said."""
    names, matrix = found.class_names, found.scored.confusion
    if matrix is None:
        return []
    pairs = [
        (int(matrix[i, j]), names[i], names[j])
        for i in range(len(names))
        for j in range(len(names))
        if i != j and matrix[i, j]
    ]
    return sorted(pairs, key=lambda pair: -pair[0])[:most]

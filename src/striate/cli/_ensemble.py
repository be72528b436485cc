"""`striate ensemble`: several trained models as one."""

from __future__ import annotations

from typing import Annotated

import typer

from striate.cli._reading import reading
from striate.cli._terminal import one_line, say, show


def ensemble(
    runs: Annotated[list[str], typer.Argument(metavar="RUN RUN...", help="Runs' folders or .striate files.")],
    out: Annotated[str, typer.Option(metavar="FILE", help="The model file to write.")] = "ensemble.striate",
    mirrored: Annotated[
        bool, typer.Option("--mirrored", help="Also average over each picture and its mirror image.")
    ] = False,
) -> None:
    """Average the answers of models into one model file, and test it beside its members."""
    from striate import tasks

    with reading() as progress:
        joined = tasks.ensemble(runs, out, mirrored=mirrored, progress=progress)
    say(joined.note)
    for run, member in zip(runs, joined.members, strict=False):
        show(f"{one_line(run)}: {member.scored.headline()}")
    if joined.evaluation is not None:
        show(f"{one_line(out)}: {joined.evaluation.scored.headline()}")
    say(f"{len(runs)} models in {joined.path}")

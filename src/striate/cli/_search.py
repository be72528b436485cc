"""`striate search`: which network and which training do best on your pictures."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from striate.cli import _options as options
from striate.cli._reading import reading
from striate.cli._terminal import say, show
from striate.cli._train import carry_out


def search(
    data: Annotated[str, typer.Argument(metavar="DATA", help="A folder of pictures, or a data set.")],
    trials: Annotated[int, typer.Option(help="How many in all.")] = 20,
    epochs: Annotated[
        int | None, typer.Option(help="Most epochs of a trial.", show_default="a third of the recipe's")
    ] = None,
    table: options.Table = None,
    file_column: options.FileColumn = None,
    label_column: options.LabelColumn = None,
    target: options.Target = None,
    size: options.Size = None,
    fit: options.Fit = None,
    skip_broken: options.SkipBroken = False,
    split_seed: options.SplitSeed = None,
    seed: Annotated[int, typer.Option(help="Decides everything random.")] = 0,
    limit: Annotated[
        int | None, typer.Option(help="Only the first so many training pictures.", show_default="all")
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="Where to; that of an earlier search goes on with it."),
    ] = None,
    train: Annotated[bool, typer.Option("--train", help="Train the best one to the end.")] = False,
) -> None:
    """Try networks, learning rates and more in short trainings, and keep what did best."""
    from striate.tasks import Wishes, begin
    from striate.tasks.search import search as run

    pictures = options.picture_options(
        table, file_column, label_column, target, size, fit, skip_broken, split_seed
    )
    wishes = Wishes(
        data, epochs=epochs, seed=seed, limit=limit, pictures=pictures, command=("striate", *sys.argv[1:])
    )
    with reading() as progress:
        found = run(wishes, trials, out, progress=progress, tell=_tell)
    finished = sum(state == "complete" for _, state, _, _ in found.trials)
    counts = f"best of {len(found.trials)} trials ({finished} finished)"
    show(f"{counts}: loss {found.value:.4f} on held-out pictures")
    show(found.command)
    say(f"See {found.folder}: trials.json, network.json, and importance.html for what mattered.")
    if train:
        carry_out(begin(found.order, found.folder / "best", found.material), found.order, found.material)


def _tell(done: int, total: int, said: str) -> None:
    """One line a trial."""
    say(f"trial {done}/{total}: {said}")

"""`striate data`: which data sets there are, fetching one, where it lies, and its pictures as files."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from striate.cli._terminal import inert, messages, quantity, say, show, show_json

if TYPE_CHECKING:
    from striate.datasets import Dataset

app = typer.Typer(help="Data sets: list them, fetch one, find its folder, export it.", no_args_is_help=True)
NAME = typer.Argument(metavar="NAME", help="Name of a data set.")
NAMED = 16
"""Classes that are named in the list."""


@app.command("list")
def list_all(as_json: Annotated[bool, typer.Option("--json", help="A JSON list.")] = False) -> None:
    """Show every data set: size, classes, licence, and whether it is here."""
    from striate import datasets

    sets = [datasets.get(name) for name in datasets.names()]
    if as_json:
        show_json([_facts(each) for each in sets])
        return
    for each in sets:
        info = each.info
        here = "here" if each.is_here else f"to be fetched, {quantity(info.download_bytes)}"
        show(Text.assemble((info.name, "bold"), (f"  ({here})", "dim")))
        show(f"  {info.title}: {info.train:,} + {info.test:,} pictures, {info.classes} classes")
        more = f" and {info.classes - NAMED} more" if info.classes > NAMED else ""
        show(f"  {', '.join(info.class_names[:NAMED])}{more}")
        show(f"  {info.origin}; licence: {info.licence}")


@app.command("get")
def get(name: Annotated[str, NAME]) -> None:
    """Fetch a data set into the cache folder, unless it is there already."""
    from striate import datasets

    dataset = datasets.get(name)
    dataset.fetch()
    say(f"{dataset.info.name} is here and whole.")
    sys.stdout.write(f"{inert(dataset.folder)}\n")


@app.command("path")
def path(name: Annotated[str, NAME]) -> None:
    """Print the folder of a data set."""
    from striate import datasets

    dataset = datasets.get(name)
    if not dataset.is_here:
        say(f"It is not there yet; fetch it with: striate data get {dataset.info.name}")
    sys.stdout.write(f"{inert(dataset.folder)}\n")


@app.command("export")
def export(
    name: Annotated[str, NAME],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder to be made.")],
) -> None:
    """Write a data set as picture files: train/ and test/ with a folder for each class."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from striate import datasets

    dataset = datasets.get(name)
    console = messages()
    columns = (TextColumn("writing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("writing", total=None)
        count = datasets.export(
            dataset, folder, lambda done, total: progress.update(task, completed=done, total=total)
        )
    say(f"{count:,} pictures of {dataset.info.name} are written.")
    sys.stdout.write(f"{inert(folder)}\n")


def _facts(dataset: Dataset) -> dict[str, Any]:
    """A data set in plain JSON values."""
    values = dataclasses.asdict(dataset.info)
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    return {**plain, "here": dataset.is_here, "folder": str(dataset.folder)}

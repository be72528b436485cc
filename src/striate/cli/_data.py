"""`striate data`: which data sets there are, fetching one, and where it lies."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from striate.cli._terminal import inert, quantity, say, show, show_json

if TYPE_CHECKING:
    from striate.datasets import Dataset

app = typer.Typer(help="Data sets: list them, fetch one, find its folder.", no_args_is_help=True)
NAME = typer.Argument(metavar="NAME", help="Name of a data set.")


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
        show(f"  {', '.join(info.class_names)}")
        show(f"  {info.origin}; licence: {info.licence}")


@app.command("get")
def get(name: Annotated[str, NAME]) -> None:
    """Fetch a data set into the cache folder, unless it is there already."""
    from striate import datasets

    dataset = datasets.get(name)
    dataset.load()
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


def _facts(dataset: Dataset) -> dict[str, Any]:
    """A data set in plain JSON values."""
    values = dataclasses.asdict(dataset.info)
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    return {**plain, "here": dataset.is_here, "folder": str(dataset.folder)}

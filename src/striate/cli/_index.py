"""`striate index` and `striate similar`: pictures that look alike to a trained network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from striate.cli._reading import reading
from striate.cli._terminal import say, show, show_json

MODEL = typer.Option(
    "--model", "-m", metavar="MODEL", help="Trained weights such as resnet50, a run, or a .striate file."
)
LAYER = typer.Option(
    "--layer",
    "-l",
    metavar="NAME",
    help="Whose output is compared.",
    show_default="what the last layer with weights reads",
)
SKIP = typer.Option("--skip-broken", help="Leave out pictures that cannot be read.")


def index(
    pictures: Annotated[str, typer.Argument(metavar="FOLDER", help="A folder of pictures.")],
    model: Annotated[str, MODEL] = "resnet50",
    layer: Annotated[str | None, LAYER] = None,
    out: Annotated[
        str | None, typer.Option("--out", "-o", metavar="FILE", help="Where to.", show_default="FOLDER.index")
    ] = None,
    skip_broken: Annotated[bool, SKIP] = False,
) -> None:
    """Look at all pictures of a folder once, so that similar ones are found at once."""
    from striate.tasks.retrieval import Embedder, index_pictures

    embedder = Embedder.find(model, layer)
    with reading() as progress:
        made = index_pictures(pictures, embedder, skip_broken=skip_broken, progress=progress)
    target = out or f"{Path(pictures).resolve().name}.index"
    made.save(target)
    say(f"{len(made.files):,} pictures, {made.vectors.shape[1]:,} numbers each, from {made.source}.")
    say(f"Ask for instance: striate similar {target} IMAGE -k 12")


def similar(
    place: Annotated[
        str,
        typer.Argument(metavar="INDEX", help="What striate index wrote, or a run on a folder of pictures."),
    ],
    image: Annotated[str, typer.Argument(metavar="IMAGE", help="A picture file of any size.")],
    k: Annotated[int, typer.Option("-k", metavar="NUMBER", help="How many.")] = 12,
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", metavar="FILE", help="Also write a page (.html) or a picture (.png)."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show the pictures of a folder that are most like a picture, the nearest first."""
    from striate.tasks.retrieval import open_index
    from striate.tasks.retrieval import similar as ask

    with reading() as progress:
        made, embedder = open_index(place, progress)
    found = ask(made, embedder, image, k)
    if as_json:
        show_json(found.to_json())
    else:
        show(found.text())
    if out is not None:
        say(f"See {found.save(out)}")
    elif not as_json:
        say("Pictures come with --out similar.html or --out similar.png.")

"""`striate bench`: how long a work takes on this machine, in lines that can be put beside those of others."""

from __future__ import annotations

from typing import Annotated

import typer

from striate.cli._terminal import show, show_json

WORK = typer.Argument(
    metavar="WORK",
    help="mnist-step, cifar-step, resnet50-train, resnet50-infer, mnist-infer, convs, mnist-99 or peak.",
)


def bench(
    work: Annotated[str, WORK],
    precision: Annotated[str, typer.Option(metavar="NAME", help="float32 or bfloat16.")] = "float32",
    batch: Annotated[
        int | None, typer.Option(help="Examples in a step or a call.", show_default="the work's")
    ] = None,
    repeats: Annotated[
        int | None,
        typer.Option(help="Samples; the median counts. For mnist-99 seeds.", show_default="the work's"),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer and shorter samples.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON object a line.")] = False,
) -> None:
    """Measure a work: training steps, answers, single convolutions, or a whole cold training."""
    from striate.tasks import bench as measuring

    settings = measuring.Settings(precision, batch, repeats, quick)
    for found in measuring.measure(work, settings):
        if as_json:
            show_json(found)
        else:
            show(measuring.sentence(found))

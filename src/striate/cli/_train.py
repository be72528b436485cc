"""`striate train`: train a network on a data set or on a folder of pictures, into a folder of its own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from striate.cli import _options as options
from striate.cli._errors import Interrupted
from striate.cli._reading import reading
from striate.cli._terminal import messages, say, show
from striate.errors import ArgumentError, Problem

if TYPE_CHECKING:
    from striate.tasks import Material, Order, Outcome, RunFolder, Wishes

DATA = typer.Argument(
    metavar="DATA",
    help="A folder of pictures, or a data set; `striate data list` shows them.",
    show_default=False,
)
MODEL = typer.Option(
    "--model",
    "-m",
    metavar="MODEL",
    help="NAME of a network, FILE.json, or FILE.py:NAME, a program of yours that is run.",
    show_default="one that suits the data",
)
RECIPE = typer.Option(
    "--recipe",
    metavar="NAME",
    help="How to train: default, plain or quick.",
    show_default="one that suits the data",
)
RESUME = typer.Option(
    "--resume", metavar="RUN", help="Go on with an interrupted run; it brings its settings along."
)
LR = typer.Option(
    metavar="NUMBER", help="Highest learning rate; auto seeks one.", show_default="the recipe's"
)
TIME = typer.Option(metavar="TIME", help="How long it may take, such as 5m: as many epochs as fit.")
AUGMENT = typer.Option(
    metavar="HOW", help="Vary pictures while training: none, light or strong.", show_default="the recipe's"
)
FROM = typer.Option(
    "--from",
    metavar="WEIGHTS",
    help="Begin from trained weights: a name such as resnet50, a run, a .striate file, or with --model a "
    "weight file of another framework.",
)
LEARN = typer.Option(
    metavar="WHAT",
    help="After --from: what learns once the head does: all, none, or a layer's name, from which on.",
    show_default="all",
)
PRECISION = typer.Option(
    metavar="NAME", help="float32, or bfloat16: half the digits in products, faster.", show_default="float32"
)
SMOOTHING = typer.Option(
    metavar="SHARE", help="Smoothing of labels, such as 0.1.", show_default="the recipe's"
)


def train(
    data: Annotated[str | None, DATA] = None,
    table: options.Table = None,
    file_column: options.FileColumn = None,
    label_column: options.LabelColumn = None,
    target: options.Target = None,
    size: options.Size = None,
    fit: options.Fit = None,
    skip_broken: options.SkipBroken = False,
    split_seed: options.SplitSeed = None,
    model: Annotated[str | None, MODEL] = None,
    source: Annotated[str | None, FROM] = None,
    learn: Annotated[str | None, LEARN] = None,
    recipe: Annotated[str | None, RECIPE] = None,
    epochs: Annotated[int | None, typer.Option(help="Most epochs.", show_default="the recipe's")] = None,
    time: Annotated[str | None, TIME] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Pictures in a step.", show_default="the recipe's")
    ] = None,
    optimizer: Annotated[
        str | None, typer.Option(help="Its Keras name, such as sgd or adam.", show_default="the recipe's")
    ] = None,
    lr: Annotated[str | None, LR] = None,
    augment: Annotated[str | None, AUGMENT] = None,
    smoothing: Annotated[float | None, SMOOTHING] = None,
    precision: Annotated[str | None, PRECISION] = None,
    seed: Annotated[int | None, typer.Option(help="Decides everything random.", show_default="0")] = None,
    limit: Annotated[
        int | None, typer.Option(help="Train on the first so many pictures.", show_default="all")
    ] = None,
    out: Annotated[
        str | None, typer.Option(metavar="FOLDER", help="Where to.", show_default="runs/DATA-NUMBER")
    ] = None,
    resume: Annotated[str | None, RESUME] = None,
) -> None:
    """Train a network and keep everything in a folder: model, numbers, curves, report."""
    given = {
        name: value for name, value in locals().items() if name != "resume" and value not in (None, False)
    }
    if resume is not None:
        _resume(resume, given)
        return
    if data is None:
        cure = "Say for instance: striate train mnist"
        raise ArgumentError(Problem("DATA", "no data set was named", "its name", cure))
    from striate.tasks import Wishes

    pictures = options.picture_options(
        table, file_column, label_column, target, size, fit, skip_broken, split_seed
    )
    wishes = Wishes(
        data, model, recipe, epochs, batch_size, optimizer, lr, time, augment, smoothing, seed or 0, limit,
        pictures, ("striate", *sys.argv[1:]), source, learn, precision,
    )  # fmt: skip
    _begin(wishes, out)


def _begin(wishes: Wishes, out: str | None) -> None:
    """Plan, say aloud what was decided, and carry it out."""
    from striate.tasks import begin, plan
    from striate.tasks.run_folder import refuse_taken

    refuse_taken(out)
    with reading() as progress:
        planned = plan(wishes, progress)
    for sentence in planned.said:
        say(sentence)
    carry_out(begin(planned.order, out, planned.material), planned.order, planned.material)


def _resume(path: str, given: dict[str, Any]) -> None:
    """Go on with a run, which knows its settings."""
    from striate.tasks import gathered, reopen

    if given:
        words = {"data": "DATA", "source": "--from"}
        names = [words.get(name, f"--{name.replace('_', '-')}") for name in given]
        happened = f"it stands beside {', '.join(names)}"
        cure = "Leave them out, or start a new run without --resume."
        raise ArgumentError(Problem("--resume", happened, "the folder of a run alone", cure))
    folder, order = reopen(path)
    with reading() as progress:
        material = gathered(order, progress)
    carry_out(folder, order, material)


def carry_out(folder: RunFolder, order: Order, material: Material) -> None:
    """Train with a progress bar and say what came of it."""
    from striate import tasks
    from striate.training.progress import Progress

    params = order.network.totals.params
    say(f"{order.model_name} ({params:,} parameters) on {material.name}, recipe {order.recipe.name}")
    say(f"Everything goes to {folder.path}; {folder.augmented.name} shows what the network will see.")
    with Progress(console=messages()) as progress:
        outcome = tasks.carry_out(folder, order, [progress], material, say)
    _tell(outcome)


def _tell(outcome: Outcome) -> None:
    """The result on standard output."""
    folder = outcome.folder
    if outcome.evaluation is None:
        say(outcome.note)
        say(f"Go on with: striate train --resume {folder.path}")
        raise Interrupted
    show(outcome.evaluation.scored.headline())
    epochs = f"{outcome.epochs} epoch{'s' * (outcome.epochs != 1)}"
    say(f"{epochs} in {outcome.seconds:.0f} s; see {folder.report}")

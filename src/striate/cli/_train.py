"""`striate train`: train a network on a data set, into a folder of its own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from striate.cli._errors import Interrupted
from striate.cli._terminal import messages, say, show
from striate.errors import ArgumentError, Problem

if TYPE_CHECKING:
    from striate.tasks import Order, Outcome, Recipe, RunFolder

DATA = typer.Argument(metavar="DATA", help="A data set; `striate data list` shows them.", show_default=False)
MODEL = typer.Option(
    "--model",
    "-m",
    metavar="MODEL",
    help="NAME of a network, FILE.json, or FILE.py:NAME, a program of yours that is run.",
    show_default="the data set's own",
)
RECIPE = typer.Option(
    "--recipe", metavar="NAME", help="How to train: default or plain.", show_default="default"
)
RESUME = typer.Option(
    "--resume", metavar="RUN", help="Go on with an interrupted run; it brings its settings along."
)


def train(
    data: Annotated[str | None, DATA] = None,
    model: Annotated[str | None, MODEL] = None,
    recipe: Annotated[str | None, RECIPE] = None,
    epochs: Annotated[int | None, typer.Option(help="Most epochs.", show_default="the recipe's")] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Pictures in a step.", show_default="the recipe's")
    ] = None,
    optimizer: Annotated[
        str | None, typer.Option(help="Its Keras name, such as sgd or adam.", show_default="the recipe's")
    ] = None,
    lr: Annotated[
        float | None, typer.Option(help="Highest learning rate.", show_default="the recipe's")
    ] = None,
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
        "DATA": data, "--model": model, "--recipe": recipe, "--epochs": epochs, "--batch-size": batch_size,
        "--optimizer": optimizer, "--lr": lr, "--seed": seed, "--limit": limit, "--out": out,
    }  # fmt: skip
    if resume is not None:
        _alone(given)
        from striate.tasks import reopen

        _carry_out(*reopen(resume))
        return
    if data is None:
        cure = "Say for instance: striate train mnist"
        raise ArgumentError(Problem("DATA", "no data set was named", "its name", cure))
    _carry_out(*_begin(data, given, seed or 0, limit, out))


def _begin(
    data: str, given: dict[str, Any], seed: int, limit: int | None, out: str | None
) -> tuple[RunFolder, Order]:
    """Make the order and its folder."""
    from striate import datasets
    from striate.tasks import Order, begin, find_network
    from striate.tasks.evaluation import example_shape

    info = datasets.get(data).info
    source = given["--model"] or DEFAULT_MODELS.get(info.name, "mnist-convnet")
    network = find_network(source, input_shape=example_shape(info), classes=info.classes)
    order = Order(
        data=info.name,
        network=network,
        recipe=_recipe(given, info.name),
        seed=_whole("--seed", seed, 0),
        limit=None if limit is None else _whole("--limit", limit, 1),
        model_name=source,
        command=("striate", *sys.argv[1:]),
    )
    return begin(order, out), order


DEFAULT_MODELS = {"cifar10": "cifar10-convnet"}


def _recipe(given: dict[str, Any], data: str) -> Recipe:
    """The recipe with the person's changes; another optimizer starts from its own learning rate."""
    from striate.tasks import recipes
    from striate.training import optimizers

    chosen = recipes.get(given["--recipe"] or "default", data)
    changes: dict[str, Any] = {"epochs": given["--epochs"], "batch_size": given["--batch-size"]}
    name = given["--optimizer"]
    if name is not None:
        chosen = chosen.with_optimizer(optimizers.get(name))
    return chosen.changed(**changes, learning_rate=given["--lr"])


def _alone(given: dict[str, Any]) -> None:
    """Refuse --resume beside settings that it would contradict."""
    others = [name for name, value in given.items() if value is not None]
    if others:
        happened = f"it stands beside {', '.join(others)}"
        cure = "Leave them out, or start a new run without --resume."
        raise ArgumentError(Problem("--resume", happened, "the folder of a run alone", cure))


def _whole(name: str, value: int, least: int) -> int:
    """A whole number in its range."""
    if not least <= value < 2**31:
        cure = f"Give for instance {name} {max(least, 1)}."
        raise ArgumentError(Problem(name, f"got {value}", f"a whole number from {least}", cure))
    return value


def _carry_out(folder: RunFolder, order: Order) -> None:
    """Train with a progress bar and say what came of it."""
    from striate.tasks import carry_out
    from striate.training.progress import Progress

    params = order.network.totals.params
    say(f"{order.model_name} ({params:,} parameters) on {order.data}, recipe {order.recipe.name}")
    say(f"Everything goes to {folder.path}")
    with Progress(console=messages()) as progress:
        outcome = carry_out(folder, order, [progress])
    _tell(outcome)


def _tell(outcome: Outcome) -> None:
    """The result on standard output."""
    folder = outcome.folder
    if outcome.evaluation is None:
        say(outcome.note)
        say(f"Go on with: striate train --resume {folder.path}")
        raise Interrupted
    from striate.tasks.report import headline

    show(headline(outcome.evaluation.scores))
    epochs = f"{outcome.epochs} epoch{'s' * (outcome.epochs != 1)}"
    say(f"{epochs} in {outcome.seconds:.0f} s; see {folder.report}")

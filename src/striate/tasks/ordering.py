"""From what a person wishes, and leaves open, to an order and the pictures for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from striate.errors import ArgumentError, Problem
from striate.images import Preprocessing
from striate.network import Network
from striate.tasks import recipes
from striate.tasks.fine_tuning import default_tuning_recipe
from striate.tasks.fitting import fitted
from striate.tasks.material import Material, gather, is_folder
from striate.tasks.model_source import find_network
from striate.tasks.order import Order
from striate.tasks.pictures import PictureOptions
from striate.tasks.planning import (
    default_network,
    default_recipe,
    epochs_within,
    seconds_of,
    untrained,
    with_head,
)
from striate.tasks.recipes import Recipe
from striate.tasks.source import TrainedSource, adopted_network, find_source
from striate.tasks.trained import Trained, gives_logits
from striate.training import optimizers
from striate.training.rate_finder import find_rate

DEFAULT_MODELS = {"cifar10": "cifar10-convnet"}
FOR_RATES = 8192
"""Pictures from which a learning rate is sought."""


@dataclass(frozen=True)
class Wishes:
    """What a person asks for; None leaves a thing open.

    Args:
        data: a data set's name or a folder. model: as for `find_network`. recipe: its name.
        epochs, batch_size, optimizer: instead of the recipe's.
        lr: the highest learning rate, or "auto" to seek one. time: how long it may take, such as "5m".
        augment: "none", "light" or "strong". smoothing: of labels, a share from 0 below 1.
        seed: decides everything random. limit: only the first so many training pictures.
        pictures: how to read a folder. command: the words that asked.
        source: trained weights to begin from, as for `find_source`. learn: see `Tuning`.
        precision: of the numbers that are multiplied, "float32" or "bfloat16".
    """

    data: str
    model: str | None = None
    recipe: str | None = None
    epochs: int | None = None
    batch_size: int | None = None
    optimizer: str | None = None
    lr: str | float | None = None
    time: str | None = None
    augment: str | None = None
    smoothing: float | None = None
    seed: int = 0
    limit: int | None = None
    pictures: PictureOptions = field(default_factory=PictureOptions)
    command: Sequence[str] = ()
    source: str | None = None
    learn: str | None = None
    precision: str | None = None


@dataclass(frozen=True)
class Plan:
    """What will be done.

    Args:
        order: for `begin` and `carry_out`. material: the pictures. said: what was found and decided.
    """

    order: Order
    material: Material
    said: tuple[str, ...]


def plan(wishes: Wishes, progress: Callable[..., Any] | None = None) -> Plan:
    """Gather the pictures and decide what the person left open.

    Args:
        wishes: what they asked for. progress: called while pictures are decoded.

    Raises:
        StriateError: wishes that cannot be, or pictures that cannot be used.
    """
    _check(wishes)
    folder = is_folder(wishes.data)
    recipe = None if folder and wishes.recipe is None else _named_recipe(wishes)
    asked: dict[str, Any] = {"seed": wishes.seed, "limit": wishes.limit, "progress": progress}
    held_out: dict[str, Any] = {} if recipe is None else {"held_out": recipe.held_out}
    pictures = wishes.pictures.anchored() if folder else wishes.pictures
    data = str(Path(wishes.data).absolute()) if folder else wishes.data
    start = None if wishes.source is None else find_source(wishes.source, wishes.model)
    wanted = None if start is None else _as_wished(start.preprocessing, wishes.pictures)
    tuning = None if start is None or wanted is None else start.tuning(wishes.model, wishes.learn, wanted)
    material = gather(data, pictures, **asked, **held_out, preprocessing=wanted)
    name, network = _network(wishes.model, material) if start is None else _adopted(start, material)
    material = fitted(material, network)
    _check_smoothing(wishes, material)
    default = default_recipe if start is None else default_tuning_recipe
    own = None if start is not None and wishes.recipe is None else recipe
    recipe = _changed(own or default(material), wishes)
    said = [*(() if start is None else start.said), *(material.sentences() if folder else ())]
    recipe, more = _tuned(recipe, wishes, network, material)
    order = Order(
        data=data if folder else material.name,
        network=network,
        recipe=recipe,
        seed=wishes.seed,
        limit=wishes.limit,
        model_name=name,
        command=tuple(wishes.command),
        pictures=pictures if folder else None,
        digest=material.digest,
        tuning=tuning,
    )
    return Plan(order, material, (*said, *more))


def _adopted(start: TrainedSource, material: Material) -> tuple[str, Network]:
    """The name and the network of a source, with the head that the answer needs."""
    return start.name, adopted_network(start.model.network, material.shape, material.answer)


def _as_wished(recipe: Preprocessing, pictures: PictureOptions) -> Preprocessing:
    """A source's preprocessing with the person's own size and fit."""
    return replace(recipe, size=pictures.size or recipe.size, fit=pictures.fit or recipe.fit)  # type: ignore[arg-type]


def _named_recipe(wishes: Wishes) -> Recipe:
    """The recipe by its name, as it suits a data set."""
    data = wishes.data if is_folder(wishes.data) else _plain_name(wishes.data)
    return recipes.get(wishes.recipe or "default", data)


def _plain_name(data: str) -> str:
    """A data set's own name for what the person wrote."""
    from striate import datasets

    return datasets.get(data).info.name


def _network(source: str | None, material: Material) -> tuple[str, Network]:
    """Its name and the network; a named one gets the head that the answer needs."""
    if source is None and material.folder is not None:
        return "small-resnet", default_network(material)
    source = source or DEFAULT_MODELS.get(material.name, "mnist-convnet")
    units = material.answer.units if material.folder is not None else len(material.answer.names)
    network = find_network(source, input_shape=material.shape, classes=units)
    is_own = source.endswith(".json") or ".py:" in source
    return source, network if is_own or material.folder is None else with_head(network, material.answer)


def _changed(recipe: Recipe, wishes: Wishes) -> Recipe:
    """The recipe with the person's changes; another optimizer starts from its own learning rate."""
    if wishes.optimizer is not None:
        recipe = recipe.with_optimizer(optimizers.get(wishes.optimizer))
    rate = None if wishes.lr in (None, "auto") else _number(wishes.lr)
    return recipe.changed(
        epochs=wishes.epochs,
        batch_size=wishes.batch_size,
        learning_rate=rate,
        augment=wishes.augment,
        smoothing=wishes.smoothing,
        precision=wishes.precision,
    )


def _tuned(recipe: Recipe, wishes: Wishes, network: Network, material: Material) -> tuple[Recipe, list[str]]:
    """The recipe with a rate and a number of epochs that were found by trying, and what was found."""
    said = []
    if wishes.lr == "auto":
        recipe = recipe.changed(learning_rate=_sought(recipe, network, material, wishes.seed))
        said.append(f"Learning rate {recipe.learning_rate:g}, a tenth of the one that learned fastest.")
    if wishes.time is not None:
        fit = epochs_within(seconds_of(wishes.time), network, material, recipe, wishes.seed)
        epochs = fit if wishes.epochs is None else min(fit, wishes.epochs)
        recipe = recipe.changed(epochs=epochs)
        said.append(f"{epochs} epoch{'s' * (epochs != 1)} fit into {wishes.time}.")
    return recipe, said


def _sought(recipe: Recipe, network: Network, material: Material, seed: int) -> float:
    """A learning rate, by a short training at growing rates on a part of the pictures."""
    trained = Trained(untrained(network, material, seed), material.answer)
    part = material.train.first(FOR_RATES)
    loss = material.answer.loss(recipe.smoothing, gives_logits(network, material.answer))
    trained.model.compile(
        recipe.make_optimizer(len(part)), loss, augment=recipe.augment, precision=recipe.precision
    )
    x = trained.as_input(part.some(np.arange(len(part))))
    found = find_rate(trained.model, x, material.answer.prepare(part.y), batch_size=recipe.batch_size)
    return float(f"{found.suggestion:.2g}")


def _number(text: str | float) -> float:
    """A learning rate as a number; its range is the recipe's concern."""
    try:
        return float(text)
    except ValueError:
        cure = "Give for instance --lr 0.001, or --lr auto to have one sought."
        raise ArgumentError(Problem("--lr", f"got {text!r}", "a number above 0, or auto", cure)) from None


def _check(wishes: Wishes) -> None:
    """What can be refused before anything is read."""
    problems = []
    for name, value, least in (("--seed", wishes.seed, 0), ("--limit", wishes.limit, 1)):
        if value is not None and not least <= value < 2**31:
            cure = f"Give for instance {name} {max(least, 1)}."
            problems.append(Problem(name, f"got {value}", f"a whole number from {least}", cure))
    if wishes.learn is not None and wishes.source is None:
        cure = "Say what to begin from, for instance --from resnet50."
        problems.append(Problem("--learn", "the training begins anew", "--from", cure))
    if wishes.source is not None and wishes.lr == "auto":
        cure = "Leave --lr out, or give a number."
        problems.append(Problem("--lr", "got auto beside --from", "a number", cure))
    if problems:
        raise ArgumentError(problems)
    if wishes.time is not None:
        seconds_of(wishes.time)
    trial = recipes.DEFAULT if wishes.recipe is None else _named_recipe(wishes)
    _changed(trial, wishes)


def _check_smoothing(wishes: Wishes, material: Material) -> None:
    """Numbers have no labels to be smoothed."""
    if wishes.smoothing and material.answer.KIND in ("continuous", "count"):
        happened = f"the answers are numbers ({material.answer.KIND})"
        raise ArgumentError(Problem("--smoothing", happened, "classes or labels", "Leave --smoothing out."))

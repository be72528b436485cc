"""A trained network for other pictures: its head first, on kept features, then the rest at lower rates."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any

from striate.applications.pretrained import adopt
from striate.errors import ArgumentError, DataError, Problem
from striate.layers import BatchNormalization
from striate.models import Model
from striate.network import Network
from striate.network._structure import InputSpec
from striate.tasks.features import digest, features
from striate.tasks.material import Material, Portion
from striate.tasks.order import Order
from striate.tasks.planning import untrained
from striate.tasks.recipes import Recipe
from striate.tasks.source import find_source
from striate.tasks.trained import Trained
from striate.tasks.tuning import Tuning
from striate.training._freezing import beginning, last_read
from striate.training._weights import flat, grouped
from striate.training.history import History

PARTS = 3
"""Parts of the network, by the number of their layers, that have rates of their own."""
NEVER = 1000
"""Epochs of patience: rates that rise before they fall spoil the first epochs and mend them in the last."""
PATIENCE = 5.0
"""Seconds between two sentences about features."""
Tell = Callable[[str], Any]
Fit = Callable[..., History]


def default_tuning_recipe(material: Material) -> Recipe:
    """How the whole network learns once its head does: briefly and at small rates."""
    plain = material.answer.KIND == "continuous" or material.shape[2] == 1
    return Recipe(
        "fine-tuning",
        "the head on features, then AdamW at rates that fall towards the input",
        5,
        16,
        "adamw",
        3e-4,
        "one-cycle",
        0.01,
        patience=NEVER if len(material.held_out) else None,
        augment="none" if plain else "light",
        smoothing=0.1 if material.answer.KIND == "multinomial" else 0.0,
    )


def adopted_model(order: Order, material: Material) -> Model:
    """The order's network with the weights of its source; the head starts anew.

    Raises:
        StriateError: the source cannot be had, is another one than the run began with, or does not fit.
    """
    tuning = _tuning(order)
    source = find_source(tuning.source, tuning.model)
    if tuning.digest != digest(source.model):
        happened, cure = "its weights are not those that the run began with", "Start a new run."
        raise DataError(Problem(tuning.source, happened, "the same weights", cure))
    model = untrained(order.network, material, order.seed)
    model.variables = adopt(model, source.model).variables
    told = {name: source.model.about[name] for name in ("licence", "origin") if name in source.model.about}
    model.about["begun from"] = {"weights": source.model.about.get("weights", source.name), **told}
    return model


def tune(trained: Trained, order: Order, material: Material, fit: Fit, tell: Tell) -> History:
    """Train the head on what the rest gives, then everything that is to learn.

    Args:
        trained: the adopted model. order, material: of the run. tell: is told what happens.
        fit: (trained, order, material, logged=…, factors=…) -> History; logged is whether it is the run
            itself, with its files and its checkpoint.
    """
    tuning, model = _tuning(order), trained.model
    alone = tuning.learn == "none"
    history = _fit_head(trained, order, material, fit, tell, logged=alone)
    if alone or history.note:
        return history
    before, weights = _lowest(history), model.variables
    frozen = _freeze(model.network, tuning.learn, model)
    tell(f"Now {_learning(tuning.learn)}, at rates that fall towards the input.")
    if frozen:
        norms = "Its batch norm stays" if frozen == 1 else f"Its {frozen} batch norms stay"
        tell(f"{norms} frozen, with the statistics that came with the weights.")
    factors = rate_factors(model.network, tuning.fall)
    history = fit(trained, order, material, logged=True, factors=factors)
    model.unfreeze()
    after = _lowest(history)
    if before is not None and after is not None and after > before and not history.note:
        model.variables = weights
        tell(f"The held-out loss did not sink ({before:.4f} to {after:.4f}): the head alone is kept.")
    return history


def rate_factors(network: Network, fall: float) -> tuple[tuple[str, float], ...]:
    """(path, factor) of every layer that learns but the last: `fall` for the last part, less before it."""
    paths = [path for path, weights in network.declared.items() if any(w.trainable for w in weights.values())]
    body = paths[:-1]
    return tuple((path, fall ** (PARTS - PARTS * index // len(body))) for index, path in enumerate(body))


def head_of(model: Model) -> Model:
    """What follows the features, as a model of its own with the same weights."""
    network = model.network
    at = last_read(network)
    shape = beginning(network, at).output_shapes[0]
    kept = {node.name for node in beginning(network, at).nodes}
    rest = tuple(node for node in network.nodes if node.name not in kept)
    head = dataclasses.replace(network, inputs=(InputSpec(at, shape),), nodes=rest)
    return Model.from_network(head, grouped(head, flat(model.variables)), seed=model.seed)


def _fit_head(
    trained: Trained, order: Order, material: Material, fit: Fit, tell: Tell, logged: bool
) -> History:
    """Train the head on features from the cache; the model takes over its weights."""
    tuning, model = _tuning(order), trained.model
    began = time.perf_counter()
    parts = {
        name: dataclasses.replace(part, x=_features(model, part, tell))
        for name, part in (("train", material.train), ("held_out", material.held_out))
    }
    read, began = time.perf_counter() - began, time.perf_counter()
    head = head_of(model)
    held = len(material.held_out)
    recipe = order.recipe.changed(
        epochs=tuning.head_epochs, batch_size=64, learning_rate=tuning.head_rate, augment="none"
    )
    recipe = dataclasses.replace(recipe, optimizer="adamw", patience=20 if held else None)
    shown = dataclasses.replace(order, network=head.network, recipe=recipe)
    given = dataclasses.replace(material, shape=head.network.inputs[0].shape, **parts)
    tell(
        f"The features of {len(material.train) + held:,} pictures took {read:.0f} s; the head learns on them."
    )
    history = fit(Trained(head, trained.answer), shown, given, logged=logged, factors=())
    weights = flat(model.variables) | flat(head.variables)
    model.variables = grouped(model.network, weights)
    loss = _lowest(history)
    said = "" if loss is None else f", held-out loss {loss:.4f}"
    tell(f"The head learned in {time.perf_counter() - began:.0f} s, {len(history.epoch)} epochs{said}.")
    return history


def _features(model: Model, portion: Portion, tell: Tell) -> Any:
    """What the head reads, from the cache; empty when there are no pictures."""
    backbone = model.features()
    if not len(portion):
        return portion.x[:0].reshape(0, *backbone.network.output_shapes[0])
    last = time.perf_counter()

    def progress(stage: str, done: int, total: int) -> None:
        nonlocal last
        if time.perf_counter() - last > PATIENCE:
            last = time.perf_counter()
            tell(f"{stage} of {done:,} from {total:,} pictures")

    return features(backbone, portion.x, progress)


def _freeze(network: Network, learn: str, model: Model) -> int:
    """Freeze what does not learn, and every batch norm, whose number is told."""
    if learn != "all":
        model.freeze(until=learn)
    norms = [path for path, step in network.program.steps.items() if type(step.layer) is BatchNormalization]
    if norms:
        model.freeze(layers=norms)
    return len(norms)


def _learning(learn: str) -> str:
    """What learns, in words."""
    return "all layers learn" if learn == "all" else f"the layers from {learn} on learn"


def _lowest(history: History) -> float | None:
    """The lowest held-out loss, whose weights are kept; None where nothing is held out."""
    losses = history.history.get("val_loss")
    return min(losses) if losses else None


def _tuning(order: Order) -> Tuning:
    """Of an order that has one."""
    if order.tuning is None:
        cure = "Use carry_out for it."
        raise ArgumentError(Problem("order", "it begins anew", "an order with a source", cure))
    return order.tuning

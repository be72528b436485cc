"""From pictures to a sensible order: which network, how long, how fast, for a person who said nothing."""

from __future__ import annotations

import dataclasses
import math
import time

import numpy as np

from striate import applications
from striate.errors import ArgumentError, Problem
from striate.layers import Dense
from striate.models import Model
from striate.network import Network
from striate.tasks.answers import Answer
from striate.tasks.material import Material
from striate.tasks.recipes import Recipe
from striate.tasks.trained import gives_logits
from striate.training._scaling import has_scaling_layer

FEW, SOME = 1000, 5000
SHARE_OF_TIME = 0.85
"""Of a time budget that training itself may take; reading, compiling and testing need the rest."""


def default_network(material: Material) -> Network:
    """A small residual network for these pictures, with the head that their answer needs."""
    model = applications.small_resnet(material.shape, width=16 if len(material.train) < 100_000 else 32)
    return with_head(model.network, material.answer)


def with_head(network: Network, answer: Answer) -> Network:
    """The network with a last layer of the answer's units and activation.

    Raises:
        ArgumentError: the network does not end in a dense layer.

    >>> from striate.applications import lenet5
    >>> from striate.tasks.answers import Binary
    >>> with_head(lenet5().network, Binary(("no", "yes"))).nodes[-1].layer
    Dense(1, activation='sigmoid')
    """
    last = network.nodes[-1]
    if not isinstance(last.layer, Dense) or network.outputs != (last.name,):
        happened = f"it ends in {last.layer!r}"
        cure = "End the network in a Dense layer."
        raise ArgumentError(Problem(network.name or "network", happened, "a dense layer at its end", cure))
    if (last.layer.units, last.layer.activation) == (answer.units, answer.ACTIVATION):
        return network
    head = dataclasses.replace(last.layer, units=answer.units, activation=answer.ACTIVATION)
    nodes = (*network.nodes[:-1], dataclasses.replace(last, layer=head))
    return dataclasses.replace(network, nodes=nodes)


def default_recipe(material: Material) -> Recipe:
    """One cycle of AdamW, longer where there are fewer pictures.

    The epochs are 2500 / √N for N training pictures, between 12 and 80: twice the pictures get about 1.4
    times the steps.
    """
    count = len(material.train)
    epochs = int(np.clip(round(2500 / math.sqrt(count)), 12, 80))
    batch = 16 if count < FEW else 64 if count < SOME else 128
    plain = material.answer.KIND == "continuous" or material.shape[2] == 1
    return Recipe(
        "pictures",
        "AdamW, one cycle up and down, back to the best weights",
        epochs,
        batch,
        "adamw",
        0.004,
        "one-cycle",
        0.01,
        patience=max(5, epochs // 3) if len(material.held_out) else None,
        augment="none" if plain else "light",
        smoothing=0.1 if material.answer.KIND == "multinomial" else 0.0,
    )


def untrained(network: Network, material: Material, seed: int) -> Model:
    """The model before training; it scales raw pixels itself unless its first layer does."""
    preprocessing = material.preprocessing
    if has_scaling_layer(network):
        preprocessing = dataclasses.replace(preprocessing, scale=1.0, mean=None, std=None)
    names = material.answer.names
    listed = names if material.answer.KIND in ("binary", "multinomial", "multilabel") else None
    model = Model.from_network(network, preprocessing=preprocessing, class_names=listed, seed=seed)
    model.about = {"answer": material.answer.to_json()}
    return model


def epochs_within(seconds: float, network: Network, material: Material, recipe: Recipe, seed: int) -> int:
    """How many epochs fit into a time, by the pace of a few steps.

    Raises:
        ArgumentError: not even one does.
    """
    model, size = untrained(network, material, seed), recipe.batch_size
    model.compile(
        recipe.make_optimizer(size),
        material.answer.loss(from_logits=gives_logits(network, material.answer)),
        **recipe.compile_options(),
    )
    rows = slice(0, min(len(material.train), 6 * size))
    x, y = material.train.x[rows], material.answer.prepare(material.train.y[rows])
    began = time.perf_counter()
    model.fit(x, y, batch_size=size, epochs=1, verbose=0, seed=seed)
    compiling = time.perf_counter() - began
    began = time.perf_counter()
    model.fit(x, y, batch_size=size, epochs=2, initial_epoch=1, verbose=0, seed=seed)
    epoch = (time.perf_counter() - began) * len(material.train) / len(y)
    epochs = int((SHARE_OF_TIME * seconds - compiling) / epoch)
    if epochs < 1:
        happened = f"one epoch alone takes about {epoch + compiling:.0f} s"
        cure = f"Give at least --time {math.ceil((epoch + compiling) / SHARE_OF_TIME)}s, or use --limit."
        raise ArgumentError(Problem("--time", happened, f"an epoch within {seconds:g} s", cure))
    return epochs


def seconds_of(text: str) -> float:
    """A time as a person writes it.

    Raises:
        ArgumentError: it is none.

    >>> seconds_of("5m"), seconds_of("90s"), seconds_of("1.5h"), seconds_of("30")
    (300.0, 90.0, 5400.0, 30.0)
    """
    units = {"s": 1, "m": 60, "h": 3600}
    number, unit = (text[:-1], text[-1]) if text[-1:] in units else (text, "s")
    try:
        seconds = float(number) * units[unit]
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        cure = "Write for instance --time 5m, 90s or 1h."
        raise ArgumentError(Problem("--time", f"got {text!r}", "a time above 0", cure))
    return seconds

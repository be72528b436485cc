"""A model made ready for training: its objective, its compiled programs, and the optimizer's memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from striate.errors import ArgumentError, Problem, TrainingError
from striate.images.preprocessing import Preprocessing
from striate.layers import Softmax
from striate.network import Network
from striate.ops import PRECISIONS, precision_problem
from striate.training import losses, metrics, optimizers
from striate.training._objective import Objective, make_objective
from striate.training._optimizer import Optimizer
from striate.training._scaling import outputs_of, scaler, wanted_by
from striate.training._starts import without_notes
from striate.training._steps import Programs, Steps
from striate.training._wanted import Wanted
from striate.training.augmentation import Augmentation


@dataclass(frozen=True)
class Settings:
    """The arguments of `compile` that the objective is made from, as they were given."""

    loss: Any
    metrics: Any
    loss_weights: Any
    weighted_metrics: Any
    augment: Augmentation | None = None
    precision: str = "float32"

    def objective(self, network: Network) -> Objective:
        """What they mean for the outputs of a network."""
        outputs = outputs_of(network)
        return make_objective(self.loss, self.metrics, self.loss_weights, self.weighted_metrics, outputs)


class Compiled:
    """What training needs beside the weights; kept between fits, so that nothing is compiled twice.

    Args:
        network: what is trained. optimizer: how. settings: what for.
        preprocessing: what scales raw uint8 pictures, or None.
    """

    def __init__(
        self, network: Network, optimizer: Optimizer, settings: Settings, preprocessing: Preprocessing | None
    ) -> None:
        """Resolve names; nothing is compiled before the first step."""
        self.network = network
        self.preprocessing = preprocessing
        self.objective = settings.objective(network)
        how = {"augment": settings.augment, "precision": settings.precision}
        self.programs = programs_for(network, self.objective, optimizer, preprocessing, **how)
        self.transform = self.programs.steps.transform
        self.memory: Any = None
        self.done = 0
        self.fits = 0

    def go_on_from(self, before: Compiled | None) -> None:
        """Take over the memory of a training of the same network with other preprocessing."""
        if before is not None and before.network == self.network:
            self.memory, self.done, self.fits = before.memory, before.done, before.fits

    def wanted(self, class_weight: Mapping[int, float] | None = None) -> Wanted:
        """What data must look like."""
        return wanted_by(self.network, self.preprocessing, self.objective.kinds, class_weight)


def programs_for(
    network: Network,
    objective: Objective,
    optimizer: Optimizer,
    preprocessing: Preprocessing | None,
    augment: Augmentation | None = None,
    precision: str = "float32",
) -> Programs:
    """The programs for these values; equal values get the same ones, so that a second model compiles nothing.

    The learning rate is no part of a program.
    """
    values = (
        without_notes(network),
        objective,
        replace(optimizer, learning_rate=0.0),
        preprocessing,
        augment,
        precision,
    )
    try:
        return _equal_programs(*values)
    except TypeError:  # a value of the user's own that cannot be hashed
        return _new_programs(*values)


def _new_programs(
    network: Network,
    objective: Objective,
    optimizer: Optimizer,
    preprocessing: Preprocessing | None,
    augment: Augmentation | None,
    precision: str,
) -> Programs:
    prepare = scaler(preprocessing)
    return Programs(Steps(network, objective, optimizer.direction(), prepare, augment, precision))


_equal_programs = lru_cache(maxsize=8)(_new_programs)


def activation_warnings(network: Network, objective: Objective) -> list[Problem]:
    """Losses that take logits for probabilities, or probabilities for logits."""
    warnings = []
    for path, loss in zip(network.program.outputs, objective.losses, strict=True):
        step = network.program.steps.get(path)
        if loss is not None and step is not None and (activation := _activation_of(step.layer)):
            warnings += loss.check_activation(activation)
    return warnings


def _activation_of(layer: Any) -> str:
    """The name of a layer's activation; empty when it is not known."""
    if hasattr(layer, "activation"):
        return layer.activation or "linear"
    return "softmax" if isinstance(layer, Softmax) else ""


def not_compiled() -> TrainingError:
    """The error of a model that is asked to train before `compile`."""
    return TrainingError(
        Problem(
            "model",
            "it is not compiled",
            "an optimizer and a loss",
            "Call model.compile(optimizer='rmsprop', loss='sparse_categorical_crossentropy') first.",
        )
    )


def check_settings(settings: Settings, optimizer: Any) -> tuple[Optimizer | None, list[Problem]]:
    """Look every name up, before the shapes are known: the optimizer as an object, and all that is wrong."""
    wanted = [(optimizers.get, optimizer), *((losses.get, one) for one in _flat(settings.loss))]
    wanted += [(metrics.get, one) for one in _flat(settings.metrics) + _flat(settings.weighted_metrics)]
    found, problems = [], []
    for look_up, value in wanted:
        try:
            found.append(look_up(value))
        except ArgumentError as error:
            found.append(None)
            problems += error.problems
    if settings.precision not in PRECISIONS:
        problems.append(precision_problem(settings.precision, "precision"))
    if words := [one for one in _flat(settings.loss_weights) if isinstance(one, str)]:
        cure = "Metrics are given by name: compile(optimizer, loss, metrics=[...])."
        happened = f"got {', '.join(map(repr, words))}"
        problems.append(Problem("loss_weights", happened, "a number for each output", cure))
    return found[0], problems


def _flat(value: Any) -> list[Any]:
    """The entries of an argument that may be one thing, a list, or a dict by output name."""
    if value is None:
        return []
    if isinstance(value, Mapping) and "class_name" not in value:
        value = list(value.values())
    return [one for part in value for one in _flat(part)] if isinstance(value, list | tuple) else [value]

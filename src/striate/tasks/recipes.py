"""Recipes: everything that decides a training besides the data and the network, as one frozen value."""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from striate.errors import ArgumentError, Problem
from striate.ops import PRECISIONS, precision_problem
from striate.training import augmentation, optimizers, schedules
from striate.training.optimizers import Optimizer

Shape = Literal["constant", "one-cycle", "cosine"]
SHAPES: tuple[str, ...] = ("constant", "one-cycle", "cosine")
BETAS = ("beta_1", "beta_2")


@dataclass(frozen=True)
class Recipe:
    """How to train a classifier.

    Args:
        name: what it is called. about: one line for people.
        epochs: the most epochs. batch_size: pictures in a step.
        optimizer: its Keras name. learning_rate: the highest rate.
        schedule: the course of the rate: "constant"; "one-cycle" up and down to nothing; "cosine" only down.
        weight_decay: decoupled pull of the weights to zero, or None.
        held_out: training pictures of each thousand that are only watched and not trained on.
        patience: stop when the held-out loss has not sunk for so many epochs, and go back to the best
            weights; None trains to the end and keeps the last weights.
        augment: how pictures vary while training: "none", "light" or "strong".
        smoothing: the share of each label that is spread over all classes.
        betas: how long Adam and its kin remember gradients and their squares; None for their own.
        precision: of the numbers that are multiplied, "float32" or "bfloat16".
    """

    name: str
    about: str
    epochs: int
    batch_size: int
    optimizer: str
    learning_rate: float
    schedule: Shape = "constant"
    weight_decay: float | None = None
    held_out: int = 50
    patience: int | None = None
    augment: str = "none"
    smoothing: float = 0.0
    betas: tuple[float, float] | None = None
    precision: str = "float32"

    def __post_init__(self) -> None:
        """Refuse, all at once, what cannot be trained with."""
        problems = [*self._counts(), *self._rates()]
        if problems:
            raise ArgumentError(problems)

    def changed(self, **values: Any) -> Recipe:
        """The same recipe with other values; those that are None stay as they are.

        >>> get("default").changed(epochs=2, batch_size=None).epochs
        2
        """
        given = {name: value for name, value in values.items() if value is not None}
        return dataclasses.replace(self, **given)

    def compile_options(self) -> dict[str, Any]:
        """What `Model.compile` is told beside optimizer, loss and metrics."""
        return {"augment": self.augment, "precision": self.precision}

    def with_optimizer(self, optimizer: Optimizer) -> Recipe:
        """The same recipe with another optimizer, and with its own rate, since rates do not carry over.

        >>> get("default").with_optimizer(optimizers.get("sgd")).learning_rate
        0.01
        """
        name, rate = type(optimizer).__name__.lower(), optimizer.learning_rate
        assert not callable(rate)
        decay = optimizer.weight_decay
        return dataclasses.replace(self, optimizer=name, learning_rate=rate, weight_decay=decay, betas=None)

    def make_optimizer(self, examples: int) -> Optimizer:
        """The optimizer for so many training pictures, with its rate for every step of the run."""
        cls = type(optimizers.get(self.optimizer))
        steps = self.epochs * math.ceil(examples / self.batch_size)
        decay: dict[str, Any] = {} if self.weight_decay is None else {"weight_decay": self.weight_decay}
        return cls(learning_rate=self._rate(steps), **decay, **self._memory())

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values that `from_json` reads."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: Any) -> Recipe:
        """The recipe that `to_json` wrote.

        Raises:
            ArgumentError: fields are missing, unknown or out of their rule.
        """
        names = [field.name for field in dataclasses.fields(cls)]
        if isinstance(values, Mapping):
            values = {"betas": None, "precision": "float32", **values}  # which older runs do not tell of
        found = list(values) if isinstance(values, Mapping) else []
        if sorted(names) != sorted(map(str, found)):
            happened = f"its fields are {', '.join(map(str, found)) or 'none'}"
            raise ArgumentError(Problem("recipe", happened, ", ".join(names), "Start a new run."))
        betas = values["betas"]
        return cls(**{**values, "betas": tuple(betas) if isinstance(betas, list) else betas})

    def _memory(self) -> dict[str, Any]:
        """The betas by the optimizer's names for them."""
        return {} if self.betas is None else dict(zip(BETAS, self.betas, strict=True))

    def _rate(self, steps: int) -> float | schedules.Schedule:
        """The learning rate as a number or a schedule."""
        if self.schedule == "one-cycle":
            return schedules.OneCycle(self.learning_rate, steps)
        if self.schedule == "cosine":
            return schedules.CosineDecay(self.learning_rate, steps)
        return self.learning_rate

    def _counts(self) -> list[Problem]:
        """Whole numbers out of their range."""
        ranges = {
            "epochs": (1, 10_000),
            "batch_size": (1, 2**20),
            "held_out": (0, 500),
            "patience": (1, 10_000),
        }
        problems = []
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            if value is None and name == "patience":
                continue
            if type(value) is not int or not low <= value <= high:
                expected = f"a whole number from {low} to {high:,}"
                problems.append(
                    Problem(name, f"got {value!r}", expected, f"Give for instance {max(low, 5)}.")
                )
        if self.patience is not None and self.held_out == 0:
            cure = "Hold some pictures out, or train to the end."
            problems.append(Problem("patience", "no pictures are held out", "something to watch", cure))
        return problems

    def _rates(self) -> list[Problem]:
        """Numbers and names out of their rule; the optimizer's own rules say the rest."""
        problems = []
        rate = self.learning_rate
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate < 1e6:
            problems.append(
                Problem("learning rate", f"got {rate!r}", "a number above 0", "Give for instance 0.001.")
            )
        if self.schedule not in SHAPES:
            cure = "Choose one of them."
            problems.append(
                Problem("schedule", f"got {self.schedule!r}", f"one of {', '.join(SHAPES)}", cure)
            )
        smoothing = self.smoothing
        if isinstance(smoothing, bool) or not isinstance(smoothing, int | float) or not 0 <= smoothing < 1:
            cure = "Give for instance 0.1."
            problems.append(Problem("smoothing", f"got {smoothing!r}", "a share from 0 below 1", cure))
        if self.augment not in augmentation.STRENGTHS:
            expected = f"one of {', '.join(augmentation.STRENGTHS)}"
            problems.append(Problem("augment", f"got {self.augment!r}", expected, "Choose one of them."))
        if self.precision not in PRECISIONS:
            problems.append(precision_problem(self.precision, "precision"))
        return [*problems, *self._remembers()]

    def _remembers(self) -> list[Problem]:
        """An optimizer that is not known, or betas that it does not take."""
        try:
            cls = type(optimizers.get(self.optimizer))
        except ArgumentError as error:
            return list(error.problems)
        if self.betas is None:
            return []
        pair = isinstance(self.betas, tuple) and len(self.betas) == 2
        if not pair or not all(hasattr(cls, name) for name in BETAS):
            happened = f"got {self.betas!r} for {self.optimizer}"
            cure = "Leave them out, or choose adam, adamw, nadam, adamax or lion."
            return [Problem("betas", happened, "two numbers, for an optimizer that has them", cure)]
        try:
            cls(**self._memory())
        except ArgumentError as error:
            return list(error.problems)
        return []


DEFAULT = Recipe(
    "default", "AdamW, one cycle up and down, to the end", 3, 64, "adamw", 0.004, "one-cycle", 0.01
)
PLAIN = Recipe("plain", "RMSprop, stopped when it no longer improves", 12, 256, "rmsprop", 0.001, patience=3)
QUICK = Recipe(
    "quick",
    "one epoch of AdamW with a short memory on all pictures: 99 % on MNIST within seconds",
    1,
    60,
    "adamw",
    0.005,
    "one-cycle",
    0.01,
    held_out=0,
    betas=(0.8, 0.95),
)
"""Short averages, because a thousand steps are over before long ones have seen much; a batch that divides
60,000, because a short last one would be a second program to compile."""
RECIPES = {recipe.name: recipe for recipe in (DEFAULT, PLAIN, QUICK)}
LONGER = {
    "fashion-mnist": {"epochs": 8},
    "cifar10": {"epochs": 12, "batch_size": 128, "learning_rate": 0.002},
}
"""What the default recipe changes for a data set that takes longer to learn."""


def get(name: str, data: str = "mnist") -> Recipe:
    """The recipe of this name for a data set.

    Raises:
        ArgumentError: there is none; the nearest name is suggested.

    >>> get("default", "cifar10").epochs
    12
    """
    if name in RECIPES:
        return RECIPES[name].changed(**LONGER.get(data, {})) if name == "default" else RECIPES[name]
    near = difflib.get_close_matches(name, RECIPES, n=1)
    cure = f"Did you mean {near[0]}?" if near else "Choose one of them."
    raise ArgumentError(Problem("recipe", f"there is no {name!r}", f"one of {', '.join(RECIPES)}", cure))

"""A weighted network that knows how it is to be trained: what `compile` says."""

from __future__ import annotations

import os
import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from striate import formats
from striate.errors import ArgumentError, Problem
from striate.network import Network
from striate.training import augmentation
from striate.training._compiled import Compiled, Settings, activation_warnings, check_settings, not_compiled
from striate.training._metric_base import Metric
from striate.training._optimizer import Optimizer
from striate.training._records import training_record
from striate.training._weighted import Weighted
from striate.training.history import History
from striate.training.loop import Run


class Compilable(Weighted):
    """The part of `Model` that remembers optimizer, losses and metrics."""

    history: History | None = None
    _run: Run | None = None

    def __init__(self, network: Network, seed: int | None) -> None:
        """Not compiled yet."""
        self._optimizer: Optimizer | None = None
        self._settings: Settings | None = None
        self._compiled: Compiled | None = None
        super().__init__(network, seed)

    def _forget_programs(self) -> None:
        super()._forget_programs()
        self._before, self._compiled = self._compiled, None

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        *,
        augment: Any = None,
        precision: str = "float32",
        **ignored: Any,
    ) -> None:
        """Say how to train and what to measure.

        Args:
            optimizer: a name, or an object of `striate.optimizers`.
            loss: a name, an object of `striate.losses` or a function (y, p) -> (N,); for several outputs a
                list or a dict by output name.
            loss_weights: a factor for each output's loss.
            metrics: names or objects of `striate.metrics`; for several outputs a list of lists or a dict.
            weighted_metrics: like metrics, for those that count sample and class weights.
            augment: "light", "strong" or an `Augmentation`: pictures vary while training, and only then.
            precision: "bfloat16" multiplies numbers rounded to 16 bits in convolutions and dense layers and
                adds up in float32, which is faster where the processor can (see `ops.products_of`).
                Answers of `predict` then pass from convolution to convolution as 16 bits too.
            ignored: Keras' run_eagerly, jit_compile, steps_per_execution, auto_scale_loss: everything is
                compiled, and the number of steps between two looks finds itself.

        Raises:
            ArgumentError: names that are not known, or arguments that Keras has not either.
        """
        known = {"run_eagerly", "jit_compile", "steps_per_execution", "auto_scale_loss"}
        varied = augmentation.get(augment)
        settings = Settings(loss, metrics, loss_weights, weighted_metrics, varied, precision)
        looked_up, problems = check_settings(settings, optimizer)
        if unknown := sorted(set(ignored) - known):
            expected = "optimizer, loss, loss_weights, metrics, weighted_metrics, augment, precision"
            problems.insert(0, Problem("compile", f"got {', '.join(unknown)}", expected, "Correct the name."))
        if problems:
            raise ArgumentError(problems)
        self._optimizer = looked_up
        self._settings, self._compiled, self._before, self._predict = settings, None, None, None
        if not self.network.errors():
            for problem in activation_warnings(self.network, self.compiled().objective):
                warnings.warn(str(problem), stacklevel=2)

    @property
    def precision(self) -> str:
        """Of the numbers that are multiplied: "float32", or what `compile` said."""
        return "float32" if self._settings is None else self._settings.precision

    def compiled(self) -> Compiled:
        """What `compile` said, resolved against the network.

        Raises:
            TrainingError: `compile` was not called.
        """
        if self._settings is None or self._optimizer is None:
            raise not_compiled()
        if self._compiled is None:
            self._compiled = Compiled(self.network, self._optimizer, self._settings, self.preprocessing)
            self._compiled.go_on_from(self._before)
        return self._compiled

    def _is_ready(self) -> bool:
        """Whether `compile` was called and the network knows its shapes."""
        return self._settings is not None and not self.network.errors()

    @property
    def optimizer(self) -> Optimizer | None:
        """The optimizer, frozen; `compile` takes another one, and `learning_rate` can be set by itself."""
        return self._optimizer

    @property
    def loss(self) -> Any:
        """The loss as `compile` was given it."""
        return None if self._settings is None else self._settings.loss

    @property
    def metrics(self) -> list[Metric]:
        """The metrics of all outputs; empty before `compile`."""
        if not self._is_ready():
            return []
        return [metric for group in self.compiled().objective.metric_groups() for metric in group]

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next step; a number set here replaces a schedule, without recompiling."""
        if self._optimizer is None:
            raise not_compiled()
        if not callable(self._optimizer.learning_rate):
            return self._optimizer.learning_rate
        done = self.compiled().done if self._is_ready() else 0
        step = done if self._run is None else self._run.done + self._run.step
        return float(self._optimizer.rates(np.asarray(step)))

    @learning_rate.setter
    def learning_rate(self, rate: Any) -> None:
        if self._optimizer is None:
            raise not_compiled()
        self._optimizer = replace(self._optimizer, learning_rate=rate)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write architecture, weights, preprocessing, class names and training record to one file of data.

        It is a `.striate` file whatever its ending; `striate.load` gives the model back. An ending that
        promises Keras' formats is warned of.
        """
        if str(path).endswith((".keras", ".h5", ".hdf5")):
            cure = "striate.load reads it whatever its name, Keras does not: end the name with .striate."
            told = Problem(os.fspath(path), "it becomes a .striate file", "an ending that says so", cure)
            warnings.warn(str(told), stacklevel=2)
        done = self.compiled().done if self._is_ready() else 0
        record = training_record(self._optimizer, self._settings, self.history, self.seed, done)
        record |= {"about": self.about} if self.about else {}
        extras = {"preprocessing": self.preprocessing, "class_names": self.class_names, "training": record}
        formats.save_model(path, self.network, self.variables, **extras)

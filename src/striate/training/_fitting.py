"""From the arguments of `fit` to a run, and from the finished run back to the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from striate.errors import ArgumentError, Problem
from striate.training._batches import Batch, are_batches, is_array_like, split_last, unpack
from striate.training._compiled import Compiled
from striate.training._evaluators import ArrayEvaluator, Evaluator, IterableEvaluator
from striate.training._feeders import ArrayFeeder, Feeder, IterableFeeder
from striate.training._hooks import Hooks, callback_problems, listed
from striate.training._state import first_carry, is_alive
from striate.training._wanted import Wanted
from striate.training.history import History
from striate.training.loop import Run
from striate.training.progress import Progress

DEFAULT_BATCH = 32
_LEAST = {
    "batch_size": 1,
    "epochs": 1,
    "initial_epoch": 0,
    "steps_per_epoch": 1,
    "validation_steps": 1,
    "validation_batch_size": 1,
    "seed": 0,
}


@dataclass
class FitArguments:
    """The arguments of `Model.fit`, by Keras' names."""

    x: Any
    y: Any = None
    batch_size: int | None = None
    epochs: int = 1
    verbose: Any = "auto"
    callbacks: Any = None
    validation_split: float = 0.0
    validation_data: Any = None
    shuffle: bool = True
    class_weight: Mapping[int, float] | None = None
    sample_weight: Any = None
    initial_epoch: int = 0
    steps_per_epoch: int | None = None
    validation_steps: int | None = None
    validation_batch_size: int | None = None
    validation_freq: Any = 1
    seed: int | None = None

    def check(self) -> None:
        """Refuse, all at once, what does not go together.

        Raises:
            ArgumentError: wrong counts, or arguments for arrays given with an iterable of batches.
        """
        problems = [
            problem
            for name, least in _LEAST.items()
            if (problem := _count_problem(name, getattr(self, name), least))
        ]
        problems += callback_problems(self.callbacks)
        if self.x is None:
            problems.append(
                Problem("x", "nothing was given", "arrays or batches", "Give model.fit the data.")
            )
        if are_batches(self.x, None) and (self.y is None or not isinstance(self.x, list | tuple)):
            problems += self._iterable_problems()
        if problems:
            raise ArgumentError(problems)

    def _iterable_problems(self) -> list[Problem]:
        """Arguments that need arrays."""
        given = {
            "y": self.y is not None,
            "sample_weight": self.sample_weight is not None,
            "validation_split": bool(self.validation_split),
        }
        cures = {
            "y": "Let the batches hold their targets: (x, y).",
            "sample_weight": "Let the batches hold their weights: (x, y, sample_weight).",
            "validation_split": "Give validation_data instead.",
        }
        happened = "it needs arrays, and x is an iterable of batches"
        return [Problem(name, happened, "arrays as x", cures[name]) for name, wrong in given.items() if wrong]


def make_run(model: Any, compiled: Compiled, arguments: FitArguments, ours: list[Any]) -> Run:
    """Check the data, put them on the device, and make the run.

    Args:
        model: the shell. compiled: its programs. arguments: of `fit`, checked.
        ours: the progress bar and the history; they come last, to see what other callbacks add to the logs.
    """
    wanted = compiled.wanted(arguments.class_weight)
    seed = (model.seed + compiled.fits) % 2**32 if arguments.seed is None else arguments.seed
    feeder, validation = _sources(wanted, arguments)
    size = arguments.batch_size or DEFAULT_BATCH
    params = {
        "epochs": arguments.epochs,
        "initial_epoch": arguments.initial_epoch,
        "steps": feeder.steps,
        "samples": feeder.examples,
        "batch_size": size if isinstance(feeder, ArrayFeeder) else None,
        "verbose": arguments.verbose,
    }
    hooks = Hooks([*listed(arguments.callbacks), *ours], model, params)
    return Run(
        model=model,
        programs=compiled.programs,
        feeder=feeder,
        hooks=hooks,
        carry=first_carry(model.variables, compiled.transform, compiled.memory, compiled.objective),
        seed=seed,
        epochs=arguments.epochs,
        epoch=arguments.initial_epoch,
        done=compiled.done,
        begun=compiled.done,
        validation=validation,
        validate_every=arguments.validation_freq,
    )


def _sources(wanted: Wanted, arguments: FitArguments) -> tuple[Feeder, Evaluator | None]:
    """Where training and validation examples come from."""
    if are_batches(arguments.x, arguments.y):
        feeder = IterableFeeder(arguments.x, batch_preparer(wanted, "x"), arguments.steps_per_epoch)
        return feeder, _validation(wanted, arguments)
    plain = wanted.without_class_weights()
    data = plain.prepare(arguments.x, arguments.y, arguments.sample_weight)
    held: Batch | None = None
    if arguments.validation_data is None and arguments.validation_split:
        data, held = split_last(data, arguments.validation_split)
    size = arguments.batch_size or DEFAULT_BATCH
    feeder = ArrayFeeder(wanted.weigh(data), size, arguments.shuffle, arguments.steps_per_epoch)
    if held is None:
        return feeder, _validation(wanted, arguments)
    return feeder, ArrayEvaluator(held, arguments.validation_batch_size or size, arguments.validation_steps)


def _validation(wanted: Wanted, arguments: FitArguments) -> Evaluator | None:
    """The evaluator of `validation_data`; class weights are for training only."""
    data = arguments.validation_data
    if data is None:
        return None
    size = arguments.validation_batch_size or arguments.batch_size
    plain = wanted.without_class_weights()
    pair = isinstance(data, tuple) or (isinstance(data, list) and is_array_like(data[0]))
    if pair and len(data) in (2, 3):
        return make_evaluator(plain, *unpack(data), size, arguments.validation_steps, "validation_data: ")
    return make_evaluator(plain, data, None, None, size, arguments.validation_steps, "validation_data: ")


def make_evaluator(
    wanted: Wanted, x: Any, y: Any, sample_weight: Any, size: int | None, steps: int | None, where: str = ""
) -> Evaluator:
    """A evaluator for arrays or for an iterable of batches."""
    if are_batches(x, y):
        return IterableEvaluator(x, batch_preparer(wanted, where + "x"), steps, where + "x")
    return ArrayEvaluator(wanted.prepare(x, y, sample_weight, where), size or DEFAULT_BATCH, steps)


def batch_preparer(wanted: Wanted, where: str) -> Any:
    """(item of an iterable, its number) -> checked Batch; messages say which batch it was."""

    def prepare(item: Any, number: int) -> Batch:
        return wanted.prepare(*unpack(item, where), f"{where}, batch {number + 1}: ")

    return prepare


def _count_problem(name: str, value: Any, least: int) -> Problem | None:
    optional = name not in ("epochs", "initial_epoch")
    if value is None and optional:
        return None
    if isinstance(value, int | np.integer) and not isinstance(value, bool) and value >= least:
        return None
    expected = f"a whole number from {least}" + (" or None" if optional else "")
    return Problem(name, f"got {value!r}", expected, f"Give for instance {name}={max(least, 1)}.")


def fit(model: Any, arguments: FitArguments) -> History:
    """Train a model; whatever happens, it holds the newest good weights afterwards.

    Args:
        model: the shell. arguments: of `Model.fit`.
    """
    arguments.check()
    model._build_for(arguments.x)
    compiled = model.compiled()
    history, progress = History(), Progress(arguments.verbose)
    run = make_run(model, compiled, arguments, [progress, history])
    model.history, model.stop_training, model._run = history, False, run
    try:
        with progress:
            run.hooks.call("restore_run", run)
            run.hooks.call("on_train_begin", {})
            run.hooks.call("before_training", run)
            run.train()
            run.hooks.call("after_training", run)
    finally:
        _hand_over(model, compiled, run)
    history.note = run.note
    if run.note and progress.lines:
        progress.console.print(run.note, soft_wrap=True, highlight=False, markup=False)
    return history


def _hand_over(model: Any, compiled: Compiled, run: Run) -> None:
    """Give the model the weights of the run, and the optimizer its memory."""
    alive = is_alive(run.carry)
    model._run = None
    model._variables = {"params": run.carry.params, "state": run.carry.state} if alive else run.safe
    compiled.memory = run.carry.optimizer if alive else None
    compiled.done = run.done + run.step
    compiled.fits += 1

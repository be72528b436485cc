"""A training run from its settings to its folder: config, logs, curves, model, results and report."""

from __future__ import annotations

import datetime
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from striate import datasets
from striate.datasets import Dataset
from striate.errors import ArgumentError, Problem
from striate.images import Preprocessing
from striate.models import Model
from striate.tasks import doctor
from striate.tasks.classifier import gives_probabilities, make_classifier
from striate.tasks.evaluation import Evaluation, as_input, check_fit, evaluate, example_shape, first
from striate.tasks.order import Order
from striate.tasks.recipes import Recipe
from striate.tasks.report import Report
from striate.tasks.run_folder import RunFolder, existing_folder, new_folder, write_json
from striate.training._scaling import has_scaling_layer
from striate.training._state import is_alive
from striate.training.callbacks import Callback, CSVLogger, EarlyStopping, JSONLogger
from striate.training.history import History
from striate.training.loop import Run
from striate.training.losses import SparseCategoricalCrossentropy
from striate.training.resume import BackupAndRestore


@dataclass(frozen=True)
class Outcome:
    """What came of a run.

    Args:
        folder: its files. evaluation: of the test pictures; None when it was interrupted.
        seconds: of training in this process. epochs: that were finished in all. note: why it ended early.
    """

    folder: RunFolder
    evaluation: Evaluation | None
    seconds: float
    epochs: int
    note: str = ""


def begin(order: Order, out: str | Path | None = None) -> RunFolder:
    """Check the order, make the folder of a new run and write its settings there.

    Raises:
        StriateError: the network does not fit the data, or the folder cannot be made.
    """
    dataset = datasets.get(order.data)
    check_fit(make_classifier(_model(order, dataset)), dataset.info)
    folder = new_folder(dataset.info.name, out)
    made = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    facts = {"versions": doctor.versions(), "hardware": doctor.hardware()}
    folder.write_config({**order.to_json(), "started": made, **facts})
    return folder


def reopen(path: str | Path) -> tuple[RunFolder, Order]:
    """The folder and the order of a run that was begun.

    Raises:
        StriateError: it is no such folder, or the run is finished.
    """
    folder = existing_folder(path)
    order = Order.from_json(folder.read_config(), str(folder.config))
    if folder.report.exists():
        cure = f"Look at {folder.report}, or start a new run."
        raise ArgumentError(Problem(str(path), "the run is finished", "a run to be resumed", cure))
    return folder, order


def carry_out(folder: RunFolder, order: Order, watchers: Sequence[Callback] = ()) -> Outcome:
    """Train, test, and fill the folder; a run that was interrupted goes on where it stopped, bit for bit.

    Args:
        folder: from `begin` or `reopen`. order: what to train. watchers: callbacks such as a progress bar.

    Raises:
        StriateError: the data cannot be had, or a number was not finite.
    """
    dataset = datasets.get(order.data)
    (x, y), _ = dataset.load()
    model = _model(order, dataset)
    x, y = first(x, y, order.limit)
    x = as_input(make_classifier(model), x)
    began = time.perf_counter()
    history = _fit(model, order, x, y, folder, watchers)
    seconds = time.perf_counter() - began
    model.save(folder.model)
    epochs = len(history.epoch)
    if history.note:
        return Outcome(folder, None, seconds, epochs, history.note)
    evaluation = evaluate(make_classifier(model, path=folder.model), order.data)
    outcome = Outcome(folder, evaluation, seconds, epochs)
    _finish(outcome, order, history, dataset)
    return outcome


def _model(order: Order, dataset: Dataset) -> Model:
    """The untrained model; it scales raw pixels itself unless its first layer does."""
    height, width, channels = example_shape(dataset.info)
    scale = 1.0 if has_scaling_layer(order.network) else 1 / 255
    return Model.from_network(
        order.network,
        preprocessing=Preprocessing((height, width), channels, scale),
        class_names=dataset.info.class_names,
        seed=order.seed,
    )


def _fit(
    model: Model, order: Order, x: np.ndarray, y: np.ndarray, folder: RunFolder, watchers: Sequence[Callback]
) -> History:
    """Compile and train."""
    recipe = order.recipe
    kept = len(x) * recipe.held_out // 1000
    trained = len(x) - kept
    model.compile(
        recipe.make_optimizer(trained),
        SparseCategoricalCrossentropy(from_logits=not gives_probabilities(order.network)),
        metrics=["accuracy"],
    )
    return model.fit(
        x[:trained],
        y[:trained],
        batch_size=recipe.batch_size,
        epochs=recipe.epochs,
        verbose=0,
        callbacks=[*_callbacks(folder, recipe, kept), *watchers],
        validation_data=(x[trained:], y[trained:]) if kept else None,
        seed=order.seed,
    )


def _callbacks(folder: RunFolder, recipe: Recipe, kept: int) -> list[Callback]:
    """Logs, early stopping and the checkpoint."""
    made: list[Callback] = [_Backup(folder.checkpoint), CSVLogger(folder.csv), JSONLogger(folder.jsonl)]
    if recipe.patience is not None:
        watched = "val_loss" if kept else "loss"
        made.append(EarlyStopping(watched, patience=recipe.patience, restore_best_weights=True))
    return made


class _Backup(BackupAndRestore):
    """The run's checkpoint, made when Ctrl-C stops the run too; it stays until the report is there."""

    def after_training(self, run: Run) -> None:
        """Save where the run stopped."""
        if run.note and is_alive(run.carry):
            self.save(run)


def _finish(outcome: Outcome, order: Order, history: History, dataset: Dataset) -> None:
    """Write results, curves and report; the checkpoint has done its duty."""
    folder, evaluation = outcome.folder, outcome.evaluation
    assert evaluation is not None
    history.save(folder.curves, title=_title(order))
    found = {**evaluation.to_json(), "epochs": outcome.epochs, "seconds": round(outcome.seconds, 3)}
    write_json(folder.results, found)
    _, (pictures, _) = dataset.load()
    report = Report(
        title=_title(order),
        network=order.network,
        class_names=evaluation.class_names,
        scores=evaluation.scores,
        pictures=pictures,
        history=history.history,
        command=order.command,
        seed=order.seed,
        settings=_settings(order, outcome),
        facts=_facts(),
    )
    folder.report.write_text(report.html(), "utf-8")
    folder.checkpoint.unlink(missing_ok=True)


def _title(order: Order) -> str:
    """Such as "mnist-convnet on mnist"."""
    return f"{order.model_name} on {order.data}"


def _settings(order: Order, outcome: Outcome) -> dict[str, Any]:
    """The recipe in words, and what was made of it."""
    values = {name.replace("_", " "): value for name, value in order.recipe.to_json().items()}
    values["held out"] = f"{values['held out'] / 10:g} % of the training pictures"
    values["training pictures"] = "all" if order.limit is None else f"the first {order.limit:,}"
    return values | {"epochs made": outcome.epochs, "seconds of training": f"{outcome.seconds:.1f}"}


def _facts() -> dict[str, Any]:
    """Versions and hardware in one table."""
    hardware = doctor.hardware()
    memory = hardware.pop("memory_bytes")
    said = {} if memory is None else {"memory": f"{memory / 2**30:.1f} GiB"}
    return {**doctor.versions(), **hardware, **said}

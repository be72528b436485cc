"""A training run from its settings to its folder: config, logs, curves, model, results and report."""

from __future__ import annotations

import dataclasses
import datetime
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from striate.errors import ArgumentError, DataError, Problem
from striate.models import Model
from striate.tasks import doctor
from striate.tasks.ahead import make_ready
from striate.tasks.evaluation import Evaluation, score
from striate.tasks.fine_tuning import adopted_model, tune
from striate.tasks.fitting import fitted
from striate.tasks.likeness import training_facts
from striate.tasks.material import Material, Portion, gather
from striate.tasks.order import Order
from striate.tasks.planning import untrained
from striate.tasks.recipes import Recipe
from striate.tasks.reporting import Report
from striate.tasks.run_folder import RunFolder, existing_folder, new_folder, write_json
from striate.tasks.timing import milliseconds
from striate.tasks.trained import Fed, Trained, gives_logits
from striate.tasks.varying import save_sheet
from striate.training._state import is_alive
from striate.training.callbacks import Callback, CSVLogger, EarlyStopping, JSONLogger
from striate.training.history import History
from striate.training.loop import Run
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


def begin(order: Order, out: str | Path | None = None, material: Material | None = None) -> RunFolder:
    """Check the order, make the folder of a new run and write its settings there.

    Args:
        order: what to train. out: the folder; unless given, the next free one.
        material: what was gathered already for this order.

    Raises:
        StriateError: the network does not fit the data, or the folder cannot be made.
    """
    found = fitted(material or gathered(order), order.network)
    folder = new_folder(found.name, out)
    made = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    facts = {"versions": doctor.versions(), "hardware": doctor.hardware()}
    order = dataclasses.replace(order, digest=found.digest)
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


def carry_out(
    folder: RunFolder,
    order: Order,
    watchers: Sequence[Callback] = (),
    material: Material | None = None,
    tell: Callable[[str], Any] = lambda sentence: None,
) -> Outcome:
    """Train, test, and fill the folder; a run that was interrupted goes on where it stopped, bit for bit.

    Args:
        folder: from `begin` or `reopen`. order: what to train. watchers: callbacks such as a progress bar.
        material: what was gathered already for this order. tell: is told what happens in a fine-tuning.

    Raises:
        StriateError: the data cannot be had, are no longer those the run began with, or a number was not
            finite.
    """
    found = fitted(material or gathered(order), order.network)
    _refuse_changes(order, found)
    anew = order.tuning is None
    model = untrained(order.network, found, order.seed) if anew else adopted_model(order, found)
    model.about["training"] = training_facts(found)
    trained = Trained(model, found.answer, folder.model)
    if not folder.augmented.exists():
        save_sheet(folder.augmented, found.train, order.recipe.augment, order.seed)
    if anew:
        make_ready(trained, found.test)
    began = time.perf_counter()
    fit = partial(_fit, folder=folder, watchers=watchers)
    history = fit(trained, order, found) if anew else tune(trained, order, found, fit, tell)
    seconds = time.perf_counter() - began
    model.save(folder.model)
    epochs = len(history.epoch)
    if history.note:
        return Outcome(folder, None, seconds, epochs, history.note)
    evaluation = Evaluation(order.data, "test", found.answer, score(trained, found.test))
    outcome = Outcome(folder, evaluation, seconds, epochs)
    _finish(outcome, order, history, found, trained)
    return outcome


def gathered(order: Order, progress: Callable[..., Any] | None = None) -> Material:
    """The pictures that an order means; `progress` is called while they are decoded."""
    asked: dict[str, Any] = {"seed": order.seed, "held_out": order.recipe.held_out, "limit": order.limit}
    asked["preprocessing"] = None if order.tuning is None else order.tuning.preprocessing
    return gather(order.data, order.pictures, **asked, progress=progress)


def _refuse_changes(order: Order, found: Material) -> None:
    """A run that was begun with other pictures cannot go on."""
    if order.digest and order.digest != found.digest:
        happened = "its pictures are no longer those that the run began with"
        cure = "Bring them back as they were, or start a new run."
        raise DataError(Problem(order.data, happened, "the same pictures, names and labels", cure))


def _fit(
    trained: Trained,
    order: Order,
    material: Material,
    folder: RunFolder,
    watchers: Sequence[Callback],
    logged: bool = True,
    factors: tuple[tuple[str, float], ...] = (),
) -> History:
    """Compile and train; pictures that don't fit into memory come in batches.

    What is not logged leaves no trace in the folder. `factors` are the optimizer's `rate_factors`.
    """
    model, recipe, answer = trained.model, order.recipe, material.answer
    model.compile(
        dataclasses.replace(recipe.make_optimizer(len(material.train)), rate_factors=factors),
        answer.loss(recipe.smoothing, gives_logits(order.network, answer)),
        metrics=answer.metrics(),
        **recipe.compile_options(),
    )
    held_out = material.held_out
    said: dict[str, Any] = {"epochs": recipe.epochs, "verbose": 0, "seed": order.seed}
    files = [_Backup(folder.checkpoint), CSVLogger(folder.csv), JSONLogger(folder.jsonl)] if logged else []
    said["callbacks"] = [*files, *_stopping(recipe, len(held_out)), *(watchers if logged else ())]
    said["validation_data"] = _watched(trained, held_out, recipe.batch_size) if len(held_out) else None
    if material.train.in_memory:
        x, y = trained.as_input(material.train.x), answer.prepare(material.train.y)
        return model.fit(x, y, batch_size=recipe.batch_size, **said)
    batches = material.train.batches(answer, recipe.batch_size, seed=order.seed)
    return model.fit(Fed(batches, trained), **said)


def _watched(trained: Trained, held_out: Portion, size: int) -> Any:
    """Held-out pictures as arrays or in batches."""
    if held_out.in_memory:
        return trained.as_input(held_out.x), trained.answer.prepare(held_out.y)
    return Fed(held_out.batches(trained.answer, size, shuffle=False), trained)


def _stopping(recipe: Recipe, kept: int) -> list[Callback]:
    """Early stopping, where the recipe wants it."""
    if recipe.patience is None:
        return []
    watched = "val_loss" if kept else "loss"
    return [EarlyStopping(watched, patience=recipe.patience, restore_best_weights=True)]


class _Backup(BackupAndRestore):
    """The run's checkpoint, made when Ctrl-C stops the run too; it stays until the report is there."""

    def after_training(self, run: Run) -> None:
        """Save where the run stopped."""
        if run.note and is_alive(run.carry):
            self.save(run)


def _finish(outcome: Outcome, order: Order, history: History, material: Material, trained: Trained) -> None:
    """Write results, curves and report; the checkpoint has done its duty."""
    folder, evaluation = outcome.folder, outcome.evaluation
    assert evaluation is not None
    title = f"{order.model_name} on {material.name}"
    history.save(folder.curves, title=title)
    pace = milliseconds(trained, material.test)
    found = {**evaluation.to_json(), "epochs": outcome.epochs, "seconds": round(outcome.seconds, 3)}
    write_json(folder.results, {**found, "milliseconds": pace})
    report = Report(
        title=title,
        material=material,
        network=order.network,
        evaluation=evaluation,
        history=history.history,
        command=order.command,
        seed=order.seed,
        settings=_settings(order, outcome),
        facts={**_speed(pace, trained.model, folder), **_facts()},
        augmented=folder.augmented.read_bytes(),
    )
    folder.report.write_text(report.html(), "utf-8")
    folder.checkpoint.unlink(missing_ok=True)


def _settings(order: Order, outcome: Outcome) -> dict[str, Any]:
    """The recipe in words, and what was made of it."""
    values = {name.replace("_", " "): value for name, value in order.recipe.to_json().items()}
    if order.pictures is None:
        values["held out"] = f"{values['held out'] / 10:g} % of the training pictures"
    else:
        values.pop("held out")
    values["training pictures"] = "all" if order.limit is None else f"the first {order.limit:,}"
    return values | {"epochs made": outcome.epochs, "seconds of training": f"{outcome.seconds:.1f}"}


def _speed(pace: dict[str, float], model: Model, folder: RunFolder) -> dict[str, Any]:
    """How fast the model answers, and how large it is."""
    size = folder.model.stat().st_size
    return {
        "one picture alone": f"{pace['alone']:.2f} ms",
        "a picture among many": f"{pace['among_many']:.3f} ms",
        "model file": f"{size / 1e6:.2f} MB, {model.count_params():,} parameters",
    }


def _facts() -> dict[str, Any]:
    """Versions and hardware in one table."""
    hardware = doctor.hardware()
    memory = hardware.pop("memory_bytes")
    said = {} if memory is None else {"memory": f"{memory / 2**30:.1f} GiB"}
    return {**doctor.versions(), **hardware, **said}

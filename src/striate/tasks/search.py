"""Which network and which training do best: trials that are cut short when they fall behind."""

from __future__ import annotations

import dataclasses
import json
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from striate import applications
from striate.errors import ArgumentError, DataError, Problem
from striate.network import to_json
from striate.tasks.material import Material
from striate.tasks.order import Order
from striate.tasks.ordering import Wishes, plan
from striate.tasks.planning import untrained, with_head
from striate.tasks.run_folder import new_folder, write_json
from striate.tasks.trained import Trained, gives_logits
from striate.training.callbacks import Callback

if TYPE_CHECKING:
    import optuna

WIDTHS, BATCHES = (8, 16, 24, 32), (16, 32, 64, 128)
STARTERS, WARM_EPOCHS = 4, 2
"""Trials, and epochs of a trial, that are never cut short."""


@dataclass(frozen=True)
class Found:
    """What a search found.

    Args:
        folder: its files: `study.db`, `trials.json`, `importance.html`, `network.json`.
        order: the best one, for `begin` and `carry_out`, with all its epochs. material: its pictures.
        value: its loss on held-out pictures in the search. trials: (number, state, value, settings) of all.
        command: that trains the best network; the order says all, the command what it can.
    """

    folder: Path
    order: Order
    material: Material
    value: float
    trials: tuple[tuple[int, str, float | None, dict[str, Any]], ...]
    command: str


def search(
    wishes: Wishes,
    trials: int = 20,
    out: str | Path | None = None,
    *,
    progress: Callable[..., Any] | None = None,
    tell: Callable[[int, int, str], None] = lambda done, total, said: None,
) -> Found:
    """Try networks and trainings on a folder or a data set.

    Args:
        wishes: data, seed, limit; `epochs` of each trial (a third of the recipe's unless given).
        trials: how many in all; those that a folder holds already are counted.
        out: a new folder, or that of a search which goes on with the same data.
        progress: as for `image_folder`. tell: called after each trial.

    Raises:
        ArgumentError: Optuna is missing, nothing is held out, or the folder is of another search.
    """
    module = _optuna()
    if trials < 1:
        raise ArgumentError(Problem("--trials", f"got {trials}", "a whole number from 1", "Give 20."))
    planned = plan(dataclasses.replace(wishes, epochs=None), progress)
    material, full = planned.material, planned.order.recipe
    if not len(material.held_out):
        cure = "Bring a val/ folder, or more pictures."
        raise ArgumentError(
            Problem(wishes.data, "no pictures are held out", "some to compare trials by", cure)
        )
    epochs = wishes.epochs or max(WARM_EPOCHS + 1, full.epochs // 3)
    folder = _folder(material, wishes, epochs, out)
    study = module.create_study(
        storage=f"sqlite:///{folder / 'study.db'}",
        study_name="search",
        load_if_exists=True,
        pruner=module.pruners.MedianPruner(n_startup_trials=STARTERS, n_warmup_steps=WARM_EPOCHS),
    )
    _abandon(module, study)
    study.sampler = module.samplers.TPESampler(seed=wishes.seed + 1000 * len(study.trials))
    objective = _Objective(
        material, dataclasses.replace(planned.order, recipe=full.changed(epochs=epochs)), module
    )
    while (done := len([each for each in study.trials if each.state.is_finished()])) < trials:
        study.optimize(objective, n_trials=1)
        tell(done + 1, trials, _sentence(study.trials[-1]))
    return _found(module, study, folder, planned.order, material)


class _Objective:
    """One trial: a network, a recipe, a short training; the least loss on held-out pictures."""

    def __init__(self, material: Material, order: Order, module: Any) -> None:
        """Args: material: the pictures. order: what all trials share. module: Optuna."""
        self.material, self.order, self.module = material, order, module

    def __call__(self, trial: optuna.Trial) -> float:
        """Train and report after each epoch.

        Raises:
            TrialPruned: it fell behind.
        """
        settings = suggest(trial, self.material)
        order = with_settings(self.order, self.material, settings)
        trained = Trained(untrained(order.network, self.material, order.seed), self.material.answer)
        watcher = _Watcher(trial)
        answer, recipe, train = self.material.answer, order.recipe, self.material.train
        loss = answer.loss(recipe.smoothing, gives_logits(order.network, answer))
        trained.model.compile(
            recipe.make_optimizer(len(train)), loss, augment=recipe.augment, precision=recipe.precision
        )
        held = self.material.held_out
        data = trained.as_input(held.some(np.arange(len(held)))), answer.prepare(held.y)
        given: dict[str, Any] = {"epochs": recipe.epochs, "verbose": 0, "seed": order.seed}
        given |= {"callbacks": [watcher], "validation_data": data}
        if train.in_memory:
            x, y = trained.as_input(train.x), answer.prepare(train.y)
            trained.model.fit(x, y, batch_size=recipe.batch_size, **given)
        else:
            trained.model.fit(train.batches(answer, recipe.batch_size, seed=order.seed), **given)
        if watcher.behind:
            raise self.module.TrialPruned
        return watcher.best


class _Watcher(Callback):
    """Reports the loss on held-out pictures and stops a trial that falls behind."""

    def __init__(self, trial: Any) -> None:
        """Nothing is known yet."""
        self.trial, self.best, self.behind = trial, float("inf"), False

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """One more value."""
        self.best = min(self.best, float(logs["val_loss"]))
        self.trial.report(self.best, epoch)
        if self.trial.should_prune():
            self.behind = self.model.stop_training = True


def suggest(trial: Any, material: Material) -> dict[str, Any]:
    """What may differ between trials."""
    settings = {
        "width": trial.suggest_categorical("width", WIDTHS),
        "learning_rate": trial.suggest_float("learning_rate", 3e-4, 3e-2, log=True),
        "weight_decay": trial.suggest_float("weight_decay", 1e-4, 1e-1, log=True),
        "batch_size": trial.suggest_categorical("batch_size", BATCHES),
        "augment": trial.suggest_categorical("augment", _augments(material)),
    }
    if material.answer.KIND == "multinomial":
        settings["smoothing"] = trial.suggest_categorical("smoothing", (0.0, 0.1))
    return settings


def _augments(material: Material) -> tuple[str, ...]:
    """Digits and angles are not to be mirrored."""
    plain = material.answer.KIND == "continuous" or material.shape[2] == 1
    return ("none",) if plain else ("none", "light", "strong")


def with_settings(order: Order, material: Material, settings: dict[str, Any]) -> Order:
    """The order with a trial's network and recipe."""
    rest = dict(settings)
    model = applications.small_resnet(material.shape, width=rest.pop("width"))
    network = with_head(model.network, material.answer)
    return dataclasses.replace(order, network=network, recipe=order.recipe.changed(**rest))


def _folder(material: Material, wishes: Wishes, epochs: int, out: str | Path | None) -> Path:
    """A new folder with what decides the search, or an old one that agrees with it."""
    facts = {"data": material.name, "digest": material.digest, "seed": wishes.seed, "limit": wishes.limit,
             "epochs": epochs}  # fmt: skip
    if out is not None and (Path(out) / "search.json").is_file():
        there = json.loads((Path(out) / "search.json").read_text("utf-8"))
        if there != facts:
            other = ", ".join(name for name in facts if there.get(name) != facts[name])
            cure = "Choose another folder with --out."
            raise DataError(Problem(str(out), f"its search differs in: {other}", "the same search", cure))
        return Path(out)
    folder = new_folder(f"search-{material.name}", out).path
    write_json(folder / "search.json", facts)
    return folder


def _abandon(module: Any, study: Any) -> None:
    """Trials that a killed search left unfinished are failures."""
    for each in study.trials:
        if not each.state.is_finished():
            study.tell(each.number, state=module.trial.TrialState.FAIL)


def _found(module: Any, study: Any, folder: Path, order: Order, material: Material) -> Found:
    """Write the tables and the best network."""
    rows = tuple((t.number, t.state.name.lower(), t.value, dict(t.params)) for t in study.trials)
    names = ("number", "state", "value", "settings")
    write_json(folder / "trials.json", {"trials": [dict(zip(names, row, strict=True)) for row in rows]})
    done = [each for each in study.trials if each.state is module.trial.TrialState.COMPLETE]
    if not done:
        cure = "Give more --trials, or more --epochs."
        raise DataError(Problem(str(folder), "no trial was finished", "at least one", cure))
    best = with_settings(order, material, study.best_trial.params)
    best = dataclasses.replace(best, model_name="small-resnet")
    (folder / "network.json").write_text(to_json(best.network), "utf-8")
    if len(done) > 1:
        _importances(module, study, folder / "importance.html")
    return Found(folder, best, material, study.best_value, rows, _command(folder, order, best))


def _importances(module: Any, study: Any, path: Path) -> None:
    """How much each setting mattered, as a figure to hover over."""
    import plotly.graph_objects as go

    evaluator = module.importance.PedAnovaImportanceEvaluator()
    found = module.importance.get_param_importances(study, evaluator=evaluator)
    names, values = list(found)[::-1], list(found.values())[::-1]
    figure = go.Figure(go.Bar(x=values, y=names, orientation="h"))
    figure.update_layout(title="How much each setting mattered", xaxis_title="share (PED-ANOVA)")
    path.write_text(figure.to_html(include_plotlyjs=True, full_html=True), "utf-8")


def _command(folder: Path, order: Order, best: Order) -> str:
    """The best trial as a command of its own."""
    recipe = best.recipe
    words: Sequence[Any] = ("striate", "train", order.data, "--model", folder / "network.json", "--lr",
                            f"{recipe.learning_rate:.3g}", "--batch-size", recipe.batch_size, "--augment",
                            recipe.augment, "--smoothing", recipe.smoothing)  # fmt: skip
    return shlex.join(map(str, words))


def _sentence(trial: Any) -> str:
    """A trial in words."""
    settings = ", ".join(
        f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}" for k, v in trial.params.items()
    )
    value = "" if trial.value is None else f" {trial.value:.4f}"
    return f"{trial.state.name.lower()}{value}: {settings}"


def _optuna() -> Any:
    """Optuna, quiet.

    Raises:
        ArgumentError: it is not installed.
    """
    try:
        import optuna
    except ImportError:
        cure = "Install it: pip install 'striate[search]'"
        raise ArgumentError(Problem("search", "Optuna is not installed", "optuna", cure)) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna

"""Going on with an interrupted training as if nothing had happened, bit for bit."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from striate.errors import ArgumentError, FormatError, Problem
from striate.formats import load_checkpoint, restore_tree, save_checkpoint
from striate.network import to_json
from striate.training._callback import Callback
from striate.training._registry import to_config
from striate.training._state import own
from striate.training.loop import Run

FILE_NAME = "checkpoint.striate"


class BackupAndRestore(Callback):
    """Keep a backup of the training; a `fit` that finds one goes on where it was made.

    The backup holds weights, running statistics, the optimizer's memory, the sums of the epoch so far,
    epoch and step, the seed, the history and what the callbacks remember. A resumed training ends with the
    same bits as one that was never interrupted, wherever it was cut (on one machine, with one version of
    JAX).

    Args:
        backup_dir: a folder, which gets a file `checkpoint.striate`, or the path of a file with that ending.
        save_freq: "epoch", or a number of steps, counted over all epochs; each epoch's end is saved anyhow.
        double_checkpoint: taken for Keras' sake and not used: a file is replaced in one stroke.
        delete_checkpoint: remove the backup when the training has come to its end.

    Raises:
        ArgumentError: a `save_freq` that means nothing. FormatError, from `fit`: the backup is damaged, or
            was made by a training with other settings, all of which are named.

    Keras restores whole epochs; here the step within the epoch, the order of the data and all random draws
    go on too.
    """

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: str | int = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        """Nothing is read or written yet."""
        whole = isinstance(save_freq, int) and not isinstance(save_freq, bool) and save_freq > 0
        if save_freq != "epoch" and not whole:
            where, cure = "BackupAndRestore.save_freq", "Write for instance save_freq=100."
            raise ArgumentError(Problem(where, f"got {save_freq!r}", "'epoch' or a number of steps", cure))
        path = Path(backup_dir)
        self.path = path if path.suffix == ".striate" else path / FILE_NAME
        self.every_steps = save_freq if isinstance(save_freq, int) else None
        self.delete_checkpoint = delete_checkpoint

    def restore_run(self, run: Run) -> None:
        """Bring a run that is about to begin to where the backup was made, if there is one."""
        if not self.path.exists():
            return
        where = str(self.path)
        arrays, record = load_checkpoint(self.path)
        if problems := _differences(record.get("run"), _facts(run), where):
            raise FormatError(problems)
        held = {name: array for name, array in arrays.items() if name.startswith("carry/")}
        run.carry = own(restore_tree({"carry": run.carry}, held, where)["carry"])
        place = joined(record["place"], arrays)
        run.epoch, run.step, run.done, run.begun = (int(place[n]) for n in ("epoch", "step", "done", "begun"))
        run.seed, run.logs, run.consumed = int(place["seed"]), dict(place["logs"]), run.done - run.begun
        run.model.stop_training = bool(place["stop_training"])
        if place["learning_rate"] is not None:
            run.model.learning_rate = place["learning_rate"]
        run.hooks.set_states(joined(record["callbacks"], arrays))

    def after_chunk(self, run: Run) -> None:
        """Save when the step is one of those asked for."""
        if self.every_steps is not None and (run.done + run.step) % self.every_steps == 0:
            self.save(run)

    def after_epoch(self, run: Run) -> None:
        """Save, after all callbacks have seen the epoch."""
        self.save(run)

    def after_stop(self, run: Run) -> None:
        """Save where Ctrl-C ended the training."""
        self.save(run)

    def after_training(self, run: Run) -> None:
        """Remove the backup of a training that came to its end."""
        if self.delete_checkpoint and not run.note:
            self.path.unlink(missing_ok=True)

    def save(self, run: Run) -> None:
        """Write the backup; the one before stays whole until this one is."""
        rate = run.model.optimizer.learning_rate
        arrays: dict[str, np.ndarray] = {}
        place = {name: getattr(run, name) for name in ("epoch", "step", "done", "begun", "seed", "logs")}
        place["learning_rate"] = None if callable(rate) else float(rate)
        place["stop_training"] = run.model.stop_training
        record = {
            "run": _facts(run),
            "place": separated(place, "place", arrays),
            "callbacks": separated(run.hooks.states(), "callbacks", arrays),
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        save_checkpoint(self.path, {"carry": run.carry, **arrays}, record)


def _facts(run: Run) -> dict[str, Any]:
    """What must be the same for a training to go on with the same bits."""
    steps, objective = run.programs.steps, run.programs.steps.objective
    optimizer = to_config(run.model.optimizer)
    rate = optimizer.pop("learning_rate")
    return {
        "network": hashlib.sha256(to_json(steps.network).encode()).hexdigest(),
        "preprocessing": str(run.model.preprocessing),
        "losses": str([loss and to_config(loss) for loss in objective.losses]),
        "loss weights": str(objective.loss_weights),
        "augmentation": str(steps.augment),
        "precision": steps.precision,
        "metrics": str([to_config(metric) for group in objective.metric_groups() for metric in group]),
        "optimizer": str(optimizer),
        "learning-rate schedule": str(rate) if callable(run.model.optimizer.learning_rate) else "none",
        **run.feeder.facts(),
    }


def _differences(found: Any, wanted: Mapping[str, Any], where: str) -> list[Problem]:
    """A problem for each fact that differs between the backup and this run."""
    found = found if isinstance(found, Mapping) else {}
    cure = "Resume with the same network, data and settings, or remove the file to begin anew."
    return [
        Problem(where, f"its {name} differs: {_short(found.get(name))}", _short(value), cure)
        for name, value in wanted.items()
        if found.get(name) != value
    ]


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 80 else text[:77] + "..."


def separated(value: Any, name: str, arrays: dict[str, np.ndarray]) -> Any:
    """JSON values, with arrays moved to `arrays` and numbers that are not finite written as text.

    >>> arrays = {}
    >>> separated({"best": float("inf"), "w": np.zeros(2)}, "cb", arrays), list(arrays)
    ({'best': {'$float': 'inf'}, 'w': {'$array': 'cb.w'}}, ['cb.w'])
    """
    if isinstance(value, Mapping):
        return {str(key): separated(one, f"{name}.{key}", arrays) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [separated(one, f"{name}.{index}", arrays) for index, one in enumerate(value)]
    if isinstance(value, np.generic):
        value = value.item()
    if hasattr(value, "__array__"):
        arrays[name] = np.asarray(value)
        return {"$array": name}
    return {"$float": str(value)} if isinstance(value, float) and not math.isfinite(value) else value


def joined(value: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    """What `separated` took apart."""
    if isinstance(value, Mapping):
        if set(value) == {"$array"}:
            return arrays[value["$array"]]
        if set(value) == {"$float"}:
            return float(value["$float"])
        return {key: joined(one, arrays) for key, one in value.items()}
    return [joined(one, arrays) for one in value] if isinstance(value, list) else value

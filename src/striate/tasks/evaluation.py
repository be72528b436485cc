"""How good a model is on a data set, or on a folder of pictures that it has not seen."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from striate import datasets
from striate.errors import ArgumentError, DataError, Problem
from striate.tasks.answers import Answer, Scored
from striate.tasks.fitting import CURE, class_problems, shape_problems
from striate.tasks.likeness import content, looks, unlike
from striate.tasks.material import Portion, example_shape, is_folder, portion_of
from striate.tasks.naming import matched
from striate.tasks.pictures import PictureOptions
from striate.tasks.trained import BATCH, Trained, load_trained

Split = Literal["test", "train", "all"]


@dataclass(frozen=True)
class Evaluation:
    """What a model's answers for some pictures are worth.

    Args:
        data: the data set's name, or the folder. split: "test", "train" or "all".
        answer: the kind of answer. scored: the result. warnings: what makes it doubtful.
    """

    data: str
    split: str
    answer: Answer
    scored: Scored
    warnings: tuple[Problem, ...] = ()

    @property
    def class_names(self) -> tuple[str, ...]:
        """In label order; of numbers, their names."""
        return self.answer.names

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values: data, split, class names, measures, …; for classes loss and accuracy, too."""
        return {
            "data": self.data,
            "split": self.split,
            **self.scored.to_json(),
            "class_names": list(self.class_names),
            "warnings": [str(each) for each in self.warnings],
        }


def evaluate(
    model: str | Path | Trained,
    data: str,
    split: Split | None = None,
    limit: int | None = None,
    options: PictureOptions | None = None,
    progress: Callable[..., Any] | None = None,
) -> Evaluation:
    """Test a model on a data set or on a folder.

    Args:
        model: a run's folder, a model file, or a trained model.
        data: the name of a data set, or the path of a folder.
        split: which part of it; unless given, the test pictures of a data set, and all pictures of a folder,
            but only those kept for testing when the model was trained on this very folder.
        limit: only the first so many pictures.
        options: how to read a folder; its size and colours are the model's. progress: as for `image_folder`.

    Raises:
        StriateError: the model or the data cannot be had, or do not fit each other.
    """
    if is_folder(data):
        trained = model if isinstance(model, Trained) else load_trained(model)
        return _on_folder(trained, data, split, limit, options or PictureOptions(), progress)
    dataset = datasets.get(data)
    info = dataset.info
    if split == "all":
        cure = "Leave --split out, or give --split train."
        raise ArgumentError(Problem("--split", f"{info.name} has parts", "test or train", cure))
    trained = model if isinstance(model, Trained) else load_trained(model, info.class_names)
    where = f"data set {info.name}"
    problems = shape_problems(where, example_shape(info), trained.model.network)
    if not trained.answer.is_classes:
        happened = f"it has classes and the answers of the model are {trained.answer.KIND}"
        problems.append(Problem(where, happened, "data of the same kind", CURE))
    elif not set(trained.answer.names) & set(info.class_names):
        problems += class_problems(where, info.classes, len(trained.answer.names))
    if problems:
        raise DataError(problems)
    portion = portion_of(dataset, split or "test").first(limit)
    match = matched(where, trained.answer.names, info.class_names, portion.y)
    chosen = portion if match.rows is None else part(portion, match.rows)
    chosen = dataclasses.replace(chosen, y=match.targets)
    return Evaluation(info.name, split or "test", trained.answer, score(trained, chosen), match.warnings)


def score(trained: Trained, portion: Portion, seed: int = 0) -> Scored:
    """Compare the model's answers for some pictures with their targets."""
    return trained.answer.score(
        trained.outputs(portion.inputs(BATCH)), portion.y, _known(trained, portion.y), seed=seed
    )


def part(portion: Portion, rows: np.ndarray) -> Portion:
    """Some of the pictures."""
    files = None if portion.files is None else tuple(portion.files[row] for row in rows)
    x = portion.x[rows] if portion.in_memory else portion.x.take(rows)
    return Portion(x, portion.y[rows], files)


def training_record(trained: Trained) -> dict[str, Any]:
    """What the model file says about its training pictures; empty when it says nothing."""
    found = trained.model.about.get("training")
    return found if isinstance(found, dict) else {}


def _known(trained: Trained, targets: np.ndarray) -> np.ndarray:
    """What the baseline knows: the training targets' gist, or for want of it these targets."""
    gist: Any = training_record(trained).get("gist")
    wanted = len(trained.answer.names) if trained.answer.is_classes else trained.answer.units
    if not isinstance(gist, list) or len(gist) != wanted:
        return targets
    if not all(type(each) in (int, float) for each in gist):
        return targets
    if trained.answer.is_classes and not _are_counts(gist):
        return targets
    return trained.answer.known(gist)


def _seed(record: dict[str, Any]) -> int:
    """By which the training folder was split."""
    found = record.get("seed")
    return found if type(found) is int and found >= 0 else 0


def _are_counts(gist: list[float]) -> bool:
    """Whether they are whole numbers from 0 that are not all 0."""
    return all(type(each) is int and 0 <= each < 2**24 for each in gist) and 0 < sum(gist) < 2**26


def _on_folder(
    trained: Trained,
    path: str,
    split: Split | None,
    limit: int | None,
    options: PictureOptions,
    progress: Callable[..., Any] | None,
) -> Evaluation:
    """All pictures of a folder, or those of it that the model was not trained on."""
    answer, record = trained.answer, training_record(trained)
    kind = "multinomial" if answer.is_classes else answer.KIND
    asked = dataclasses.replace(options, target=options.target or kind)
    seed = _seed(record)
    recipe = trained.preprocessing()
    given: dict[str, Any] = {"preprocessing": recipe, "progress": progress}
    folder = asked.read(path, seed, **given, validation=0.0, test=0.0)
    notes = list(folder.notes)
    same = content(folder.sha256) == record.get("content")
    if same or split not in (None, "all"):
        folder = asked.read(path, seed, **given)
        split = split or "test"
    if same:
        notes.append(_same_folder(path, split or "all"))
    whole = folder.split(split or "all")
    portion = Portion(whole.x, whole.y, whole.files).first(limit)
    names = folder.class_names or folder.target_names
    match = matched(path, answer.names, names, portion.y)
    chosen = portion if match.rows is None else part(portion, match.rows)
    chosen = dataclasses.replace(chosen, y=match.targets)
    here = looks(chosen, folder.sizes[whole.indices][: len(portion)])
    notes += [*match.warnings, *unlike(path, here, record.get("looks", {}), len(chosen))]
    return Evaluation(path, split or "all", answer, score(trained, chosen), tuple(notes))


def _same_folder(path: str, split: str) -> Problem:
    """The model has seen most of these pictures."""
    cure = "Give --split all to test on all of them, or another folder for an honest number."
    if split == "test":
        happened = "the model was trained on this folder; only the pictures kept for testing count"
        return Problem(path, happened, "new pictures", cure, "warning")
    happened = "the model was trained on this folder"
    cure = "Leave --split out, or give another folder for an honest number."
    return Problem(path, happened, "new pictures", cure, "warning")

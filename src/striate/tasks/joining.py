"""Several trained models as one: one network that averages its members' answers, in one model file."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from striate.errors import ArgumentError, Problem
from striate.images import Preprocessing
from striate.layers import Activation, Average, Rescaling
from striate.models import Model
from striate.network import Input, Network
from striate.tasks.answers import Answer, Continuous
from striate.tasks.evaluation import Evaluation, part, score, training_record
from striate.tasks.material import Portion, gather
from striate.tasks.order import Order
from striate.tasks.run_folder import RunFolder
from striate.tasks.trained import Trained, gives_logits, load_trained
from striate.training._scaling import has_scaling_layer
from striate.training._starts import lend


@dataclass(frozen=True)
class Joined:
    """What came of it.

    Args:
        path: the model file. trained: what it holds. members: the single models' evaluations, in order.
        evaluation: of all together, on the same pictures; None (and no members) when there are none that are
            new to every member. note: why, or what the pictures are.
    """

    path: Path
    trained: Trained
    members: tuple[Evaluation, ...]
    evaluation: Evaluation | None
    note: str


def ensemble(
    runs: Sequence[str | Path],
    out: str | Path,
    *,
    mirrored: bool = False,
    progress: Callable[..., Any] | None = None,
) -> Joined:
    """Join runs into one model file and test it beside its members.

    Args:
        runs: folders of finished runs, or model files. out: the file to be written.
        mirrored: also average over each picture and its mirror image, in `evaluate` and `predict`.
        progress: as for `image_folder`.

    Raises:
        StriateError: models that cannot be had or do not fit each other, or a file that cannot be written.
    """
    members = [load_trained(run) for run in runs]
    trained = join(members, mirrored)
    trained.model.save(out)
    trained = Trained(trained.model, trained.answer, Path(out))
    portion, data, note = _new_to_all(runs, members, progress)
    if portion is None:
        return Joined(Path(out), trained, (), None, note)
    scored = [Evaluation(data, "test", each.answer, score(each, portion)) for each in (*members, trained)]
    return Joined(Path(out), trained, tuple(scored[:-1]), scored[-1], note)


def join(members: Sequence[Trained], mirrored: bool = False) -> Trained:
    """One model whose answer is the mean of its members' answers.

    Each member's preprocessing becomes a layer before it, and a number that it learned on a scale of its own
    is brought to the first member's scale behind it.

    Raises:
        ArgumentError: fewer than two, or members that do not fit each other; all is said at once.
    """
    problems = _misfits(members)
    if problems:
        raise ArgumentError(problems)
    first = members[0]
    image = Input(first.shape)
    outputs = [_member(each, first.answer, number)(image) for number, each in enumerate(members, 1)]
    mean = Average(name="mean")(outputs)
    model = Model(image, mean, name="ensemble", seed=0)
    recipe = first.preprocessing()
    model.preprocessing = Preprocessing(recipe.size, recipe.channels, 1.0, fit=recipe.fit)
    model.class_names = first.model.class_names
    model.about = {**first.model.about, "answer": first.answer.to_json(), "members": len(members)}
    model.about.pop("mirrored", None)
    if mirrored:
        model.about["mirrored"] = True
    return Trained(model, first.answer)


def _member(trained: Trained, answer: Answer, number: int) -> Callable[[Any], Any]:
    """From raw pixels to a member's answer in the form that can be averaged."""
    recipe = trained.preprocessing()
    network: Network = lend(trained.model)
    named = dataclasses.replace(network, name=f"member{number}")
    vars(named).update({key: value for key, value in vars(network).items() if key.startswith("_striate")})

    def run(image: Any) -> Any:
        inside = named(_scaling(recipe, number)(image)) if not has_scaling_layer(network) else named(image)
        if gives_logits(network, trained.answer):
            inside = Activation(trained.answer.ACTIVATION, name=f"chances{number}")(inside)
        if isinstance(answer, Continuous) and isinstance(trained.answer, Continuous):
            own = trained.answer
            scale, offset = own.spread / answer.spread, (own.middle - answer.middle) / answer.spread
            inside = Rescaling(scale, offset, name=f"scale{number}")(inside)
        return inside

    return run


def _scaling(recipe: Preprocessing, number: int) -> Rescaling:
    """y = (scale * x - mean) / std as one layer."""
    std = np.broadcast_to(1.0 if recipe.std is None else recipe.std, (recipe.channels,))
    mean = np.broadcast_to(0.0 if recipe.mean is None else recipe.mean, (recipe.channels,))
    scale, offset = (recipe.scale / std).tolist(), (-mean / std).tolist()
    return Rescaling(scale, offset, name=f"pixels{number}")


def _misfits(members: Sequence[Trained]) -> list[Problem]:
    """What keeps models from being averaged."""
    if len(members) < 2:
        return [Problem("members", f"got {len(members)}", "two models or more", "Name several runs.")]
    first, problems = members[0], []
    for each in members[1:]:
        mine, theirs = first.preprocessing(), each.preprocessing()
        same_pictures = (mine.size, mine.channels, mine.fit) == (theirs.size, theirs.channels, theirs.fit)
        if each.shape != first.shape or not same_pictures:
            happened = f"its pictures are not those of {first.name}: size, colour or fit differ"
            problems.append(Problem(each.name, happened, "the same form of pictures", "Leave it out."))
        if type(each.answer) is not type(first.answer) or each.answer.names != first.answer.names:
            happened = f"its answers are not those of {first.name}"
            problems.append(Problem(each.name, happened, "the same kind and names", "Leave it out."))
    return problems


def _new_to_all(
    runs: Sequence[str | Path], members: Sequence[Trained], progress: Callable[..., Any] | None
) -> tuple[Portion | None, str, str]:
    """Test pictures that no member was trained on, what they are of, and a sentence about them."""
    folders = [RunFolder(Path(run)) for run in runs]
    if not all(folder.config.is_file() for folder in folders):
        return None, "", "Not tested: a model file alone does not say where its pictures lie."
    orders = [Order.from_json(folder.read_config(), str(folder.config)) for folder in folders]
    if (
        len({training_record(each).get("content") for each in members}) != 1
        or len({o.data for o in orders}) != 1
    ):
        return None, "", "Not tested: the runs were trained on different pictures."
    found = [gather(each.data, each.pictures, seed=each.seed, progress=progress) for each in orders]
    data, first = found[0].name, found[0]
    if first.folder is None:
        return first.test, data, f"Tested on the {len(first.test):,} test pictures of {data}."
    names = [each.test.files or () for each in found]
    common = set.intersection(*map(set, names))
    rows = np.array([row for row, name in enumerate(names[0]) if name in common], int)
    if not len(rows):
        note = "Not tested: the runs split the folder differently, and no picture is new to all of them. "
        return None, "", note + "Train with the same --split-seed and another --seed."
    said = f"Tested on {len(rows):,} pictures of {data} that are new to all members."
    return part(first.test, rows), data, said

"""What gradients are of: the loss that the model was compiled with, another one, or the winning scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from striate.errors import ArgumentError, DataError, Problem
from striate.explain.addresses._programs import Objective
from striate.explain.addresses.address import Address
from striate.explain.addresses.rules.base import Site
from striate.explain.addresses.rules.losses import Score, compared
from striate.explain.addresses.sites import LOSS, SCORE, TARGET, leading_to, named, network_sites, with_loss
from striate.models import Model
from striate.network import Network
from striate.training._batches import gather
from striate.training._objective import make_objective
from striate.training._scaling import outputs_of
from striate.training._target_checks import target_problems, with_target_form


@dataclass(frozen=True, eq=False)
class Goal:
    """What the gradients are of.

    Args:
        objective: what the compiled program depends on. wanted: what it is given: targets, or chosen places.
        targets: {path: targets}. words: what the gradients are of, as a sentence.
    """

    objective: Objective
    wanted: tuple[np.ndarray, ...]
    targets: dict[str, np.ndarray]
    words: str

    def sites(self, network: Network, train: bool) -> dict[str, Site]:
        """The sites that the goal depends on, its own among them."""
        sites, program = network_sites(network, train), network.program
        if not self.objective.losses:
            path = score_path(network, self.objective.score)
            chosen = Site(SCORE, Score(self._places(network)), (path,))
            return leading_to({**sites, SCORE: chosen}, SCORE)
        paths = target_paths(network)
        rows = self.objective.rows(program.outputs, paths)
        parts = tuple(compared(loss, factor, named(program, path), to) for loss, factor, path, to in rows)
        return leading_to(with_loss(network, sites, parts), LOSS)

    def _places(self, network: Network) -> np.ndarray:
        """(N, rank): the chosen places."""
        (picks,) = self.wanted
        shape = _score_shape(network, self.objective.score)
        inside = np.stack(np.unravel_index(picks, shape), -1)
        return np.concatenate([np.arange(len(picks))[:, None], inside], 1)


def loss_goal(model: Model, y: Any, loss: Any, examples: int) -> Goal:
    """The loss as goal.

    Args:
        model: the model. y: targets of the batch. loss: another loss than the compiled one, or None.
        examples: how many there are.

    Raises:
        ArgumentError: there is no loss, or it is not known. DataError: the targets do not fit it.
    """
    network = model.network
    if loss is None and model.loss is None:
        happened = "y was given and the model is not compiled"
        cure = "Compile the model, or give for instance loss='sparse_categorical_crossentropy'."
        raise ArgumentError(Problem("loss", happened, "a loss to compare with", cure))
    other = None if loss is None else make_objective(loss, None, None, None, outputs_of(network))
    made = other or model.compiled().objective
    targets = _targets(network, y, made.kinds, examples)
    objective = Objective(made.losses, made.loss_weights)
    found = dict(zip(target_paths(network), targets, strict=True))
    names = ", ".join(type(one).__name__ for one in made.losses if one is not None)
    words = f"the loss ({names}, mean over {examples} example{'' if examples == 1 else 's'})"
    return Goal(objective, targets, found, words)


def score_goal(network: Network, score: str, scores: np.ndarray, target: Any = None) -> Goal:
    """The winning score of each example, or that of a class, as goal.

    Args:
        network: the network. score: the name of the scores among its values. scores: (N, ...) of the batch.
        target: a class, or one for each example; None for the winner.

    Raises:
        ArgumentError: a class is not there.
    """
    path, shape = score_path(network, score), scores.shape[1:]
    picks = scores.reshape(len(scores), -1).argmax(1) if target is None else _chosen(target, scores.shape)
    places = np.stack(np.unravel_index(picks, shape), -1).tolist()
    names = [str(Address(path, index=(n, *place))) for n, place in enumerate(places)]
    which = "winning" if target is None else "chosen"
    listed = ", ".join(names[:4]) + (" and others" if len(names) > 4 else "")
    words = f"the {which} score{'' if len(names) == 1 else 's'}, {listed}"
    return Goal(Objective(score=score), (picks.astype(np.int32),), {}, words)


def _chosen(target: Any, shape: tuple[int, ...]) -> np.ndarray:
    """(N,) the class of each example."""
    classes, picks = shape[-1], np.asarray(target)
    whole = picks.dtype.kind in "iu" and picks.shape in ((), shape[:1])
    if len(shape) != 2:
        cure = "Leave target out for the largest score of each example."
        happened = f"the scores of one example have shape {shape[1:]}"
        raise ArgumentError(Problem("target", happened, "one score for each class", cure))
    if not whole or not ((picks >= 0) & (picks < classes)).all():
        expected = f"a whole number from 0 to {classes - 1}, or one for each example"
        raise ArgumentError(Problem("target", f"got {target!r}", expected, "Name a class of the output."))
    return np.broadcast_to(picks, shape[:1])


def score_path(network: Network, score: str) -> str:
    """The path of the scores."""
    return score if score.endswith("/preactivation") else named(network.program, score)


def target_paths(network: Network) -> tuple[str, ...]:
    """The path of the targets of each output."""
    outputs = network.program.outputs
    return (TARGET,) if len(outputs) == 1 else tuple(f"{TARGET}/{path}" for path in outputs)


def _score_shape(network: Network, score: str) -> tuple[int, ...]:
    return network.shapes[score.removesuffix("/preactivation")]


def _targets(network: Network, y: Any, kinds: tuple[Any, ...], examples: int) -> tuple[np.ndarray, ...]:
    """The targets of each output in their one form; those of one example may come without a batch axis."""
    shapes = list(outputs_of(network).values())
    arrays = gather(y, network.outputs, "y")
    if examples == 1:
        arrays = tuple(
            a[None] if a.ndim == 0 or (a.shape == s and a.shape[:1] != (1,)) else a
            for a, s in zip(arrays, shapes, strict=True)
        )
    names = ["y"] if len(arrays) == 1 else [f"y[{name!r}]" for name in network.outputs]
    problems = target_problems(names, arrays, shapes, kinds)
    for name, array in zip(names, arrays, strict=True):
        if len(array) != examples:
            happened = f"it has {len(array)} examples and x has {examples}"
            problems.append(Problem(name, happened, "one for each example of x", "Pair them up again."))
    if problems:
        raise DataError(problems)
    return tuple(with_target_form(a, s, k) for a, s, k in zip(arrays, shapes, kinds, strict=True))

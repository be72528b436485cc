"""Which score of each picture is explained, and how sure the network is of it."""

from __future__ import annotations

import difflib
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from striate import ops
from striate.errors import ArgumentError, Problem, ShapeError
from striate.explain._reading import SQUASHING, Reading, score_name
from striate.explain.attribution._parts import run, toward_scores
from striate.explain.attribution._rows import by_rows, rows_at_once
from striate.layers import Softmax
from striate.network import Network

Target = int | str | Sequence[int | str] | None
"""A class for all pictures, one for each, or None for the top class of each."""


@dataclass(frozen=True, eq=False)
class Aim:
    """The score that is explained, for each picture.

    Args:
        classes: (N,) class numbers. names: their names.
        weights: (N, K) float32: the explained score is the sum of scores times weights. They are 1 for the
            class, and for the first class of a single sigmoid unit -1.
        scores: (N,) the explained scores. probabilities: (N,) of the classes, or None without softmax or
            sigmoid.
    """

    classes: np.ndarray
    names: tuple[str, ...]
    weights: jax.Array
    scores: np.ndarray
    probabilities: np.ndarray | None

    def words(self, index: int) -> str:
        """The class of a picture and how probable it is: "7 (99.8 %)"."""
        if self.probabilities is None:
            return f"{self.names[index]} (score {self.scores[index]:.3g})"
        return f"{self.names[index]} ({100 * self.probabilities[index]:.1f} %)"


def aim_at(reading: Reading, target: Target = None) -> Aim:
    """Find the scores to explain.

    Args:
        reading: a model with pictures in it.
        target: a class number or name, a sequence with one for each picture, or None for the top class.

    Raises:
        ArgumentError: there is no such class, or not one for each picture.
        ShapeError: the network does not end in one row of scores for a picture.
    """
    scores, squash = np.asarray(scores_of(reading)), squashing(reading.network)
    _check_scores(reading.network, scores)
    binary = scores.shape[1] == 1 and squash == "sigmoid"
    whole = np.concatenate([-scores, scores], 1) if binary else scores
    classes = whole.argmax(1) if target is None else _classes(reading, target, whole.shape)
    rows = np.arange(len(classes))
    weights = np.zeros(scores.shape, np.float32)
    weights[rows, 0 if binary else classes] = np.where(classes == 0, -1, 1) if binary else 1
    shares = _probabilities(whole, squash)
    names = tuple(reading.class_name(int(number)) for number in classes)
    known = None if shares is None else shares[rows, classes]
    return Aim(classes, names, jnp.asarray(weights), (scores * weights).sum(1), known)


def scores_of(reading: Reading) -> jax.Array:
    """(N, K) the scores before the softmax or sigmoid, in fused blocks and as many rows at once as fit."""
    program = scorer(reading.network)
    return by_rows(
        lambda inputs: program(reading.variables, inputs), rows_at_once(reading.network), reading.inputs
    )


@lru_cache(maxsize=16)
def scorer(network: Network) -> Any:
    """(variables, inputs) -> (N, K) scores, compiled."""
    program = toward_scores(network)
    return jax.jit(lambda variables, inputs: run(program, variables, inputs))


def squashing(network: Network) -> str | None:
    """What turns the scores into probabilities: "softmax", "sigmoid" or nothing.

    >>> from striate.applications import mnist_convnet
    >>> squashing(mnist_convnet().network)
    'softmax'
    """
    layer: Any = network.program.steps[network.program.outputs[0]].layer
    if isinstance(layer, Softmax):
        return "softmax"
    name = getattr(layer, "activation", None)
    return name if name in SQUASHING else None


def probabilities(scores: np.ndarray, network: Network) -> np.ndarray | None:
    """(N, K) scores as probabilities; a single sigmoid unit gives those of its two classes."""
    squash = squashing(network)
    binary = scores.shape[1] == 1 and squash == "sigmoid"
    return _probabilities(np.concatenate([-scores, scores], 1) if binary else scores, squash)


def _probabilities(scores: np.ndarray, squash: str | None) -> np.ndarray | None:
    return None if squash is None else np.asarray(ops.ACTIVATIONS[squash](jnp.asarray(scores)))


def _classes(reading: Reading, target: Any, shape: tuple[int, ...]) -> np.ndarray:
    """(N,) class numbers from what the person wrote."""
    count, classes = shape
    several = not isinstance(target, str) and isinstance(target, Sequence | np.ndarray) and np.ndim(target)
    wanted = list(target) if several else [target] * count
    if len(wanted) != count:
        cure = "Give one class for all pictures, or one for each."
        raise ArgumentError(Problem("target", f"got {len(wanted)} classes", f"{count}, one a picture", cure))
    return np.array([_number(reading, one, classes) for one in wanted], np.int64)


def _number(reading: Reading, target: Any, classes: int) -> int:
    """A class number, from itself or from its name."""
    names = reading.class_names or ()
    if isinstance(target, str):
        if target in names:
            return names.index(target)
        raise ArgumentError(_unknown_name(target, names, classes))
    try:
        number = operator.index(target)
    except TypeError:
        number = -1
    if not 0 <= number < classes:
        cure = "Leave target out to explain the answer, or choose one of the classes."
        expected = f"a class from 0 to {classes - 1}, or its name"
        raise ArgumentError(Problem("target", f"got {target!r}", expected, cure))
    return number


def _unknown_name(target: str, names: Sequence[str], classes: int) -> Problem:
    if not names:
        cure = "Give a class number, or name the classes: model.class_names = (...)."
        expected = f"a number from 0 to {classes - 1}"
        return Problem("target", f"got {target!r}, and the model does not name its classes", expected, cure)
    near = difflib.get_close_matches(target, names, 1)
    listed = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    cure = f"Did you mean {near[0]!r}?" if near else f"The classes are: {listed}."
    return Problem("target", f"there is no class {target!r}", "the name or number of a class", cure)


def _check_scores(network: Network, scores: np.ndarray) -> None:
    if scores.ndim != 2:
        happened = f"it has shape {('N', *scores.shape[1:])}".replace("'", "")
        cure = "Explain a network that ends in one number a class, for instance after GlobalAveragePooling2D."
        raise ShapeError(Problem(score_name(network), happened, "scores (N, classes)", cure))

"""The nearest training examples: which pictures the network sees as most like this one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax
import numpy as np

from striate.errors import DataError, Problem
from striate.explain._reading import Reading, read, score_name
from striate.explain.attribution._aim import Aim, aim_at
from striate.explain.attribution._arguments import need_choice, need_whole
from striate.explain.attribution._attribution import SHOWN, picture_of
from striate.explain.attribution._layers import named_value
from striate.explain.attribution._parts import run, toward_scores, until
from striate.explain.attribution._rows import by_rows, rows_at_once
from striate.layers import Dropout, Identity
from striate.models import Model
from striate.network import Network
from striate.pages import Note, Panel, Part, Shown, Table

METRICS = ("cosine", "euclidean")
CHUNK = 1024
"""So many examples are scaled and run before the next are touched."""


@dataclass(frozen=True, eq=False)
class Neighbours(Shown):
    """The k nearest examples of each picture in a layer's feature space.

    Args:
        indices: (N, k) rows of the examples, nearest first. distances: (N, k).
        labels: (N, k) their labels, or None. layer: where they were compared. metric: how.
        aim: the network's answers. reading: the pictures. pictures: N readings of their k examples.
        total: how many examples there were.
    """

    indices: np.ndarray
    distances: np.ndarray
    labels: np.ndarray | None
    layer: str
    metric: str
    aim: Aim
    reading: Reading
    pictures: tuple[Reading, ...]
    total: int
    title = "nearest examples"

    @property
    def agreement(self) -> np.ndarray:
        """(N,) the share of neighbours whose label is the network's answer; NaN without labels."""
        if self.labels is None:
            return np.full(len(self.indices), np.nan)
        return (self.labels == self.aim.classes[:, None]).mean(1)

    def parts(self) -> list[Part]:
        """A row of panels for each picture, and what the neighbours say."""
        words = f"Of {self.total} examples the nearest at {self.layer}, by {self.metric} distance."
        parts: list[Part] = [Note(words)]
        for n in range(min(len(self.indices), SHOWN)):
            parts.append(Panel("picture", picture_of(self.reading, n), self.aim.words(n)))
            for k, index in enumerate(self.indices[n]):
                caption = f"{self._label(n, k)}distance {self.distances[n, k]:.3g}"
                parts.append(Panel(f"example {index}", picture_of(self.pictures[n], k), caption))
            parts.append(Note(""))
        if self.labels is None:
            return parts
        head = ("picture", "answer", "neighbours of that class")
        rows = [(n, self.aim.words(n), f"{100 * share:.0f} %") for n, share in enumerate(self.agreement)]
        return [*parts, Table(head, rows[: 4 * SHOWN])]

    def _label(self, n: int, k: int) -> str:
        return "" if self.labels is None else f"{self.reading.class_name(int(self.labels[n, k]))}, "


def nearest_examples(
    model: Model,
    x: Any,
    examples: np.ndarray,
    labels: Any = None,
    *,
    k: int = 5,
    layer: str | None = None,
    metric: str = "cosine",
) -> Neighbours:
    """Find the examples that the network sees as most like the pictures.

    Args:
        model: the model. x: (N, H, W, C) pictures. examples: (M, H, W, C), such as the training pictures.
        labels: (M,) their classes, or None.
        k: how many for each picture. layer: whose values are compared, flattened; what the last dense layer
            reads unless given. metric: "cosine" (1 - cosine of the angle) or "euclidean".

    Raises:
        DataError: as many labels as examples are not there. ArgumentError: an argument out of its range.
    """
    need_whole("k", k)
    need_choice("metric", metric, METRICS)
    count, answers = len(examples), None if labels is None else np.asarray(labels).reshape(-1)
    if answers is not None and len(answers) != count:
        cure = "Give one label for each example, or none."
        raise DataError(Problem("labels", f"there are {len(answers)}", f"{count}, one an example", cure))
    reading = read(model, x)
    name = feature_name(model.network) if layer is None else named_value(model.network, layer)
    wanted = _unit(features(reading, name), metric)
    best = _nearest(model, name, wanted, examples, metric, min(k, count))
    rows = np.take_along_axis(best[1], best[0].argsort(1, kind="stable"), 1)
    pictures = tuple(read(model, np.asarray(examples[row])) for row in rows)
    told = None if answers is None else answers[rows]
    distances = np.sort(best[0], 1)
    return Neighbours(rows, distances, told, name, metric, aim_at(reading), reading, pictures, count)


def feature_name(network: Network) -> str:
    """What the last layer with weights reads: the network's own description of a picture.

    >>> from striate.applications import mnist_convnet
    >>> feature_name(mnist_convnet().network)
    'dense1'
    """
    program = toward_scores(network)
    name = program.steps[score_name(network)].inputs[0]
    while name in program.steps and isinstance(program.steps[name].layer, Dropout | Identity):
        name = program.steps[name].inputs[0]
    return name


def features(reading: Reading, name: str) -> np.ndarray:
    """(N, D) a layer's values, flattened."""
    program, size = _feature_program(reading.network, name), rows_at_once(reading.network)
    values = by_rows(lambda inputs: program(reading.variables, inputs), size, reading.inputs)
    return np.asarray(values).reshape(len(values), -1)


@lru_cache(maxsize=16)
def _feature_program(network: Network, name: str) -> Any:
    program = until(toward_scores(network), name)
    return jax.jit(lambda variables, inputs: run(program, variables, inputs))


def _nearest(
    model: Model, name: str, wanted: np.ndarray, examples: np.ndarray, metric: str, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """(N, k) distances and rows of the k nearest, the examples being looked at a chunk at a time."""
    found = np.full((len(wanted), k), np.inf), np.full((len(wanted), k), -1)
    for start in range(0, len(examples), CHUNK):
        chunk = _unit(features(read(model, np.asarray(examples[start : start + CHUNK])), name), metric)
        distances = _distances(wanted, chunk, metric)
        rows = np.broadcast_to(np.arange(start, start + len(chunk)), distances.shape)
        both = np.concatenate([found[0], distances], 1), np.concatenate([found[1], rows], 1)
        order = np.argpartition(both[0], k - 1, 1)[:, :k]
        found = np.take_along_axis(both[0], order, 1), np.take_along_axis(both[1], order, 1)
    return found


def _unit(values: np.ndarray, metric: str) -> np.ndarray:
    """For the cosine, vectors of length 1."""
    if metric == "euclidean":
        return values
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    return values / np.where(lengths > 0, lengths, 1)


def _distances(a: np.ndarray, b: np.ndarray, metric: str) -> np.ndarray:
    """(N, M); squares are summed in float64, so that a picture's distance to itself is near 0."""
    products = a.astype(np.float64) @ b.astype(np.float64).T
    if metric == "cosine":
        return 1 - products
    squares = (a.astype(np.float64) ** 2).sum(1)[:, None] + (b.astype(np.float64) ** 2).sum(1)[None]
    return np.sqrt(np.maximum(squares - 2 * products, 0))

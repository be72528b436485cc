"""Pictures as points: those that a layer takes for alike lie near each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from striate.errors import ArgumentError, DataError, Problem
from striate.explain._reading import score_name
from striate.explain.seeing._pixels import as_bytes, fitted
from striate.explain.seeing._places import Place, find_place
from striate.explain.seeing._planes import check_method, placed
from striate.explain.seeing._running import runner
from striate.explain.seeing._scatter import hover_page, scatter, thumbnail_scatter
from striate.explain.seeing._streams import stream
from striate.models import Model
from striate.network import Network
from striate.pages import Note, Panel, Part, Shown, grey

MOST_NUMBERS = 2**28
THUMBNAIL = 32
By = Literal["pca", "tsne", "umap"]


@dataclass(frozen=True, eq=False)
class Embedding(Shown):
    """A point for each picture.

    Args:
        title: of what. points: (N, 2). by: "pca", "tsne" or "umap".
        shares: for "pca" what part of the variance each axis has, otherwise empty.
        labels: (N,) a whole number for each point, or None. names: of the labels.
        thumbnails: (N, h, w, 3) uint8, at most 32 pixels wide.
    """

    title: str
    points: np.ndarray
    by: str
    shares: tuple[float, ...]
    labels: np.ndarray | None
    names: tuple[str, ...]
    thumbnails: np.ndarray

    def parts(self) -> Sequence[Part]:
        """The points in the colours of their labels, and the pictures themselves where there is room."""
        return [
            Panel("points", scatter(self.points, self.labels, self.names), smooth=True),
            Panel("pictures", thumbnail_scatter(self.points, self.thumbnails), smooth=True),
            Note(self._axes()),
        ]

    def html(self) -> str:
        """Points that show their picture when they are pointed at, without a script; then the pictures."""
        points = hover_page(self.title, self.points, self.labels, self.names, self.thumbnails)
        return points + _Pictures("The pictures themselves", self.parts()[1:]).html()

    def _axes(self) -> str:
        if self.by == "pca":
            across, down = (f"{100 * share:.1f} %" for share in self.shares)
            return f"Across: the direction of most variance, {across} of it; up: the next one, {down}."
        return "Near means alike; distances between far points, and the axes, mean nothing."


@dataclass(frozen=True, eq=False)
class _Pictures(Shown):
    """The part of a page below the points."""

    title: str
    below: Sequence[Part]

    def parts(self) -> Sequence[Part]:
        """What is below."""
        return self.below


def embed(
    model: Model,
    images: Any,
    layer: str | None = None,
    by: By = "pca",
    *,
    labels: Any = None,
    names: Sequence[str] | None = None,
    pool: bool = False,
    seed: int = 0,
    **options: Any,
) -> Embedding:
    """Put pictures on a plane by what a layer makes of them.

    Args:
        model: the model. images: (N, H, W, C), or an iterable of batches.
        layer: whose numbers count; what the last layer reads unless given. An input's name takes the pixels.
        by: "pca"; "tsne" with scikit-learn or "umap" with umap-learn, where they are installed.
        labels: (N,) whole numbers, for colours. names: of the labels; the model's class names unless given.
        pool: take the mean of each map, not all of its positions.
        seed: of "tsne" and "umap". options: for scikit-learn's TSNE or umap-learn's UMAP.

    Raises:
        ArgumentError: there is no such layer or method, or its library is missing.
        DataError: there are too few pictures, or labels that do not fit.

    Van der Maaten and Hinton, Visualizing data using t-SNE, 2008; McInnes, Healy and Melville, UMAP, 2018.
    """
    place = find_place(model.network, _features(model.network) if layer is None else layer)
    check_method(by, options)
    features, thumbnails = _features_of(model, images, place, pool)
    marks = _labels(labels, len(features))
    points, shares = placed(features, by, seed, options)
    known = tuple(map(str, names if names is not None else model.class_names or ()))
    title = f"{len(points):,} pictures by {place.name} ({by.upper().replace('TSNE', 't-SNE')})"
    return Embedding(title, points, by, shares, marks, known, thumbnails)


def _features(network: Network) -> str:
    """What the layer that makes the scores reads."""
    path = score_name(network).removesuffix("/preactivation")
    return network.program.steps[path].inputs[0]


def _features_of(model: Model, images: Any, place: Place, pool: bool) -> tuple[np.ndarray, np.ndarray]:
    """(N, D) numbers and (N, h, w, 3) thumbnails of all pictures."""
    run = runner(model.network, (place.name,))
    features: list[np.ndarray] = []
    thumbnails: list[np.ndarray] = []
    for batch in stream(model, images):
        values = np.asarray(run(model.variables, batch.inputs)[place.name])[: len(batch.given)]
        values = values.mean((1, 2)) if pool and place.has_space else values.reshape(len(values), -1)
        features.append(values)
        thumbnails += [_thumbnail(picture) for picture in batch.given]
        if sum(map(np.size, features)) > MOST_NUMBERS:
            count = f"{values.shape[1]:,} numbers a picture, together more than {MOST_NUMBERS:,}"
            happened = f"{place.name!r} gives {count}"
            cure = "Give pool=True, a later layer or fewer pictures."
            raise ArgumentError(Problem("layer", happened, "fewer numbers", cure))
    rows = np.concatenate(features)
    if len(rows) < 3:
        happened, cure = f"there are {len(rows)}", "Give some hundred pictures."
        raise DataError(Problem("images", happened, "at least 3 pictures", cure))
    return rows, np.stack(thumbnails)


def _thumbnail(picture: np.ndarray) -> np.ndarray:
    """A small (h, w, 3) uint8 version; what is no picture is a grey square."""
    if picture.ndim != 3 or picture.shape[-1] not in (1, 3):
        return np.full((8, 8, 3), 128, np.uint8)
    shown = grey(picture, 0, 255) if picture.dtype == np.uint8 else grey(picture)
    longer = max(shown.shape[:2])
    if longer <= THUMBNAIL:
        return shown
    height, width = (max(1, round(axis * THUMBNAIL / longer)) for axis in shown.shape[:2])
    return as_bytes(fitted(shown / np.float32(255), (height, width)))


def _labels(labels: Any, count: int) -> np.ndarray | None:
    if labels is None:
        return None
    marks = np.asarray(labels).reshape(-1)
    if len(marks) != count or not np.issubdtype(marks.dtype, np.integer) or marks.min() < 0:
        happened = f"got {len(marks)} numbers of type {marks.dtype} for {count} pictures"
        cure = "Give the class number of each picture."
        raise DataError(Problem("labels", happened, "a whole number from 0 on for each picture", cure))
    return marks

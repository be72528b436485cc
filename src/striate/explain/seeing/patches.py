"""The pieces of a data set that excite each channel most, cut out with their exact receptive fields."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from striate.errors import ArgumentError, Problem
from striate.explain._tracing import trace
from striate.explain.seeing._drawing import as_colour, cut, set_in, sheet_of
from striate.explain.seeing._places import check_channels, find_maps
from striate.explain.seeing._running import partial
from striate.explain.seeing._streams import stream
from striate.models import Model
from striate.network import Network, pixels_seen
from striate.pages import Note, Panel, Part, Shown, grey

Box = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True, eq=False)
class TopPatches(Shown):
    """For each channel the pieces that excite it most, best first: k, or as many as there are pictures.

    Args:
        title: of what. channels: their numbers. seen: how many pictures were looked at.
        scores: (channels, k) the values. rows: (channels, k) which pictures of the data set, from 0.
        positions: (channels, k, 2) where on the map. boxes: (channels, k, 2, 2) first and last pixels.
        pictures: {row: (H, W, C)} every picture that has a piece in it, as it was given.
    """

    title: str
    channels: tuple[int, ...]
    seen: int
    scores: np.ndarray
    rows: np.ndarray
    positions: np.ndarray
    boxes: np.ndarray
    pictures: dict[int, np.ndarray]

    def patch(self, channel: int, rank: int = 0) -> np.ndarray:
        """(h, w, C) the piece of a channel at a rank, as it was given."""
        index = self.channels.index(channel)
        return cut(self.pictures[int(self.rows[index, rank])], self.box(channel, rank))

    def box(self, channel: int, rank: int = 0) -> Box:
        """((first row, last row), (first column, last column)) of a piece."""
        (top, bottom), (left, right) = self.boxes[self.channels.index(channel), rank].tolist()
        return (top, bottom), (left, right)

    def parts(self) -> Sequence[Part]:
        """A sheet of pieces for each channel."""
        sides = (self.boxes[..., 1] - self.boxes[..., 0] + 1).max((0, 1))
        size = (int(sides[0]), int(sides[1]))
        note = "The best piece of each picture counts; what lies outside the picture is grey."
        return [
            *(self._sheet(channel, size) for channel in self.channels),
            Note(f"{self.seen:,} pictures. {note}"),
        ]

    def _sheet(self, channel: int, size: tuple[int, int]) -> Panel:
        index = self.channels.index(channel)
        whole = self.pictures.values()
        is_raw = all(picture.dtype == np.uint8 for picture in whole)
        low, high = (0.0, 255.0) if is_raw else (min(p.min() for p in whole), max(p.max() for p in whole))
        pieces = [
            set_in(grey(as_colour(self.patch(channel, rank)), low, high), self.box(channel, rank), size)
            for rank in range(self.scores.shape[1])
        ]
        best, worst = self.scores[index, 0], self.scores[index, -1]
        return Panel(f"channel {channel}", sheet_of(pieces, 56, 3), f"{best:.3g} to {worst:.3g}")


def top_patches(
    model: Model,
    layer: str,
    images: Any,
    k: int = 9,
    channels: int | Iterable[int] | None = None,
    batch_size: int | None = None,
) -> TopPatches:
    """The k pieces of a data set that excite each channel most, at most one of each picture.

    Args:
        model: the model. layer: a layer with maps.
        images: (N, H, W, C), or an iterable of batches or of (batch, labels) pairs, which is read once; only
            pictures that have a piece among the best are kept, k for each channel at most.
        k: how many. channels: which; all of them unless given.
        batch_size: pictures that are run together.

    Raises:
        ArgumentError: there is no such layer or channel, or k is no number from 1 on. DataError: no pictures.

    Zeiler and Fergus, Visualizing and understanding convolutional networks, 2014, figure 2. Among equals the
    earlier picture wins, and in a picture the first position in reading order.
    """
    network = model.network
    place = find_maps(network, layer)
    chosen = check_channels(place, channels)
    if not isinstance(k, int) or k < 1:
        raise ArgumentError(Problem("k", f"got {k!r}", "a whole number from 1 on", "Write for instance k=9."))
    best, variables, seen = _Best(len(chosen), k), model.variables, 0
    finder, which = _finder(network, place.name), jnp.asarray(chosen)
    for batch in stream(model, images, batch_size):
        scores, places = finder(variables, batch.inputs, which)
        count = len(batch.given)
        best.meet(batch.first, batch.given, np.asarray(scores)[:count], np.asarray(places)[:count])
        seen += count
    positions = np.stack(np.divmod(best.places, place.shape[1]), -1)
    boxes = _boxes(network, place.path, positions)
    title = f"What excites {place.name} most"
    return TopPatches(title, chosen, seen, best.scores, best.rows, positions, boxes, best.pictures)


class _Best:
    """The best so far: for each channel a list in falling order, and the pictures that are in one."""

    def __init__(self, channels: int, k: int) -> None:
        """Nothing yet."""
        self.k = k
        self.scores = np.zeros((channels, 0), np.float32)
        self.rows = np.zeros((channels, 0), np.int64)
        self.places = np.zeros((channels, 0), np.int64)
        self.pictures: dict[int, np.ndarray] = {}

    def meet(self, first: int, given: np.ndarray, scores: np.ndarray, places: np.ndarray) -> None:
        """Take in a batch: (n, channels) scores and flat places; pictures that fell out are let go."""
        rows = np.broadcast_to(first + np.arange(len(given))[:, None], scores.shape)
        together = np.concatenate([self.scores, scores.T], 1)
        order = np.argsort(-together, axis=1, kind="stable")[:, : self.k]
        self.scores = np.take_along_axis(together, order, 1)
        self.rows = np.take_along_axis(np.concatenate([self.rows, rows.T], 1), order, 1)
        self.places = np.take_along_axis(np.concatenate([self.places, places.T], 1), order, 1)
        kept = np.unique(self.rows).tolist()
        self.pictures = {
            row: self.pictures[row] if row < first else given[row - first].copy() for row in kept
        }


@lru_cache(maxsize=32)
def _finder(network: Network, name: str) -> Any:
    """(variables, inputs, channels) -> (N, channels) each map's maximum and its flat position, compiled."""
    program = partial(network.program, [name])

    def find(variables: Any, inputs: Any, channels: jax.Array) -> tuple[jax.Array, jax.Array]:
        maps = trace(program, variables, inputs).values[name]
        flat = jnp.take(maps.reshape(len(maps), -1, maps.shape[-1]), channels, axis=-1)
        return flat.max(1), flat.argmax(1)

    return jax.jit(find)


def _boxes(network: Network, path: str, positions: np.ndarray) -> np.ndarray:
    """(channels, k, 2, 2) the receptive fields; each position is looked up once."""
    first = network.inputs[0].name
    unique, inverse = np.unique(positions.reshape(-1, 2), axis=0, return_inverse=True)
    empty = ((0, 0), (0, 0))
    boxes = [pixels_seen(network, path, (int(row), int(column))).get(first, empty) for row, column in unique]
    return np.asarray(boxes)[inverse.reshape(-1)].reshape(*positions.shape[:2], 2, 2)

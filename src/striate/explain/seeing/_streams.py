"""Arrays, lazy rows and iterables of batches as one stream of batches of one size, read once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from striate.errors import DataError, Problem
from striate.explain._reading import read
from striate.models import Model

MOST_PICTURES, MOST_PIXELS = 128, 2**20


class Batch(NamedTuple):
    """Some pictures of a stream.

    Args:
        first: the number of its first picture. given: (n, ...) as they were given.
        inputs: {input name: (size, ...) scaled}, filled up with copies of the last picture.
    """

    first: int
    given: np.ndarray
    inputs: dict[str, jax.Array]


def stream(model: Model, images: Any, size: int | None = None) -> Iterator[Batch]:
    """The pictures in batches of one size, so that one compiled program serves them all.

    Args:
        model: it says how pictures are scaled.
        images: (N, H, W, C) array, anything with a length that can be sliced, or an iterable of batches,
            of (batch, labels) pairs or of single pictures.
        size: pictures in a batch; as many as have a million pixels unless given.

    Raises:
        DataError: there are none.
    """
    shape = model.network.shapes[model.network.inputs[0].name]
    size = size or max(1, min(MOST_PICTURES, MOST_PIXELS // max(1, int(np.prod(shape[:2])))))
    first, name = 0, model.network.inputs[0].name
    for given in _of_size(_pieces(images, size, len(shape)), size):
        if given.shape[1:] not in (shape, shape[:-1]):
            model.network.read_inputs({name: np.broadcast_to(np.float32(0), given.shape)})
        full = (
            given if len(given) == size else np.concatenate([given, given[-1:].repeat(size - len(given), 0)])
        )
        reading = read(model, full)
        yield Batch(first, reading.given[: len(given)], reading.inputs)
        first += len(given)
    if not first:
        cure = "Give an array (N, H, W, C), or an iterable of batches."
        raise DataError(Problem("images", "there are none", "at least one picture", cure))


def first_pictures(model: Model, images: Any, most: int) -> Batch:
    """At most so many pictures of a stream, as one batch that is not filled up."""
    given: list[np.ndarray] = []
    for batch in stream(model, images):
        given.append(batch.given)
        if sum(map(len, given)) >= most:
            break
    pictures = np.concatenate(given)[:most]
    return Batch(0, pictures, read(model, pictures).inputs)


def _pieces(images: Any, size: int, rank: int) -> Iterator[np.ndarray]:
    """(n, ...) arrays in order, whatever holds them; `rank` is that of one picture."""
    if hasattr(images, "shape") and hasattr(images, "__getitem__"):
        if len(images.shape) < rank or images.shape[-1:] == (0,):
            images = np.asarray(images)[None]
        for start in range(0, len(images), size):
            yield np.asarray(images[start : start + size])
        return
    if not isinstance(images, Iterable) or isinstance(images, str):
        happened = f"got a {type(images).__name__}"
        cure = "Give an array (N, H, W, C), or an iterable of batches."
        raise DataError(Problem("images", happened, "pictures", cure))
    for piece in images:
        pictures = piece[0] if isinstance(piece, tuple) else piece
        array = np.asarray(pictures)
        yield array if array.ndim > rank or _is_grey_batch(array, rank) else array[None]


def _is_grey_batch(array: np.ndarray, rank: int) -> bool:
    """Whether (n, H, W) stands for grey pictures whose channel axis is missing."""
    return array.ndim == rank and array.shape[-1] not in (1, 3)


def _of_size(pieces: Iterator[np.ndarray], size: int) -> Iterator[np.ndarray]:
    """The same rows cut anew: all arrays but the last have `size` rows."""
    waiting: list[np.ndarray] = []
    for piece in pieces:
        while len(piece):
            taken = piece[: size - _rows(waiting)]
            waiting.append(taken)
            piece = piece[len(taken) :]
            if _rows(waiting) == size:
                yield _joined(waiting)
                waiting = []
    if waiting:
        yield _joined(waiting)


def _rows(arrays: Sequence[np.ndarray]) -> int:
    return sum(map(len, arrays))


def _joined(arrays: Sequence[np.ndarray]) -> np.ndarray:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)

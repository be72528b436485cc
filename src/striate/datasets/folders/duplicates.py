"""Copies and look-alikes, so that a picture and its copy never stand on two sides of a test."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

BANDS, BITS = 8, 8
"""Looks that differ in up to 7 bits agree in at least one of so many bands of so many bits."""


class Measure(NamedTuple):
    """How alike two pictures must be.

    Args:
        near: the most bits in which their looks differ. side: of the miniatures that are compared, in pixels.
        alike: the least correlation of the miniatures, brightness and contrast set aside.
    """

    near: int
    side: int
    alike: float


USUAL = Measure(7, 16, 0.97)
STRICT = Measure(3, 32, 0.98)
STRICTEST = Measure(0, 32, 0.98)
"""Plain pictures such as digits crowd: the usual measure would join most ones of MNIST to a single chain."""
EACH = 5
"""A measure is too loose when pictures have more candidates than this on average."""
COARSE = 8
PLAIN = 1.0
"""Miniatures whose values spread less than this have nothing to correlate: they must agree within SAME."""
SAME = 2
BLOCK = 2**21
CROWD = 8192

Miniatures = Callable[[np.ndarray, int], np.ndarray]
"""Gives (n, side, side, C) uint8 for n indices and a side."""


def group(looks: np.ndarray, miniatures: Miniatures) -> np.ndarray:
    """The groups of pictures that look alike, joined transitively.

    Args:
        looks: (n,) uint64 of pictures. miniatures: asked for those that are candidates.

    Returns:
        (n,) for each picture the smallest index in its group.
    """
    measure, rows = _touched(looks)
    if not len(rows):
        return np.arange(len(looks))
    place = np.zeros(len(looks), np.int64)
    place[rows] = np.arange(len(rows))
    small = miniatures(rows, measure.side)
    coarse = _coarse(small)
    found = [_alike(place[pairs], small, coarse, measure) for pairs in candidates(looks, measure.near)]
    return components(len(looks), rows[np.concatenate(found)])


def _touched(looks: np.ndarray) -> tuple[Measure, np.ndarray]:
    """The first measure that is not too loose, and the pictures that have candidates by it."""
    for measure in (USUAL, STRICT, STRICTEST):
        touched, count = np.zeros(len(looks), bool), 0
        for pairs in candidates(looks, measure.near):
            touched[pairs] = True
            count += len(pairs)
            if count > EACH * len(looks) and measure != STRICTEST:
                break
        else:
            return measure, np.flatnonzero(touched)
    raise AssertionError("the last one is never broken off")


def candidates(looks: np.ndarray, most: int = USUAL.near) -> Iterator[np.ndarray]:
    """All pairs of looks that differ in at most `most` bits, in blocks of (p, 2) indices.

    A pair is found in the first band in which it agrees, so the work grows with the bands' crowds and not
    with the square of the number of pictures. Plain pictures such as digits crowd in bands that say nothing;
    a crowd of more than CROWD is cut by the next bands too, and may lose pairs that differ in those.

    Args:
        looks: (n,) uint64. most: at most 7.
    """
    earlier: list[tuple[int, np.ndarray]] = []
    for band in range(BANDS):
        whole = np.zeros(len(looks), bool)
        for crowd in _crowds(looks, np.arange(len(looks)), band):
            whole[crowd] = len(crowd) <= CROWD
            for part in _cut(looks, crowd, band + 1):
                yield from _close(looks, part, earlier, most)
        earlier.append((band, whole))


def _crowds(looks: np.ndarray, rows: np.ndarray, band: int) -> list[np.ndarray]:
    """The rows (in order) that agree in a band, crowd by crowd."""
    keys = _byte(looks[rows], band % BANDS)
    order = np.argsort(keys, kind="stable")
    return np.split(rows[order], np.flatnonzero(np.diff(keys[order])) + 1)


def _cut(looks: np.ndarray, crowd: np.ndarray, band: int) -> Iterator[np.ndarray]:
    """A crowd in parts that are small enough, or that agree in every band and are cut by their order."""
    if len(crowd) <= CROWD:
        yield crowd
    elif band < 2 * BANDS:
        for part in _crowds(looks, crowd, band):
            yield from _cut(looks, part, band + 1)
    else:
        yield from np.array_split(crowd, -(-len(crowd) // CROWD))


def _byte(looks: np.ndarray, band: int) -> np.ndarray:
    """The bits of a band."""
    return (looks >> np.uint64(BITS * band)).astype(np.uint8)


def components(count: int, pairs: np.ndarray) -> np.ndarray:
    """(count,) for each index the smallest one that a chain of pairs (p, 2) leads to."""
    parent = list(range(count))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for first, second in pairs.tolist():
        low, high = sorted((root(first), root(second)))
        parent[high] = low
    return np.array([root(index) for index in range(count)], np.int64)


def _close(
    looks: np.ndarray, crowd: np.ndarray, earlier: list[tuple[int, np.ndarray]], most: int
) -> Iterator[np.ndarray]:
    """The close pairs of a crowd that no earlier band has found; memory stays bounded in any crowd."""
    values = looks[crowd]
    step = max(1, BLOCK // max(1, len(crowd)))
    for start in range(0, len(crowd), step):
        apart = values[start : start + step, None] ^ values[None, start:]
        first, second = np.nonzero(np.bitwise_count(apart) <= most)
        differing = apart[first, second]
        rows = crowd[start + first]
        new = second > first
        for band, whole in earlier:
            new &= (_byte(differing, band) != 0) | ~whole[rows]
        if new.any():
            yield np.stack([rows[new], crowd[start + second[new]]], axis=1)


def _alike(pairs: np.ndarray, small: np.ndarray, coarse: np.ndarray, measure: Measure) -> np.ndarray:
    """Those pairs whose miniatures correlate; the coarse ones, never further apart, put most aside."""
    most = 2 * (1 - measure.alike) + 1e-4
    kept = [
        part[np.square(coarse[part[:, 0]] - coarse[part[:, 1]]).sum(axis=1) <= most]
        for part in _parts(pairs, 2**16)
    ]
    return np.concatenate(
        [
            part[_correlated(small[part[:, 0]], small[part[:, 1]], measure.alike)]
            for part in _parts(np.concatenate(kept), 2**12)
        ]
    )


def _correlated(first: np.ndarray, second: np.ndarray, least: float) -> np.ndarray:
    """(n,) whether two miniatures correlate by `least`, or are the same."""
    alike = (_standardized(first) * _standardized(second)).sum(axis=1) >= least
    same = np.abs(first.astype(np.int16) - second).max(axis=(1, 2, 3), initial=0) <= SAME
    return alike | same


def _standardized(small: np.ndarray) -> np.ndarray:
    """(n, k) float32 of mean 0 and length 1; nothing but zeros for plain ones."""
    flat = small.reshape(len(small), math.prod(small.shape[1:])).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    plain = length < PLAIN * np.sqrt(flat.shape[1])
    return np.where(plain, 0, flat / np.where(plain, 1, length)).astype(np.float32)


def _coarse(small: np.ndarray) -> np.ndarray:
    """(n, 64) float32: standardized miniatures projected on blocks of one grey; distances only shrink."""
    block = small.shape[1] // COARSE
    out = np.empty((len(small), COARSE * COARSE), np.float32)
    for start in range(0, len(small), 2**12):
        part = small[start : start + 2**12]
        fine = _standardized(part).reshape(len(part), COARSE, block, COARSE, block, part.shape[-1])
        sums = fine.sum(axis=(2, 4, 5)) / np.sqrt(block * block * part.shape[-1])
        out[start : start + 2**12] = sums.reshape(len(part), -1)
    return out


def _parts(pairs: np.ndarray, size: int) -> list[np.ndarray]:
    """The pairs in parts of about this size, one at least."""
    return np.array_split(pairs, max(1, -(-len(pairs) // size)))

"""The nearest of many vectors by the cosine of their angle: exact, a block of them at a time."""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from typing import Any

import jax
import numpy as np
from jax import lax

BLOCK = 65_536
"""Vectors that are compared at once."""
MANY = 1_000_000
"""From so many vectors on faiss, where it is installed, is asked instead; its answer is exact as well."""


def nearest(vectors: np.ndarray, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest vectors of each query, the nearest first; of equals, the earlier.

    Args:
        vectors: (N, D) float32 of length 1. queries: (Q, D) likewise. k: how many; at most all are given.

    Returns:
        (Q, k) rows of `vectors`, and (Q, k) cosines.

    >>> rows, cosines = nearest(np.eye(3, dtype=np.float32), np.eye(3, dtype=np.float32)[:1], 2)
    >>> rows.tolist(), cosines.tolist()
    ([[0, 1]], [[1.0, 0.0]])
    """
    k = min(k, len(vectors))
    if len(vectors) >= MANY and find_spec("faiss") is not None:
        return _by_faiss(vectors, queries, k)
    rows, cosines = np.empty((len(queries), 0), np.int64), np.empty((len(queries), 0), np.float32)
    for start in range(0, len(vectors), BLOCK):
        block = vectors[start : start + BLOCK]
        found, places = _best(block, queries, min(k, len(block)))
        cosines = np.concatenate([cosines, np.asarray(found)], axis=1)
        rows = np.concatenate([rows, np.asarray(places, np.int64) + start], axis=1)
        order = np.lexsort((rows, -cosines))[:, :k]
        rows, cosines = (np.take_along_axis(each, order, axis=1) for each in (rows, cosines))
    return rows, cosines


def unit(vectors: np.ndarray) -> np.ndarray:
    """(N, D) float32 of length 1; a vector of zeros stays one.

    >>> unit(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths == 0, 1, lengths)).astype(np.float32)


def precision_at(vectors: np.ndarray, labels: np.ndarray, k: int) -> float:
    """The share of the k nearest others of each vector that have its label.

    Args:
        vectors: (N, D) of length 1. labels: (N,). k: how many others are looked at.
    """
    rows, _ = nearest(vectors, vectors, k + 1)
    hits = []
    for own, found in enumerate(rows):
        others = found[found != own][:k]
        hits.append(np.mean(labels[others] == labels[own]))
    return float(np.mean(hits))


@partial(jax.jit, static_argnames="k")
def _best(block: Any, queries: Any, k: int) -> Any:
    """The largest cosines of each query in a block, and where they are."""
    return lax.top_k(lax.dot(queries, block.T, precision=lax.Precision.HIGHEST), k)


def _by_faiss(vectors: np.ndarray, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The same by faiss' exact index of inner products."""
    import faiss  # type: ignore[import-not-found]

    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    cosines, rows = index.search(queries, k)
    return rows, cosines

"""From many numbers to two: PCA in closed form, t-SNE and UMAP through the libraries that have them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from striate.errors import ArgumentError, Problem


def check_method(by: str, options: dict[str, Any]) -> None:
    """Refuse an unknown method, a missing library, and options for PCA, before anything is computed."""
    if by not in ("pca", "tsne", "umap"):
        cure = "Write for instance by='pca'."
        raise ArgumentError(Problem("by", f"got {by!r}", "'pca', 'tsne' or 'umap'", cure))
    if by == "pca" and options:
        happened = f"PCA has no option {', '.join(map(repr, options))}"
        raise ArgumentError(Problem("options", happened, "none", "Leave it out, or choose by='tsne'."))
    if by != "pca":
        _library(by)


def placed(
    features: np.ndarray, by: str, seed: int, options: dict[str, Any]
) -> tuple[np.ndarray, tuple[float, ...]]:
    """(N, 2) points, and for PCA the shares of variance."""
    if by == "pca":
        points, _, shares = principal_components(features)
        return points, tuple(map(float, shares))
    if by == "tsne":
        usual = {"perplexity": min(30.0, (len(features) - 1) / 3), "init": "pca", "random_state": seed}
        method = _library(by).TSNE(**{**usual, **options})
    else:
        usual = {"n_neighbors": min(15, len(features) - 1), "random_state": seed, "n_jobs": 1}
        method = _library(by).UMAP(**{**usual, **options})
    return np.asarray(method.fit_transform(features), np.float64), ()


def principal_components(rows: np.ndarray, count: int = 2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The directions in which rows differ most, in closed form.

        rows - mean = U S V^T

    Args:
        rows: (N, D). count: how many directions.

    Returns:
        (N, count) coordinates U S; (count, D) directions V^T, their largest entries positive; (count,) the
        share of the variance that each has.

    Pearson, On lines and planes of closest fit, 1901.
    """
    centred = np.asarray(rows, np.float64)
    centred = centred - centred.mean(0)
    wide = centred.shape[1] > centred.shape[0]
    values, vectors = np.linalg.eigh(centred @ centred.T if wide else centred.T @ centred)
    values, vectors = np.maximum(values[::-1][:count], 0), vectors[:, ::-1][:, :count]
    directions = vectors.T
    if wide:
        lengths = np.sqrt(values)[:, None]
        directions = (vectors.T @ centred) / np.where(lengths > 0, lengths, 1)
    largest = np.abs(directions).argmax(1)
    signs = np.sign(directions[np.arange(len(directions)), largest])
    directions = directions * np.where(signs == 0, 1, signs)[:, None]
    total = (centred**2).sum() or 1.0
    return centred @ directions.T, directions, values / total


def _library(by: str) -> Any:
    """scikit-learn's or umap-learn's module.

    Raises:
        ArgumentError: it is not installed.
    """
    module, package = {"tsne": ("sklearn.manifold", "scikit-learn"), "umap": ("umap", "umap-learn")}[by]
    try:
        return import_module(module)
    except ImportError as error:
        happened = f"{by!r} needs {package}, which is not installed"
        cure = f"Install it with: pip install {package} (or choose by='pca')."
        raise ArgumentError(Problem("by", happened, f"{package} beside striate", cure)) from error

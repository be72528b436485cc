"""Concept vectors: does a concept, given by example pictures, move a class more than chance would?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from striate.errors import DataError, Problem
from striate.explain._reading import Reading, read
from striate.explain.attribution._aim import Aim, aim_at
from striate.explain.attribution._arguments import need_whole
from striate.explain.attribution._intervals import Mean, mean_interval
from striate.explain.attribution._layers import choose_layer, named_value
from striate.explain.attribution._rows import by_rows, rows_at_once
from striate.explain.attribution.class_maps import slopes_at
from striate.explain.attribution.neighbours import features
from striate.models import Model
from striate.pages import Note, Part, Shown, Table

RIDGE = 1.0
"""The penalty of the linear classifier, against the squared length of its weights."""
SIGNIFICANT = 0.05


@dataclass(frozen=True, eq=False)
class ConceptScore:
    """What a concept does to a class.

    Args:
        name: of the concept. scores: (runs,) the shares of pictures whose score rises along the concept.
        mean: of the scores, with its interval. accuracy: of the linear classifier on pictures kept aside.
        p_value: of a difference from random concepts, after Bonferroni's correction.
        vector: (D,) the mean concept vector, of length 1.
    """

    name: str
    scores: np.ndarray
    mean: Mean
    accuracy: float
    p_value: float
    vector: np.ndarray

    @property
    def significant(self) -> bool:
        """Whether chance would hardly do it."""
        return self.p_value < SIGNIFICANT


@dataclass(frozen=True, eq=False)
class ConceptScores(Shown):
    """The scores of several concepts for one class at one layer.

    Args:
        concepts: one each. random: (runs,) the scores of random concepts. aim: the class. layer: where.
    """

    concepts: tuple[ConceptScore, ...]
    random: np.ndarray
    aim: Aim
    layer: str

    @property
    def title(self) -> str:  # type: ignore[override]
        """The class and the layer."""
        return f"concepts at {self.layer}: what moves {self.aim.names[0]}"

    def parts(self) -> list[Part]:
        """The table, and how to read it."""
        middle, spread = self.random.mean(), self.random.std(ddof=1)
        words = (
            f"The share of {len(self.aim.names)} pictures whose score rises along the concept. Random ones "
            f"give {middle:.2f} ± {spread:.2f}; a concept counts where chance would hardly do the same."
        )
        head = ("concept", "share", "95 % interval", "p-value", "counts", "classifier's accuracy")
        rows = [
            (
                one.name,
                f"{one.mean.mean:.2f}",
                f"{max(0.0, one.mean.low):.2f} … {min(1.0, one.mean.high):.2f}",
                f"{one.p_value:.2g}",
                "yes" if one.significant else "no",
                f"{100 * one.accuracy:.0f} %",
            )
            for one in self.concepts
        ]
        return [Note(words), Table(head, rows)]


def concept_scores(
    model: Model,
    x: Any,
    concepts: Mapping[str, Any],
    random: Any,
    *,
    target: Any = None,
    layer: str | None = None,
    runs: int = 10,
    pooled: bool = False,
    seed: int = 0,
) -> ConceptScores:
    """Ask how concepts move a class (TCAV).

    v = normal of the plane that parts a concept's values from random ones; share = mean [df/da . v > 0]

    Args:
        model: the model. x: (N, H, W, C) pictures of the class.
        concepts: {name: pictures}, such as {"stripes": ...}. random: a pool of pictures of anything.
        target: the class; the top class of the first picture unless given.
        layer: where; the last map of the network unless given.
        runs: how many vectors for each concept, each against other random pictures.
        pooled: average a map over its places first, for layers too large for few pictures.
        seed: draws the random pictures.

    Raises:
        DataError: too few pictures of a concept, or a pool smaller than two concepts.

    Kim et al., Interpretability beyond feature attribution: quantitative testing with concept activation
    vectors (TCAV), 2018. The test is Welch's, two-sided, against vectors that part random from random.
    """
    need_whole("runs", runs, 2)
    name = choose_layer(model.network)[0] if layer is None else named_value(model.network, layer)
    reading = read(model, x)
    first = aim_at(reading).classes[0] if target is None else target
    aim = aim_at(reading, int(first) if target is None else first)
    known = {concept: _values(model, pictures, name, pooled) for concept, pictures in concepts.items()}
    pool, rng = _values(model, random, name, pooled), np.random.default_rng(seed)
    _check_counts(known, len(pool))
    slopes = _slopes(reading, aim, name, pooled)
    most = max(map(len, known.values()))
    chance = [_share(slopes, *_two_random(pool, most, rng))[0] for _ in range(runs)]
    found = []
    for concept, values in known.items():
        asked = [_share(slopes, values, _drawn(pool, len(values), rng)) for _ in range(runs)]
        scores, accuracies, vectors = (np.array(column) for column in zip(*asked, strict=True))
        p_value = min(1.0, len(known) * _difference(scores, np.array(chance)))
        mean = vectors.mean(0)
        vector = mean / max(float(np.linalg.norm(mean)), 1e-12)
        found.append(ConceptScore(concept, scores, mean_interval(scores), accuracies.mean(), p_value, vector))
    return ConceptScores(tuple(found), np.array(chance), aim, name)


def concept_vector(positive: np.ndarray, negative: np.ndarray) -> np.ndarray:
    """(D,) the normal, of length 1, of the plane by logistic regression that parts two sets of (n, D) values.

    Values are brought to mean 0 and deviation 1 first; the normal is in their own scale again.
    """
    from scipy.optimize import minimize  # SciPy comes with JAX; loading it takes a moment

    values = np.concatenate([positive, negative]).astype(np.float64)
    signs = np.concatenate([np.ones(len(positive)), -np.ones(len(negative))])
    middle, scale = values.mean(0), values.std(0)
    scale = np.where(scale > 1e-12, scale, np.inf)
    points = (values - middle) / scale

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        margins = signs * (points @ weights[:-1] + weights[-1])
        pull = -signs / (1 + np.exp(np.clip(margins, -500, 500)))
        slopes = np.append(points.T @ pull + RIDGE * weights[:-1], pull.sum())
        return float(np.logaddexp(0, -margins).sum() + RIDGE / 2 * weights[:-1] @ weights[:-1]), slopes

    weights = minimize(loss, np.zeros(points.shape[1] + 1), jac=True, method="L-BFGS-B").x[:-1] / scale
    return weights / max(float(np.linalg.norm(weights)), 1e-12)


def _share(slopes: np.ndarray, positive: np.ndarray, negative: np.ndarray) -> tuple[float, float, np.ndarray]:
    """The share of pictures that a concept moves up, the accuracy on a third kept aside, and the vector."""
    kept = [len(one) - len(one) // 3 for one in (positive, negative)]
    vector = concept_vector(positive[: kept[0]], negative[: kept[1]])
    first, second = (one @ vector for one in (positive, negative))
    limit = (first[: kept[0]].mean() + second[: kept[1]].mean()) / 2
    right = np.concatenate([first[kept[0] :] > limit, second[kept[1] :] <= limit])
    return float((slopes @ vector > 0).mean()), float(right.mean()), vector


def _two_random(pool: np.ndarray, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    both = _drawn(pool, 2 * count, rng)
    return both[:count], both[count:]


def _drawn(pool: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    return pool[rng.choice(len(pool), count, replace=False)]


def _difference(a: np.ndarray, b: np.ndarray) -> float:
    """The p-value of Welch's test; two sets without any spread differ surely, or surely not."""
    from scipy.stats import ttest_ind

    if a.std() == b.std() == 0:
        return 0.0 if a[0] != b[0] else 1.0
    result: Any = ttest_ind(a, b, equal_var=False)
    return float(result.pvalue)


def _values(model: Model, pictures: Any, name: str, pooled: bool) -> np.ndarray:
    """(n, D) a layer's values, averaged over places if wished."""
    reading = read(model, pictures)
    values = features(reading, name)
    channels = (model.network.program.shapes.get(name) or values.shape[1:])[-1]
    return values.reshape(len(values), -1, channels).mean(1) if pooled else values


def _slopes(reading: Reading, aim: Aim, name: str, pooled: bool) -> np.ndarray:
    """(N, D) the score's gradient for the layer's values, summed over places where those are averaged."""
    program = slopes_at(reading.network, name)
    size = rows_at_once(reading.network)
    _, slopes = by_rows(
        lambda inputs, weights: program(reading.variables, inputs, weights), size, reading.inputs, aim.weights
    )
    array = np.asarray(jnp.asarray(slopes), np.float64)
    return array.reshape(len(array), -1, array.shape[-1]).sum(1) if pooled else array.reshape(len(array), -1)


def _check_counts(known: Mapping[str, np.ndarray], pool: int) -> None:
    least = 2 * max((len(values) for values in known.values()), default=0)
    problems = [
        Problem(
            f"concepts[{name!r}]",
            f"there are {len(values)} pictures",
            "at least 6",
            "Give more examples of the concept.",
        )
        for name, values in known.items()
        if len(values) < 6
    ]
    if pool < least:
        cure = "Give more random pictures."
        expected = f"at least {least}, twice as many as of the largest concept"
        problems.append(Problem("random", f"there are {pool} pictures", expected, cure))
    if not known:
        cure = 'Write for instance {"stripes": pictures}.'
        problems.append(Problem("concepts", "there are none", "at least one", cure))
    if problems:
        raise DataError(problems)

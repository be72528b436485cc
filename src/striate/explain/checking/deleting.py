"""Does the score fall when what the map points at is taken away, and rise when it alone is shown?"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from striate.explain.attribution._aim import probabilities, scorer
from striate.explain.attribution._baselines import baseline_for
from striate.explain.attribution._rows import by_rows, rows_at_once
from striate.explain.checking._asked import Asked, Measured

POINTS, ORDERS = 21, 3
"""So many amounts are deleted, from nothing to all; so many random orders are compared with."""


def deletion(asked: Asked) -> Measured:
    """The area under the probability while the pixels the map ranks first are covered, against random orders.

    Petsiuk, Das and Saenko, RISE, 2018.
    """
    own, chance = _curves(asked, insert=False)
    return _measured(asked, "deletion", chance.mean(1) - own.mean(1), own, chance, "covered")


def insertion(asked: Asked) -> Measured:
    """The area under the probability while the pixels the map ranks first are shown, against random orders.

    Petsiuk, Das and Saenko, RISE, 2018.
    """
    own, chance = _curves(asked, insert=True)
    return _measured(asked, "insertion", own.mean(1) - chance.mean(1), own, chance, "shown")


def _measured(
    asked: Asked, check: str, gains: np.ndarray, own: np.ndarray, chance: np.ndarray, verb: str
) -> Measured:
    return Measured(
        check,
        gains,
        f"area gained over random orders ({'lower' if verb == 'covered' else 'higher'} is better)",
        "holds if surely above 0",
        least=0.0,
        curves={asked.method.name: own.mean(0), "random order": chance.mean(0)},
        axis=f"part of the picture {verb}",
        places=np.linspace(0, 1, POINTS),
    )


def _curves(asked: Asked, insert: bool) -> tuple[np.ndarray, np.ndarray]:
    """(N, POINTS) probabilities in the map's order, and the mean over random orders."""
    rng, maps = np.random.default_rng(asked.seed), asked.found.maps
    own = probability_curves(asked, order_of(maps, rng), insert)
    drawn = [probability_curves(asked, order_of(np.zeros_like(maps), rng), insert) for _ in range(ORDERS)]
    return own, np.mean(drawn, 0)


def order_of(maps: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(N, H W) for each pixel its place from 0, the largest value first; equal values in random order."""
    flat = maps.reshape(len(maps), -1)
    keys = rng.permuted(np.tile(np.arange(flat.shape[1]), (len(flat), 1)), axis=1)
    order = np.lexsort((keys, -flat), axis=1)
    places = np.empty_like(order)
    np.put_along_axis(places, order, np.arange(flat.shape[1])[None], 1)
    return places


def probability_curves(asked: Asked, places: np.ndarray, insert: bool) -> np.ndarray:
    """(N, POINTS) the class's probability (or score) while pixels are covered, or shown, in an order."""
    x = np.asarray(asked.reading.x)
    base = np.asarray(baseline_for(asked.reading, asked.options.get("baseline", 0.0)))
    pixels = places.shape[1]
    ranks = places.reshape(*x.shape[:3], 1)
    columns = []
    for share in np.linspace(0, 1, POINTS):
        first = ranks < round(share * pixels)
        columns.append(worth(asked, np.where(first == insert, x, base)))
    return np.stack(columns, 1)


def worth(asked: Asked, x: np.ndarray) -> np.ndarray:
    """(N,) the explained class's probability for other pictures, or its score where there are none."""
    reading = asked.moved(x)
    program, size = scorer(reading.network), rows_at_once(reading.network)
    scores = np.asarray(by_rows(lambda given: program(reading.variables, given), size, reading.inputs))
    known = probabilities(scores, reading.network)
    if known is None:
        return (scores * np.asarray(asked.found.aim.weights)).sum(1)
    return known[np.arange(len(known)), asked.found.aim.classes]


def aimed_scores(asked: Asked, x: np.ndarray) -> np.ndarray:
    """(R,) the explained scores of R = k N pictures, the N examples in order again and again."""
    copies = len(x) // len(asked.reading.x)
    name = asked.reading.network.inputs[0].name
    inputs = {
        key: jnp.tile(array, (copies,) + (1,) * (array.ndim - 1))
        for key, array in asked.reading.inputs.items()
    }
    inputs[name] = jnp.asarray(x, jnp.float32)
    program, size = scorer(asked.reading.network), rows_at_once(asked.reading.network)
    scores = np.asarray(by_rows(lambda given: program(asked.reading.variables, given), size, inputs))
    return (scores * np.tile(np.asarray(asked.found.aim.weights), (copies, 1))).sum(1)

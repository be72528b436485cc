"""Random networks of every kind of layer: the terms of random numbers sum to the engine's own, both ways."""

import secrets

import jax
import numpy as np
import pytest
from random_networks import draw, wishes

from striate.explain import Address, Numbers
from striate.layers._table import LAYERS

TOLERANCE = 1e-6
"""Of the sum of the terms' sizes: float32 rounds every term, also where they cancel."""


def addresses(rng, numbers, count):
    """Random single numbers: values and gradients of all that a network has, and of the loss."""
    paths = sorted(numbers.paths())
    for path in rng.choice(paths, count):
        grad = bool(rng.random() < 0.6) and numbers.has_gradient(str(path))
        shape = numbers.shape_of(Address(str(path), grad))
        yield Address(str(path), grad, tuple(int(rng.integers(size)) for size in shape) or None)


def explained_numbers(seed, networks, each):
    """(explained, drawn) for so many networks that hold every kind of layer."""
    rng, held = np.random.default_rng(seed), set()
    for hand in wishes(rng, networks):
        drawn = draw(rng, hand)
        held |= drawn.kinds
        key = jax.random.key(int(rng.integers(2**31)))
        numbers = Numbers(drawn.model, drawn.x, drawn.y, train=drawn.train, key=key, loss=drawn.loss)
        for address in addresses(rng, numbers, each):
            yield numbers.at(address), drawn
    assert held == set(LAYERS), f"missing {set(LAYERS) - held}"


def check(networks, each):
    seed, gaps = secrets.randbits(32), []
    for explained, drawn in explained_numbers(seed, networks, each):
        assert len(explained.terms) == 0 or np.isfinite(explained.value), (seed, explained.title)
        assert explained.gap <= TOLERANCE, (seed, drawn.loss, drawn.train, explained.text())
        gaps.append((explained.gap, explained.address.grad))
    assert len(gaps) == networks * each
    assert 0.2 < np.mean([grad for _, grad in gaps]) < 0.7
    return seed, max(gap for gap, _ in gaps)


def test_terms_of_six_networks_sum_to_the_engines_numbers():
    check(6, 60)


@pytest.mark.slow
def test_terms_of_two_hundred_networks_sum_to_the_engines_numbers():
    seed, worst = check(200, 50)
    print(f"\nseed {seed}: 200 networks, 50 numbers each; the largest gap is {worst:.2g} of the terms' size")

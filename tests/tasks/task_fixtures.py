"""Fixtures of the tests in this folder; a run that several modules look at is made only once."""

from functools import cache

import pytest

from striate.layers import Conv2D, Dense, Flatten
from striate.network import sequential
from striate.tasks import Order, Recipe, begin, carry_out

__all__ = ["finished", "tiny_network", "tiny_order", "tiny_recipe"]


@pytest.fixture(scope="session")
def tiny_network():
    """A network that compiles at once: 4 kernels of 7x7 in steps of 7."""
    layers = [Conv2D(4, 7, strides=7, activation="relu"), Flatten(), Dense(10, activation="softmax")]
    return sequential(layers, input_shape=(28, 28, 1), name="tiny")


@pytest.fixture(scope="session")
def tiny_recipe():
    """Three epochs of nine steps, the last one short, and sixteen held-out pictures."""
    return Recipe("tiny", "for tests", 3, 32, "adam", 0.01, "one-cycle", held_out=50)


@pytest.fixture(scope="session")
def tiny_order(tiny_network, tiny_recipe):
    words = ("striate", "train", "mnist", "--model", "tiny")
    return Order("mnist", tiny_network, tiny_recipe, seed=5, limit=300, model_name="tiny", command=words)


@pytest.fixture(scope="session")
def finished(tiny_order, tmp_path_factory):
    """A whole small run on real digits."""
    return run_once(tiny_order, tmp_path_factory.getbasetemp() / "whole-run")


@cache
def run_once(order, path):
    """The run of this order; modules that want the same one share it."""
    return carry_out(begin(order, path), order)

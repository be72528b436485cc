"""One-hot rows against Keras, and the seed of the process."""

from __future__ import annotations

import random

import keras
import numpy as np
import pytest

from striate.errors import ArgumentError, DataError
from striate.training import utils


@pytest.fixture(autouse=True)
def no_seed(monkeypatch):
    monkeypatch.setattr(utils, "_seed", None)


@pytest.mark.parametrize("shape", [(5,), (5, 1), (2, 3), (2, 3, 1), ()])
@pytest.mark.parametrize("classes", [None, 7])
def test_rows_equal_those_of_keras(shape, classes):
    labels = np.random.default_rng(1).integers(0, 6, shape)
    mine, theirs = utils.to_categorical(labels, classes), keras.utils.to_categorical(labels, classes)
    assert mine.dtype == np.float32
    np.testing.assert_array_equal(mine, np.asarray(theirs).reshape(mine.shape))
    assert mine.shape == np.asarray(theirs).shape


def test_floats_that_are_whole_will_do():
    np.testing.assert_array_equal(utils.to_categorical([1.0, 0.0]), [[0, 1], [1, 0]])


@pytest.mark.parametrize(
    ("labels", "classes", "text"),
    [
        ([0, -1], None, "x: row 1 holds the label -1; expected whole numbers from 0.\n"
         "  Mend the labels, or give a larger num_classes."),
        ([0, 1, 10], 10, "x: row 2 holds the label 10; expected whole numbers from 0 to 9.\n"
         "  Mend the labels, or give a larger num_classes."),
        ([0.0, 0.5], None, "x: row 1 holds 0.5; expected whole numbers.\n  Number the classes from 0."),
        (["cat"], None, "x: got <U3 with entries that are no numbers; expected class numbers.\n"
         "  Number the classes from 0."),
        ([np.nan], None, "x: got float64 with entries that are no numbers; expected class numbers.\n"
         "  Number the classes from 0."),
    ],
)  # fmt: skip
def test_labels_that_are_no_classes(labels, classes, text):
    with pytest.raises(DataError) as caught:
        utils.to_categorical(labels, classes)
    assert str(caught.value) == text


def test_a_seed_repeats_python_and_numpy_and_is_what_models_ask_for():
    utils.set_random_seed(5)
    first = (random.random(), np.random.rand(), utils.get_seed())
    utils.set_random_seed(5)
    assert (random.random(), np.random.rand(), utils.get_seed()) == first
    assert first[2] == 5


def test_without_a_seed_each_one_is_new():
    assert len({utils.get_seed() for _ in range(8)}) == 8
    assert 0 <= utils.get_seed() < 2**32


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "1", True, None])
def test_seeds_that_are_none(seed):
    with pytest.raises(ArgumentError) as caught:
        utils.set_random_seed(seed)
    assert str(caught.value) == (
        f"seed: got {seed!r}; expected a whole number from 0 to 4294967295.\n"
        "  Write for instance set_random_seed(0)."
    )

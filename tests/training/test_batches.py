"""What `fit` is given, brought to one form."""

import numpy as np
import pytest

from striate.errors import ArgumentError, DataError
from striate.training._batches import Batch, are_batches, count, gather, rows, split_last, unpack


def generator():
    yield np.zeros((2, 3)), np.zeros(2)


class Loader:
    def __len__(self):
        return 1

    def __getitem__(self, index):
        return np.zeros((2, 3)), np.zeros(2)


X = np.arange(12.0).reshape(4, 3)


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        (X, None, False),
        ({"a": X}, None, False),
        ([X, X], None, False),
        ([[1.0, 2.0], [3.0, 4.0]], np.zeros(2), False),
        (generator(), None, True),
        (Loader(), None, True),
        ([(X, X)], None, True),
        (None, None, False),
    ],
)
def test_batches_are_told_from_arrays(x, y, expected):
    assert are_batches(x, y) is expected


def test_gather_takes_arrays_lists_and_dicts():
    assert gather(X, ("a",), "x")[0] is X
    assert gather([X], ("a",), "x")[0] is X
    assert gather([[1.0, 2.0]], ("a",), "x")[0].tolist() == [[1.0, 2.0]]
    first, second = gather({"b": X + 1, "a": X}, ("a", "b"), "x")
    assert (first == X).all()
    assert (second == X + 1).all()


def test_gather_names_what_is_missing():
    with pytest.raises(DataError) as caught:
        gather(X, ("left", "right"), "x")
    assert str(caught.value) == (
        "x: got one array; expected 2 arrays: left, right.\n"
        "  Give a list with one array for each, in this order, or a dict by name."
    )
    with pytest.raises(DataError) as caught:
        gather({"left": X, "up": X}, ("left", "right"), "x")
    assert str(caught.value) == (
        "x: the dict names left, up; expected exactly left, right.\n  Use these names as its keys."
    )


def test_split_takes_the_last_examples():
    batch = Batch((X,), (np.arange(4),), ())
    train, held = split_last(batch, 0.25)
    assert count(train) == 3
    assert held.targets[0].tolist() == [3]
    assert rows(batch, 1, 3).inputs[0].tolist() == X[1:3].tolist()


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, 0.01 - 1, 1.5])
def test_split_refuses_what_leaves_nothing(fraction):
    with pytest.raises(ArgumentError) as caught:
        split_last(Batch((X,)), fraction)
    assert str(caught.value) == (
        f"validation_split: {fraction} of 4 examples leaves nothing on one side; expected a "
        f"fraction between 0 and "
        "1 that leaves examples on both sides.\n  Use for instance validation_split=0.1, or give "
        "validation_data."
    )


def test_unpack():
    assert unpack((1, 2)) == (1, 2, None)
    assert unpack([1, 2, 3]) == (1, 2, 3)
    with pytest.raises(DataError) as caught:
        unpack(X, "x")
    assert str(caught.value) == (
        "x: a batch is of type ndarray; expected a tuple (x, y) or (x, y, sample_weight).\n"
        "  Let the iterable bring tuples."
    )

"""Data that cannot be used are refused before anything is compiled, each with its text."""

import numpy as np
import pytest

from striate.errors import DataError
from striate.training._wanted import Wanted

PICTURES = {"input1": (4, 5, 3)}
GREY = {"input1": (4, 5, 1)}
CLASSES = {"dense1": (10,)}


@pytest.fixture
def x():
    return np.random.default_rng(5).normal(size=(6, 4, 5, 3)).astype(np.float32)


def refusal(wanted, *arguments, **named):
    with pytest.raises(DataError) as caught:
        wanted.prepare(*arguments, **named)
    return str(caught.value)


def index(shape=None, **options):
    return Wanted(PICTURES if shape is None else shape, CLASSES, ("index",), **options)


def test_good_data_come_out_in_their_one_form(x):
    batch = index().prepare(x.astype(np.float64), np.arange(6).reshape(6, 1), np.ones(6))
    assert batch.inputs[0].dtype == np.float32
    assert (batch.targets[0].dtype, batch.targets[0].shape) == (np.int32, (6,))
    assert (batch.weights[0].dtype, batch.weights[0].shape) == (np.float32, (6,))


def test_a_last_axis_of_one_is_added_or_dropped():
    grey = np.zeros((2, 4, 5), np.float32)
    assert Wanted(GREY, CLASSES).prepare(grey).inputs[0].shape == (2, 4, 5, 1)
    flat = Wanted({"input1": (4, 5)}, CLASSES)
    assert flat.prepare(grey[..., None]).inputs[0].shape == (2, 4, 5)


@pytest.mark.parametrize(
    ("shape", "cure"),
    [
        ((6, 3, 4, 5), "Channels first? np.moveaxis(x, 1, -1) puts them last."),
        ((6, 4, 5, 1), "The data have 1 channels and the network wants 3: convert one of them."),
        ((4, 5, 3), "A batch axis is missing: give x[None] for one example."),
        ((6, 8, 8, 3), "Reshape the data, or build the network for this shape."),
    ],
)
def test_wrong_shapes(shape, cure):
    text = refusal(index(), np.zeros(shape, np.float32), np.zeros(shape[0]))
    assert text == f"x: got an array of shape {shape}; expected (N, 4, 5, 3).\n  {cure}"


def test_raw_bytes_want_something_that_scales_them():
    raw = np.zeros((6, 4, 5, 3), np.uint8)
    assert refusal(index(), raw, np.zeros(6)) == (
        "x: these are raw uint8 pictures (0 to 255) and nothing in the model scales them; expected a "
        "model.preprocessing or a first Rescaling or Normalization layer, or floats.\n"
        "  Put st.layers.Rescaling(1 / 255) first, or give x.astype('float32') / 255."
    )
    assert index(scaled=True).prepare(raw, np.zeros(6)).inputs[0].dtype == np.uint8


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_not_finite(x, bad):
    x[4, 1, 2, 0] = bad
    assert refusal(index(), x, np.zeros(6)) == (
        "x: example 4 holds a number that is not finite (NaN or infinity); expected finite numbers.\n"
        "  Find out where it comes from, and drop or mend such examples."
    )


def test_huge_numbers_are_finite(x):
    x[:] = 3e38
    assert index().prepare(x, np.zeros(6)).inputs[0].max() > 1e38


def test_what_is_no_number():
    ragged = np.array([np.zeros(2), np.zeros(3)], dtype=object)
    assert refusal(index(), ragged, np.zeros(2)) == (
        "x: the array holds object; expected numbers.\n"
        "  Give arrays of numbers; examples of different shapes must be brought to one shape first."
    )


@pytest.mark.parametrize(
    ("labels", "row", "shown", "cure"),
    [
        ([0, 1, 10, 3, 4, 5], 2, "10", "Mend the labels, or give the last layer one unit for each class."),
        ([0, -1, 2, 3, 4, 5], 1, "-1", "Mend the labels, or give the last layer one unit for each class."),
        ([1, 2, 3, 4, 5, 10], 5, "10", "These labels count from 1: subtract 1."),
        ([0, 1, 2, 2.5, 4, 5], 3, "2.5", "Mend the labels, or give the last layer one unit for each class."),
        (
            [0, np.nan, 2, 3, 4, 5],
            1,
            "nan",
            "Mend the labels, or give the last layer one unit for each class.",
        ),
    ],
)
def test_labels_outside_the_classes_are_named_with_their_row(x, labels, row, shown, cure):
    assert refusal(index(), x, np.array(labels)) == (
        f"y: row {row} holds the label {shown}; expected whole numbers from 0 to 9 for an output of "
        f"10 classes.\n"
        f"  {cure}"
    )


def test_the_other_wrong_rows_are_counted(x):
    assert "row 0 holds the label 11 (2 other rows are wrong too)" in refusal(
        index(), x, np.array([11, 0, 12, 0, 0, -1])
    )
    assert "row 0 holds the label 11 (1 other row is wrong too)" in refusal(
        index(), x, np.array([11, 0, 12, 0, 0, 0])
    )


def test_one_hot_rows_for_a_loss_of_class_numbers(x):
    assert refusal(index(), x, np.eye(10)[:6]) == (
        "y: got an array of shape (6, 10) of float64; expected one class number for each example, (N,).\n"
        "  Rows of probabilities (one-hot) want the loss categorical_crossentropy."
    )


def test_class_numbers_for_a_loss_of_one_hot_rows(x):
    wanted = Wanted(PICTURES, CLASSES, ("one_hot",))
    assert refusal(wanted, x, np.arange(6)) == (
        "y: got an array of shape (6,); expected a row of 10 probabilities for each example, (N, 10).\n"
        "  Class numbers want the loss sparse_categorical_crossentropy, or st.utils.to_categorical(y, 10)."
    )
    rows = np.eye(10)[:6]
    rows[3, 4] = 2
    assert refusal(wanted, x, rows) == (
        "y: row 3 holds the number 2.0; expected probabilities between 0 and 1.\n"
        "  Make one-hot rows with st.utils.to_categorical."
    )


def test_yes_or_no_labels(x):
    wanted = Wanted(PICTURES, {"dense1": (1,)}, ("probability",))
    assert wanted.prepare(x, np.arange(6) % 2).targets[0].shape == (6, 1)
    assert refusal(wanted, x, np.array([1, 0, -1, 1, 0, 1])) == (
        "y: row 2 holds the label -1; expected numbers between 0 and 1.\n"
        "  Labels of -1 and 1 become (y + 1) / 2."
    )


def test_values_have_the_shape_of_the_output(x):
    wanted = Wanted(PICTURES, {"dense1": (1,)}, ("value",))
    assert wanted.prepare(x, np.arange(6.0)).targets[0].shape == (6, 1)
    assert refusal(wanted, x, np.zeros((6, 2))) == (
        "y: got an array of shape (6, 2) of float64; expected the shape of the output, (N, 1).\n"
        "  Reshape the targets, or build the network for this shape."
    )
    bad = np.arange(6.0)
    bad[5] = np.nan
    assert refusal(wanted, x, bad).startswith(
        "y: example 5 holds a number that is not finite (NaN or infinity);"
    )


def test_lengths_and_several_problems_at_once(x):
    assert refusal(index(), x, np.zeros(5), np.zeros(7)) == (
        "2 problems:\n"
        "1. y: it has 5 examples and x has 6; expected one for each example of x.\n  Pair them up again.\n"
        "2. sample_weight: it has 7 examples and x has 6; expected one for each example of x.\n"
        "  Pair them up again."
    )


def test_no_examples_and_no_targets(x):
    assert refusal(index(), x[:0], np.zeros(0)) == (
        "x: there are no examples; expected at least one example.\n  Check how the data are read."
    )
    assert refusal(index(), x) == (
        "y: nothing was given; expected the targets of the examples.\n  Give y beside x."
    )


def test_several_inputs_and_outputs_are_named(x):
    wanted = Wanted(
        {"left": (4, 5, 3), "right": (2,)}, {"a": (10,), "b": (1,)}, ("index", "value"), class_weight=None
    )
    text = refusal(wanted, [x, np.zeros((6, 3))], {"a": np.full(6, 10), "b": np.zeros(6)})
    assert text.startswith("2 problems:\n1. x['right']: got an array of shape (6, 3); expected (N, 2).")
    assert "2. y['a']: row 0 holds the label 10 (5 other rows are wrong too);" in text


def test_class_weights_multiply_sample_weights(x):
    wanted = index(class_weight={0: 2.0, 3: 0.5})
    labels = np.array([0, 1, 3, 3, 9, 0])
    assert wanted.prepare(x, labels).weights[0].tolist() == [2, 1, 0.5, 0.5, 1, 2]
    weights = np.array([1, 1, 1, 2, 3, 10])
    assert wanted.prepare(x, labels, weights).weights[0].tolist() == [2, 1, 0.5, 1, 3, 20]
    assert wanted.without_class_weights().prepare(x, labels).weights == ()
    rows = Wanted(PICTURES, CLASSES, ("one_hot",), class_weight={3: 0.5})
    assert rows.prepare(x, np.eye(10)[labels]).weights[0].tolist() == [1, 1, 0.5, 0.5, 1, 1]


def test_weights_that_are_not_finite_or_not_one_number_each(x):
    assert refusal(index(), x, np.zeros(6), np.array([1, 1, np.nan, 1, 1, 1])) == (
        "sample_weight: example 2 holds a number that is not finite (NaN or infinity); expected "
        "finite numbers.\n"
        "  Find out where it comes from, and drop or mend such examples."
    )
    assert refusal(index(), x, np.zeros(6), np.ones((6, 2))) == (
        "sample_weight: got an array of shape (6, 2); expected one number for each example, (N,).\n"
        "  Give a weight for each example."
    )

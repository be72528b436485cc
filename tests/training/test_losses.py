"""Loss objects against Keras, their names, and what they say about targets that cannot be right."""

from __future__ import annotations

import inspect

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

from striate.errors import ArgumentError
from striate.layers._rules import rules_of
from striate.training import losses
from striate.training._registry import to_config

N, C = 7, 4

CASES = {
    "categorical": ("CategoricalCrossentropy", {}, "one_hot", "probability"),
    "categorical-logits": ("CategoricalCrossentropy", {"from_logits": True}, "one_hot", "logit"),
    "categorical-smooth": ("CategoricalCrossentropy", {"label_smoothing": 0.2}, "one_hot", "probability"),
    "sparse": ("SparseCategoricalCrossentropy", {}, "index", "probability"),
    "sparse-logits": ("SparseCategoricalCrossentropy", {"from_logits": True}, "index", "logit"),
    "binary": ("BinaryCrossentropy", {}, "binary", "sigmoid"),
    "binary-logits": ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, "binary", "logit"),
    "mse": ("MeanSquaredError", {}, "value", "logit"),
    "mae": ("MeanAbsoluteError", {}, "value", "logit"),
    "huber": ("Huber", {"delta": 0.7}, "value", "logit"),
    "poisson": ("Poisson", {}, "count", "sigmoid"),
}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(11)
    logits = rng.standard_normal((N, C)).astype(np.float32)
    labels = rng.integers(0, C, N)
    return {
        "logit": logits,
        "probability": np.exp(logits) / np.exp(logits).sum(-1, keepdims=True),
        "sigmoid": 1 / (1 + np.exp(-logits)),
        "index": labels,
        "one_hot": np.eye(C, dtype=np.float32)[labels],
        "binary": rng.integers(0, 2, (N, C)).astype(np.float32),
        "value": rng.standard_normal((N, C)).astype(np.float32),
        "count": rng.integers(0, 5, (N, C)).astype(np.float32),
        "weights": rng.uniform(0, 2, N).astype(np.float32),
    }


@pytest.mark.parametrize("case", CASES)
def test_values_equal_those_of_keras(case, data):
    name, options, target, prediction = CASES[case]
    y, p, weights = data[target], data[prediction], data["weights"]
    mine = getattr(losses, name)(**options)
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        theirs = getattr(keras.losses, name)(**options)
        each = getattr(keras.losses, name)(**options, reduction=None)(y, p)
        plain, weighted = theirs(y, p), theirs(y, p, weights)
    np.testing.assert_allclose(mine.per_example(y, p), each, rtol=2e-6)
    np.testing.assert_allclose(mine(y, p), plain, rtol=2e-6)
    np.testing.assert_allclose(mine(y, p, weights), weighted, rtol=2e-6)
    assert abs(float(plain) - float(weighted)) > 1e-3


def test_a_loss_is_differentiable_and_compiles(data):
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    gradient = jax.jit(jax.grad(lambda p: loss(data["index"], p)))(jnp.asarray(data["logit"]))
    np.testing.assert_allclose(gradient, (data["probability"] - data["one_hot"]) / N, atol=1e-6)


OURS_ALONE = {"SparseCategoricalCrossentropy": {"label_smoothing": 0.0}}


@pytest.mark.parametrize("name", losses._REGISTRY.classes)
def test_arguments_and_defaults_are_those_of_keras_but_for_our_own(name):
    mine = dict(inspect.signature(getattr(losses, name)).parameters)
    assert {key: mine.pop(key).default for key in OURS_ALONE.get(name, ())} == OURS_ALONE.get(name, {})
    theirs = inspect.signature(getattr(keras.losses, name)).parameters
    assert {key: each.default for key, each in mine.items()} == {key: theirs[key].default for key in mine}


@pytest.mark.parametrize(
    ("alias", "cls"),
    [
        ("mse", losses.MeanSquaredError),
        ("MSE", losses.MeanSquaredError),
        ("mean_squared_error", losses.MeanSquaredError),
        ("MeanSquaredError", losses.MeanSquaredError),
        ("mae", losses.MeanAbsoluteError),
        ("mean_absolute_error", losses.MeanAbsoluteError),
        ("huber", losses.Huber),
        ("poisson", losses.Poisson),
        ("categorical_crossentropy", losses.CategoricalCrossentropy),
        ("sparse_categorical_crossentropy", losses.SparseCategoricalCrossentropy),
        ("binary_crossentropy", losses.BinaryCrossentropy),
    ],
)
def test_every_name_of_keras_is_found(alias, cls):
    assert losses.get(alias) == cls()


def test_get_takes_objects_classes_configs_and_functions(data):
    smooth = losses.CategoricalCrossentropy(label_smoothing=0.1)
    assert losses.get(smooth) is smooth
    assert losses.get(losses.Huber) == losses.Huber()
    assert losses.get(to_config(smooth)) == smooth
    assert losses.get(losses.mean_squared_error) == losses.MeanSquaredError()
    own = losses.get(lambda y, p: (p - y) ** 4)
    expected = ((data["value"] - data["logit"]) ** 4).mean(axis=1)
    np.testing.assert_allclose(own.per_example(data["value"], data["logit"]), expected, rtol=1e-5)
    assert own.check_targets(np.array([np.nan]), (3,)) == []


def test_an_unknown_name_lists_the_names():
    with pytest.raises(ArgumentError) as caught:
        losses.get("crossentropi")
    assert str(caught.value) == (
        "loss: 'crossentropi' is not known; expected one of CategoricalCrossentropy, "
        "SparseCategoricalCrossentropy, BinaryCrossentropy, MeanSquaredError, MeanAbsoluteError, Huber, "
        "Poisson.\n  Did you mean 'binarycrossentropy'?"
    )


@pytest.mark.parametrize("name", [*losses._REGISTRY.classes, "FunctionLoss"])
def test_every_rule_refuses_what_it_says_is_wrong(name):
    cls = getattr(losses, name)
    for field, rule in rules_of(cls).items():
        for value in rule.wrong:
            with pytest.raises(ArgumentError, match=f"{name}.{field}: got"):
                cls(**{field: value})


def said(loss, y, shape):
    return [str(problem) for problem in losses.get(loss).check_targets(np.asarray(y), shape)]


def test_label_ten_of_ten_classes_names_its_row():
    y = np.arange(50) % 10
    y[17] = 10
    assert said("sparse_categorical_crossentropy", y, (10,)) == [
        "y: row 17 holds the label 10; expected whole numbers from 0 to 9 for an output of 10 classes.\n"
        "  Mend the labels, or give the last layer one unit for each class."
    ]


def test_label_minus_one_names_its_row_and_counts_the_others():
    assert said("sparse_categorical_crossentropy", [0, 1, -1, 2, -1, 12], (10,)) == [
        "y: row 2 holds the label -1 (2 other rows are wrong too); "
        "expected whole numbers from 0 to 9 for an output of 10 classes.\n"
        "  Mend the labels, or give the last layer one unit for each class."
    ]


def test_labels_that_count_from_one():
    assert said("sparse_categorical_crossentropy", [1, 2, 3], (3,)) == [
        "y: row 2 holds the label 3; expected whole numbers from 0 to 2 for an output of 3 classes.\n"
        "  These labels count from 1: subtract 1."
    ]


def test_one_hot_rows_for_the_sparse_loss_and_the_other_way_round():
    assert said("sparse_categorical_crossentropy", np.eye(3, dtype=np.float32), (3,)) == [
        "y: got an array of shape (3, 3) of float32; expected one class number for each example, (N,).\n"
        "  Rows of probabilities (one-hot) want the loss categorical_crossentropy."
    ]
    assert said("categorical_crossentropy", np.array([0, 1, 2]), (3,)) == [
        "y: got an array of shape (3,); expected a row of 3 probabilities for each example, (N, 3).\n"
        "  Class numbers want the loss sparse_categorical_crossentropy, or st.utils.to_categorical(y, 3)."
    ]


def test_numbers_that_are_not_finite_or_no_probabilities():
    assert said("mse", [[1.0], [np.nan]], (1,))[0].startswith("y: ")
    assert said("binary_crossentropy", [1, -1, 1], (1,)) == [
        "y: row 1 holds the label -1; expected numbers between 0 and 1.\n"
        "  Labels of -1 and 1 become (y + 1) / 2."
    ]


@pytest.mark.parametrize(
    ("loss", "y", "shape"),
    [
        ("sparse_categorical_crossentropy", [0, 9], (10,)),
        ("sparse_categorical_crossentropy", [[0], [9]], (10,)),
        ("sparse_categorical_crossentropy", np.array([0.0, 9.0]), (10,)),
        ("categorical_crossentropy", np.eye(3), (3,)),
        ("binary_crossentropy", [0, 1], (1,)),
        ("mse", [1.5, -2.0], (1,)),
    ],
)
def test_good_targets_have_no_problem(loss, y, shape):
    assert said(loss, y, shape) == []


def test_an_activation_and_from_logits_that_do_not_fit():
    logits = losses.CategoricalCrossentropy(from_logits=True)
    assert [str(problem) for problem in logits.check_activation("softmax")] == [
        "loss: CategoricalCrossentropy(from_logits=True) behind softmax would squash the numbers twice; "
        "expected logits, straight from a linear layer.\n"
        "  Write CategoricalCrossentropy(), or take the activation away."
    ]
    (problem,) = losses.BinaryCrossentropy().check_activation("linear")
    assert problem.severity == "warning"
    assert str(problem) == (
        "loss: BinaryCrossentropy() behind a linear layer takes any number for a probability; "
        "expected probabilities.\n"
        "  Write BinaryCrossentropy(from_logits=True), or end with activation='sigmoid'."
    )
    assert logits.check_activation("linear") == []
    assert losses.BinaryCrossentropy().check_activation("sigmoid") == []
    assert losses.MeanSquaredError().check_activation("linear") == []

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from adjoints import assert_same_gradients, with_gradients

from striate import ops
from striate.errors import ArgumentError, ShapeError

RNG = np.random.default_rng(1)
LOGITS = jnp.asarray(RNG.normal(size=(6, 4)) * 3, jnp.float32)
SHARES = ops.softmax(LOGITS)
CLASSES = jnp.asarray(RNG.integers(0, 4, 6))
ONE_HOT = jnp.eye(4)[CLASSES]
YES = jnp.asarray(RNG.integers(0, 2, (6, 4)), jnp.float32)
VALUES = jnp.asarray(RNG.normal(size=(6, 4)) * 2, jnp.float32)


def huber_term(y, p):
    return (p - y) ** 2 / 2 if abs(p - y) <= 1 else abs(p - y) - 0.5


def by_hand(term):
    """The mean over an example's values of one formula."""

    def loss(y, p):
        rows = zip(np.asarray(y, np.float64), np.asarray(p, np.float64), strict=True)
        return [sum(term(a, b) for a, b in zip(row, other, strict=True)) / len(row) for row, other in rows]

    return loss


FORMULAS = {
    "mean_squared_error": (by_hand(lambda y, p: (p - y) ** 2), VALUES, VALUES[::-1]),
    "mean_absolute_error": (by_hand(lambda y, p: abs(p - y)), VALUES, VALUES[::-1]),
    "huber": (
        by_hand(huber_term),
        VALUES,
        VALUES[::-1],
    ),
    "poisson": (by_hand(lambda y, p: p - y * math.log(p + 1e-7)), YES, SHARES),
    "binary_crossentropy": (by_hand(lambda y, p: -y * math.log(p) - (1 - y) * math.log(1 - p)), YES, SHARES),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_values_equal_the_formula(name):
    formula, y, p = FORMULAS[name]
    np.testing.assert_allclose(getattr(ops, name)(y, p), formula(y, p), rtol=1e-5, atol=1e-6)


def test_cross_entropy_is_the_surprise_of_the_true_class():
    true = [-math.log(row[number]) for row, number in zip(SHARES.tolist(), CLASSES.tolist(), strict=True)]
    for from_logits, p in ((False, SHARES), (True, LOGITS)):
        np.testing.assert_allclose(ops.categorical_crossentropy(ONE_HOT, p, from_logits), true, rtol=1e-5)
        np.testing.assert_allclose(
            ops.sparse_categorical_crossentropy(CLASSES, p, from_logits), true, rtol=1e-5
        )


KERAS_CASES = [
    ("categorical_crossentropy", ONE_HOT, SHARES, {}),
    ("categorical_crossentropy", ONE_HOT, SHARES * 3, {}),
    ("categorical_crossentropy", ONE_HOT, LOGITS, {"from_logits": True}),
    ("categorical_crossentropy", ONE_HOT, SHARES, {"label_smoothing": 0.1}),
    ("categorical_crossentropy", ONE_HOT, LOGITS, {"from_logits": True, "label_smoothing": 0.2}),
    ("sparse_categorical_crossentropy", CLASSES, SHARES, {}),
    ("sparse_categorical_crossentropy", CLASSES[:, None], LOGITS, {"from_logits": True}),
    ("binary_crossentropy", YES, SHARES, {}),
    ("binary_crossentropy", YES, LOGITS, {"from_logits": True}),
    ("binary_crossentropy", YES, SHARES, {"label_smoothing": 0.1}),
    ("mean_squared_error", VALUES, LOGITS, {}),
    ("mean_absolute_error", VALUES, LOGITS, {}),
    ("huber", VALUES, LOGITS, {"delta": 0.7}),
    ("poisson", YES, SHARES, {}),
]


@pytest.mark.parametrize(
    ("name", "y", "p", "options"), KERAS_CASES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_values_and_gradients_equal_keras(name, y, p, options):
    import keras

    theirs = getattr(keras.losses, name)
    assert_same_gradients(lambda p: getattr(ops, name)(y, p, **options), lambda p: theirs(y, p, **options), p)


def test_probabilities_of_zero_and_one_stay_finite_as_in_keras():
    import keras

    p, y = jnp.array([[0.0, 1.0], [1.0, 0.0]]), jnp.array([[1.0, 0.0], [1.0, 0.0]])
    for name in ("categorical_crossentropy", "binary_crossentropy"):
        given = with_gradients(lambda p, name=name: getattr(ops, name)(y, p), p)
        assert np.isfinite(given[0]).all()
        assert np.isfinite(given[1]).all()
        assert_same_gradients(
            lambda p, name=name: getattr(ops, name)(y, p),
            lambda p, name=name: getattr(keras.losses, name)(y, p),
            p,
        )


def test_large_logits_stay_exact():
    logits = jnp.array([[1000.0, 0.0]])
    assert ops.categorical_crossentropy(jnp.array([[0.0, 1.0]]), logits, True).tolist() == [1000]
    assert ops.binary_crossentropy(jnp.array([[0.0, 0.0]]), logits, True)[0] == pytest.approx(
        (1000 + math.log(2)) / 2
    )


@pytest.mark.parametrize("label", [-1, 4, 100])
def test_a_class_that_does_not_exist_makes_loss_and_gradient_nan(label):
    for from_logits, p in ((False, SHARES), (True, LOGITS)):
        labels = CLASSES.at[2].set(label)
        loss, gradient = with_gradients(
            lambda p, labels=labels, from_logits=from_logits: ops.sparse_categorical_crossentropy(
                labels, p, from_logits
            ),
            p,
        )
        assert np.flatnonzero(np.isnan(loss)).tolist() == [2]
        assert np.flatnonzero(np.isnan(gradient).any(1)).tolist() == [2]


def test_pictures_of_classes_are_averaged_over_their_places():
    logits = jnp.asarray(RNG.normal(size=(2, 3, 3, 4)), jnp.float32)
    labels = jnp.asarray(RNG.integers(0, 4, (2, 3, 3)))
    loss = ops.sparse_categorical_crossentropy(labels, logits, True)
    places = ops.sparse_categorical_crossentropy(labels.ravel(), logits.reshape(-1, 4), True)
    assert loss.shape == (2,)
    np.testing.assert_allclose(loss, places.reshape(2, 9).mean(1), rtol=1e-5)
    np.testing.assert_allclose(
        ops.categorical_crossentropy(jnp.eye(4)[labels], logits, True), loss, rtol=1e-5
    )


def test_one_value_an_example_may_have_its_axis_on_either_side_or_not():
    y, p = jnp.array([1.0, 2.0, 4.0]), jnp.array([1.0, 1.0, 1.0])
    for one, other in ((y, p), (y, p[:, None]), (y[:, None], p), (y[:, None], p[:, None])):
        assert ops.mean_squared_error(one, other).tolist() == [0, 1, 9]


def test_whole_number_labels_are_welcome():
    assert ops.binary_crossentropy(jnp.array([1, 0]), jnp.array([0.5, 0.5])).dtype == jnp.float32
    assert ops.sparse_categorical_crossentropy(np.array([1], np.uint8), jnp.array([[0.5, 0.5]])).shape == (1,)


def test_losses_of_short_types_are_computed_in_single_precision():
    p = jnp.array([[1.0, 0.0]], jnp.bfloat16)
    y = jnp.array([[0.0, 1.0]], jnp.bfloat16)
    loss, gradient = with_gradients(lambda p: ops.binary_crossentropy(y, p), p)
    assert (loss.dtype, gradient.dtype) == (jnp.float32, jnp.bfloat16)
    assert np.isfinite(loss).all()


def message(error, name, *arguments, **options):
    with pytest.raises(error) as caught:
        getattr(ops, name)(*arguments, **options)
    return str(caught.value)


def test_shapes_that_would_broadcast_are_refused():
    assert message(ShapeError, "mean_squared_error", jnp.ones((6, 1)), VALUES) == (
        "mean_squared_error: y has shape (6, 1) for predictions (6, 4); expected the same shape for both.\n"
        "  Compare the network's last layer with the labels' form."
    )


def test_class_numbers_and_one_hot_rows_are_told_apart():
    assert message(ShapeError, "sparse_categorical_crossentropy", ONE_HOT, SHARES) == (
        "sparse_categorical_crossentropy: y has shape (6, 4) for predictions (6, 4); "
        "expected one class number for each row, (6,).\n"
        "  Use categorical_crossentropy for one-hot rows."
    )
    assert message(ShapeError, "categorical_crossentropy", CLASSES, SHARES) == (
        "categorical_crossentropy: y has shape (6,) for predictions (6, 4); "
        "expected the same shape for both.\n"
        "  Use sparse_categorical_crossentropy for class numbers."
    )


@pytest.mark.parametrize("name", ["categorical_crossentropy", "binary_crossentropy"])
def test_smoothing_lies_between_zero_and_one(name):
    assert message(ArgumentError, name, YES, SHARES, label_smoothing=1.5) == (
        f"{name}: label_smoothing is 1.5; expected a number from 0 to 1.\n"
        "  Pass for instance label_smoothing=0.1."
    )


def test_a_threshold_of_zero_is_refused():
    assert message(ArgumentError, "huber", VALUES, VALUES, delta=0) == (
        "huber: delta is 0; expected a number > 0.\n"
        "  It is where the squared part ends, for instance delta=1.0."
    )


def test_losses_run_compiled():
    loss = jax.jit(ops.sparse_categorical_crossentropy)(CLASSES, SHARES)
    np.testing.assert_allclose(loss, ops.sparse_categorical_crossentropy(CLASSES, SHARES), rtol=1e-6)

"""Rescaling and Normalization: raw pictures, statistics found in data, and what is refused."""

import jax.numpy as jnp
import numpy as np
import pytest

from striate.errors import ArgumentError, DataError
from striate.layers import Normalization, Rescaling

RAW = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 3)).astype(np.uint8)


def test_raw_pictures_come_out_as_floats():
    y = Rescaling(1 / 255).forward({}, jnp.asarray(RAW)).output
    assert y.dtype == jnp.float32
    np.testing.assert_allclose(y, RAW / 255, rtol=1e-6)
    y = Normalization(mean=100, variance=25).forward({}, jnp.asarray(RAW)).output
    assert y.dtype == jnp.float32
    np.testing.assert_allclose(y, (RAW - 100.0) / 5, rtol=1e-6)


def test_rescaling_by_channel():
    y = Rescaling([1, 2, 4], offset=[0, 1, 2]).forward({}, jnp.asarray(RAW)).output
    np.testing.assert_allclose(y, RAW * [1.0, 2.0, 4.0] + [0.0, 1.0, 2.0], rtol=1e-6)


def test_adapt_returns_a_new_layer():
    layer = Normalization(name="scale")
    adapted = layer.adapt(RAW)
    assert layer.mean is None
    assert (adapted.name, adapted.axis) == ("scale", (-1,))
    np.testing.assert_allclose(adapted.mean, RAW.mean((0, 1, 2), dtype=np.float64), rtol=1e-12)
    np.testing.assert_allclose(adapted.variance, RAW.var((0, 1, 2), dtype=np.float64), rtol=1e-12)
    y = np.asarray(adapted.forward({}, jnp.asarray(RAW)).output)
    np.testing.assert_allclose(y.mean((0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(y.std((0, 1, 2)), 1, rtol=1e-5)


@pytest.mark.parametrize("axis", [-1, None, (1, 3), (-1, 1)])
def test_batches_give_the_statistics_of_the_whole(axis):
    data = np.random.default_rng(1).normal(1e4, 1, (1300, 2, 3, 4)).astype(np.float32)
    whole = Normalization(axis=axis).adapt(data)
    parts = Normalization(axis=axis).adapt(iter([data[:7], data[7:500], data[500:]]))
    labelled = Normalization(axis=axis).adapt([(data[:900], None), (data[900:], None)])
    kept = {a % 4 for a in ([] if axis is None else np.atleast_1d(axis))}
    rest = tuple(a for a in range(4) if a not in kept)
    for layer in (whole, parts, labelled):
        np.testing.assert_allclose(layer.mean, data.mean(rest, dtype=np.float64), rtol=1e-10)
        np.testing.assert_allclose(layer.variance, data.var(rest, dtype=np.float64), rtol=1e-6)


def test_inverting_undoes_a_normalization():
    x = jnp.asarray(np.random.default_rng(2).normal(size=(2, 3, 4)).astype(np.float32))
    there = Normalization(axis=(1, 2), mean=np.ones((3, 4)), variance=np.full((3, 4), 4.0))
    back = Normalization(axis=(1, 2), mean=np.ones((3, 4)), variance=np.full((3, 4), 4.0), invert=True)
    np.testing.assert_allclose(back.forward({}, there.forward({}, x).output).output, x, atol=1e-6)


def test_a_constant_channel_does_not_divide_by_zero():
    y = Normalization().adapt(np.ones((5, 2))).forward({}, jnp.ones((1, 2))).output
    np.testing.assert_array_equal(y, np.zeros((1, 2)))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ([], "there are no data to adapt to; expected at least one example."),
        (np.zeros((0, 3)), "the data (0, 3) are empty; expected at least one example."),
        (np.array([[1.0, np.nan]]), "the data hold NaN or infinity; expected finite numbers."),
        (np.array([["a"]]), "the data have type <U1; expected numbers."),
        (np.array(3.0), "the data () lack an axis of (-1,); expected all axes that are kept."),
        (
            [np.ones((2, 3)), np.ones((2, 4))],
            "batches have statistics of shapes (3,) and (4,); expected batches",
        ),
    ],
    ids=str,
)
def test_data_that_say_nothing_are_refused(data, text):
    with pytest.raises(DataError) as caught:
        Normalization().adapt(data)
    assert str(caught.value).startswith("normalize: " + text)
    assert str(caught.value).endswith("\n  Give an array (N, ...) of training examples, or batches of them.")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            {"mean": 1},
            "Normalization.mean: got mean=1.0 and variance=None; expected both or none of them.\n"
            "  Give both, or call adapt(data).",
        ),
        (
            {"mean": [1, 2], "variance": 1},
            "Normalization.mean: mean has shape (2,) and variance (); expected one shape for both.\n"
            "  Give as many of each.",
        ),
        (
            {"mean": [1, 2], "variance": [1, -2]},
            "Normalization.variance: variance holds -2; expected no negative numbers.\n"
            "  Give squares of standard deviations.",
        ),
    ],
    ids=["mean alone", "shapes", "negative"],
)
def test_statistics_that_do_not_go_together_are_refused(arguments, text):
    with pytest.raises(ArgumentError) as caught:
        Normalization(**arguments)
    assert str(caught.value) == text

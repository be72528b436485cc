"""Distances to points: the equation, LeNet-5's pictures of digits, and the mistakes."""

import jax
import numpy as np
import pytest

from striate.errors import ArgumentError, ShapeError
from striate.layers import Dense, RadialBasis
from striate.layers.radial_basis import digit_codes
from striate.network import sequential


def test_it_is_the_equation():
    rng = np.random.default_rng(0)
    x, centers = rng.normal(size=(3, 7)).astype(np.float32), rng.normal(size=(7, 4)).astype(np.float32)
    wide = [
        [sum((float(a) - float(b)) ** 2 for a, b in zip(row, c, strict=True)) for c in centers.T] for row in x
    ]
    found = RadialBasis(4).forward({"centers": centers}, x).output
    np.testing.assert_allclose(found, wide, rtol=1e-5)


def test_codes_of_digits_are_ten_different_pictures():
    codes = digit_codes()
    assert codes.shape == (10, 84)
    assert set(np.unique(codes)) == {-1.0, 1.0}
    apart = (codes[:, None] != codes[None]).sum(-1)
    assert apart[~np.eye(10, dtype=bool)].min() >= 5  # pixels in which the two most alike differ


def test_a_picture_is_nearest_to_itself():
    layer = RadialBasis(10, codes="digits")
    centers = layer.weights((84,))["centers"].initializer(jax.random.key(0), (84, 10))
    np.testing.assert_array_equal(centers, digit_codes().T)
    distances = np.asarray(layer.forward({"centers": centers}, digit_codes()).output)
    assert (distances.argmin(1) == np.arange(10)).all()
    assert (np.diag(distances) == 0).all()


def test_random_codes_are_signs():
    weight = RadialBasis(50).weights((84,))["centers"]
    drawn = np.asarray(weight.initializer(jax.random.key(1), weight.shape))
    assert set(np.unique(drawn)) == {-1.0, 1.0}
    assert abs(drawn.mean()) < 0.1


def test_fixed_points_count_as_not_trainable():
    network = sequential([Dense(84), RadialBasis(10, codes="digits", trainable=False)], input_shape=(120,))
    assert (network.totals.trainable, network.totals.non_trainable) == (10_164, 840)
    assert network.rows()[-1].macs == 840


WRONG = {
    "axes": (
        (2, 42),
        {},
        "rbf: the input (2, 42) has 2 axes; expected one axis of features.\n"
        "  Put Flatten or a pooling over the whole picture before it.",
    ),
    "pixels": (
        (80,),
        {"codes": "digits"},
        "rbf: the input has 80 features; expected 84, the pixels of 7x12.\n"
        "  Put Dense(84) before it, or use codes='random'.",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_inputs_that_do_not_fit(name):
    shape, options, text = WRONG[name]
    with pytest.raises(ShapeError) as caught:
        RadialBasis(3, **options).output_shape(shape)
    assert str(caught.value) == text


def test_there_are_ten_digits():
    with pytest.raises(ArgumentError) as caught:
        RadialBasis(11, codes="digits")
    assert str(caught.value) == (
        "RadialBasis.codes: there are no 11 digits; expected at most 10 units.\n  Use codes='random'."
    )

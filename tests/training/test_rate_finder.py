"""The search for a learning rate finds one that learns, and leaves the model alone."""

import numpy as np
import pytest

from striate import layers
from striate.errors import ArgumentError
from striate.models import Input, Sequential
from striate.training.rate_finder import find_rate


def linear(scale):
    """y = 3 x, with inputs of a size that decides which rates are stable: those below 1 / scale²."""
    x = np.full((64, 1), scale, np.float32) * np.random.default_rng(0).choice([-1.0, 1.0], (64, 1))
    model = Sequential([Input((1,)), layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.compile("sgd", "mse")
    return model, x.astype(np.float32), 3 * x.astype(np.float32)


@pytest.mark.parametrize("scale", [0.3, 3.0])
def test_the_suggestion_follows_the_curvature_of_the_loss(scale):
    model, x, y = linear(scale)
    before = model.get_weights()
    found = find_rate(model, x, y, batch_size=64, low=1e-5, high=100.0)
    np.testing.assert_array_equal(model.get_weights(), before)
    assert model.compiled().done == 0
    unstable = 1 / scale**2
    assert 0.003 * unstable < found.suggestion < unstable
    assert len(found.rates) == len(found.losses)
    assert "suggested" in found.text()


def test_a_search_that_cannot_be(tmp_path):
    model, x, y = linear(1.0)
    with pytest.raises(ArgumentError) as refused:
        find_rate(model, x, y, steps=3)
    assert str(refused.value) == (
        "find_rate: got 3 steps from 1e-06 to 1; expected at least 10 steps, from low to high.\n"
        "  Leave them out."
    )


def test_a_twin_is_another_model_with_the_same_weights():
    model, x, y = linear(1.0)
    twin = model.twin()
    twin.fit(x, y, epochs=1, verbose=0)
    assert twin.get_weights()[0] != model.get_weights()[0]

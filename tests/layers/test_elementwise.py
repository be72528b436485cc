"""The stretched tangent and the bias on its own."""

import math

import numpy as np
import pytest

from striate.layers import Bias, ScaledTanh


def test_the_stretched_tangent_sends_one_to_one():
    x = np.array([-1, -0.5, 0, 1, 3], np.float32)
    found = ScaledTanh().forward({}, x).output
    np.testing.assert_allclose(found, [1.7159 * math.tanh(2 * value / 3) for value in x], rtol=1e-6)
    assert float(found[3]) == pytest.approx(1, abs=1e-4)


def test_amplitude_and_slope():
    x = np.linspace(-2, 2, 9, dtype=np.float32)
    np.testing.assert_allclose(ScaledTanh(2, 0.5).forward({}, x).output, 2 * np.tanh(0.5 * x), rtol=1e-5)


def test_every_place_has_its_own_bias():
    rng = np.random.default_rng(0)
    x, bias = rng.normal(size=(3, 2, 4)).astype(np.float32), rng.normal(size=(2, 4)).astype(np.float32)
    assert Bias().weights((2, 4))["bias"].shape == (2, 4)
    np.testing.assert_array_equal(Bias().forward({"bias": bias}, x).output, x + bias[None])

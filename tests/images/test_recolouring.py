"""Colours changed on the device, against the standard library's colour spaces."""

import colorsys
import math

import jax.numpy as jnp
import numpy as np
import pytest

from striate.images.recolouring import brighten, contrast, luminance, saturate, turn_hue


@pytest.fixture
def x():
    return jnp.asarray(np.random.default_rng().uniform(0, 255, (2, 3, 4, 3)), jnp.float32)


def test_turning_hue_is_a_rotation_in_yiq(x):
    angle = 0.7
    turned = np.asarray(turn_hue(x, jnp.full(2, angle, jnp.float32)))
    for pixel, got in zip(np.asarray(x).reshape(-1, 3) / 255, turned.reshape(-1, 3) / 255, strict=True):
        before, after = colorsys.rgb_to_yiq(*pixel), colorsys.rgb_to_yiq(*got)
        assert after[0] == pytest.approx(before[0], abs=5e-3)
        assert math.hypot(*after[1:]) == pytest.approx(math.hypot(*before[1:]), abs=5e-3)
        if math.hypot(*before[1:]) > 0.05:
            way = math.atan2(after[2], after[1]) - math.atan2(before[2], before[1])
            assert math.cos(way - angle) == pytest.approx(1, abs=5e-3)


def test_a_full_turn_and_neutral_amounts_change_nothing(x):
    one, zero = jnp.ones(2), jnp.zeros(2)
    for same in (
        turn_hue(x, one * 2 * np.float32(np.pi)),
        saturate(x, one),
        contrast(x, one),
        brighten(x, zero),
    ):
        np.testing.assert_allclose(same, x, atol=0.01)


def test_no_saturation_is_grey_and_no_contrast_is_flat(x):
    grey = np.asarray(saturate(x, jnp.zeros(2)))
    np.testing.assert_allclose(grey, np.broadcast_to(luminance(x), x.shape), atol=1e-3)
    flat = np.asarray(contrast(x, jnp.zeros(2)))
    weights = np.array([0.299, 0.587, 0.114])
    means = (np.asarray(x, np.float64) @ weights).mean(axis=(1, 2))
    np.testing.assert_allclose(flat, np.broadcast_to(means[:, None, None, None], x.shape), rtol=1e-4)


def test_grey_pictures_have_no_colour_to_change():
    grey = jnp.ones((2, 3, 3, 1))
    assert saturate(grey, jnp.zeros(2)) is grey
    assert turn_hue(grey, jnp.ones(2)) is grey

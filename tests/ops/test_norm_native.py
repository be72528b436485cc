"""Batch normalization by its batch against float64, with and without relu, its gradients of both orders."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from striate import ops
from striate.layers import BatchNormalization, Conv2D, Flatten, ReLU
from striate.models import Input, Sequential
from striate.ops import _native
from striate.ops._norm_native import _plain

EPSILON = 1e-3


def draw(random):
    """x, gamma, beta, dy, dmean and dvariance of a random shape; channels far from 0 and of any number.

    A channel of few pixels may hardly vary, and then rounding is divided by next to nothing: there are 16.
    """
    pixels = random.integers(1, 20, int(random.integers(0, 3)))
    shape = (int(random.integers(16, 40)), *pixels, int(random.choice([1, 3, 16, 20, 33, 64])))
    x = random.normal(random.normal(0, 3, shape[-1]), random.uniform(0.1, 4, shape[-1]), shape)
    rest = [random.normal(size=shape[-1]) for _ in range(2)], [random.normal(size=shape)]
    dots = [random.normal(size=shape[-1]) for _ in range(2)]
    return [jnp.asarray(a, jnp.float32) for a in (x, *rest[0], *rest[1], *dots)]


def reference(x, gamma, beta, dy, dmean, dvariance, relu):
    """y, mean, variance, dx, dgamma, dbeta in float64."""
    x, gamma, beta, dy, dmean, dvariance = (
        np.asarray(a, np.float64) for a in (x, gamma, beta, dy, dmean, dvariance)
    )
    flat, g = x.reshape(-1, x.shape[-1]), dy.reshape(-1, x.shape[-1])
    mean, variance = flat.mean(0), flat.var(0)
    root = np.sqrt(variance + EPSILON)
    hat = (flat - mean) / root
    y = hat * gamma + beta
    if relu:
        g, y = np.where(y > 0, g, 0), np.maximum(y, 0)
    count, sum_g, sum_gh = len(flat), g.sum(0), (g * hat).sum(0)
    dx = gamma / root * (g - sum_g / count - hat * sum_gh / count)
    dx = dx + dmean / count + dvariance * 2 * (flat - mean) / count
    return y.reshape(x.shape), mean, variance, dx.reshape(x.shape), sum_gh, sum_g


@pytest.mark.parametrize("relu", [False, True])
def test_values_and_gradients_are_those_of_float64(relu):
    random = np.random.default_rng()
    for _ in range(25):
        x, gamma, beta, *incoming = draw(random)
        value, back = jax.vjp(lambda *a: ops.normalize_batch(*a, EPSILON, relu), x, gamma, beta)
        got = (*value, *back(tuple(incoming)))
        names = ("y", "mean", "variance", "dx", "dgamma", "dbeta")
        wanted = reference(x, gamma, beta, *incoming, relu)
        for name, one, two in zip(names, got, wanted, strict=True):
            terms = x.size / x.shape[-1] if name in ("dgamma", "dbeta") else 1
            scale = max(
                np.sqrt(terms), np.abs(two).max()
            )  # partial sums grow so, however much the whole cancels
            # An answer within rounding of 0 may fall on either side of relu, and then its gradient differs.
            near = relu and np.abs(wanted[0]).min() < 1e-5 and name.startswith("d")
            if not near:
                np.testing.assert_allclose(one, two, atol=3e-5 * scale, rtol=0, err_msg=f"{name} {x.shape}")


def test_moments_are_exact_to_rounding_wherever_a_channel_begins():
    """Distances from a number far out, such as the first, would cancel and leave their own rounding."""
    random = np.random.default_rng()
    for _ in range(25):
        pixels, channels = int(random.integers(3, 5000)), int(random.choice([1, 3, 16, 70]))
        x = random.normal(random.normal(0, 2), random.uniform(0.1, 3), (pixels, channels))
        x[0] += 6
        x = x.astype(np.float32)
        _, mean, variance = ops.normalize_batch(jnp.asarray(x), None, None, EPSILON)
        exact = x.astype(np.float64)
        np.testing.assert_allclose(mean, exact.mean(0), rtol=0, atol=3e-7 * np.abs(exact).max())
        np.testing.assert_allclose(variance, exact.var(0), rtol=8e-7, err_msg=f"{x.shape}")


def test_without_gamma_and_beta_it_only_normalizes():
    x = jnp.asarray(np.random.default_rng(1).normal(5, 3, (64, 7, 8)), jnp.float32)
    y, mean, variance = ops.normalize_batch(x, None, None, 0.0)
    np.testing.assert_allclose(y.mean((0, 1)), 0, atol=1e-5)
    np.testing.assert_allclose(y.std((0, 1)), 1, atol=1e-5)
    np.testing.assert_allclose(mean, np.asarray(x, np.float64).mean((0, 1)), rtol=1e-6)
    np.testing.assert_allclose(variance, np.asarray(x, np.float64).var((0, 1)), rtol=1e-5)


def test_digits_survive_a_mean_far_from_zero():
    x = jnp.asarray(np.random.default_rng(2).normal(1000, 1, (4096, 16)), jnp.float32)
    variance = ops.normalize_batch(x, None, None, EPSILON)[2]
    np.testing.assert_allclose(variance, np.asarray(x, np.float64).var(0), rtol=1e-4)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_number_that_is_none_spoils_its_channel_and_no_other(bad):
    x = np.random.default_rng(3).normal(size=(6, 5, 5, 20)).astype(np.float32)
    x[2, 1, 1, 7] = bad
    for relu in (False, True):
        y = np.asarray(ops.normalize_batch(jnp.asarray(x), None, None, EPSILON, relu)[0])
        assert np.isnan(y[..., 7]).any()
        assert np.isfinite(np.delete(y, 7, -1)).all()


def test_second_derivatives_are_those_of_the_separate_operations():
    x, gamma, beta, dy, *_ = draw(np.random.default_rng(4))

    def slope(x, operation):
        return jnp.square(jax.grad(lambda x: (operation(x)[0] * dy).sum())(x)).sum()

    own = jax.grad(slope)(x, lambda x: ops.normalize_batch(x, gamma, beta, EPSILON, True))
    plain = jax.grad(slope)(x, lambda x: _plain(x, gamma, beta, epsilon=EPSILON, relu=True))
    np.testing.assert_allclose(own, plain, atol=1e-4 * np.abs(plain).max())


@pytest.mark.skipif(_native.isa() is None, reason="the kernels were not built, or are switched off")
def test_a_network_that_trains_runs_norm_and_relu_as_one_and_keeps_its_state():
    layers = [Conv2D(8, 3), BatchNormalization(name="bn"), ReLU(name="relu"), Flatten()]
    model = Sequential([Input((9, 9, 3)), *layers], seed=1)
    x = jnp.asarray(np.random.default_rng(5).normal(size=(6, 9, 9, 3)), jnp.float32)
    apply = model.network.apply
    text = jax.jit(lambda v, x: apply(v, x, train=True)).lower(model.variables, x).as_text()
    assert text.count("striate_norm_forward") == 1
    assert "relu = 1" in text.split("striate_norm_forward")[1].splitlines()[0]
    fused, shown = (apply(model.variables, x, train=True, record=record) for record in (False, True))
    np.testing.assert_allclose(fused.output, shown.output, atol=1e-5)
    for name in ("moving_mean", "moving_variance"):
        np.testing.assert_allclose(fused.state["bn"][name], shown.state["bn"][name], rtol=1e-5, atol=1e-7)
        assert (np.asarray(fused.state["bn"][name]) != np.asarray(model.variables["state"]["bn"][name])).any()

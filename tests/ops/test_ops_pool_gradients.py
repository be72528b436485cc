import jax
import jax.numpy as jnp
import numpy as np
import pytest
from adjoints import assert_bilinear_gradients, assert_canonical, quickly

import references
from striate import ops

CASES = [
    {"size": 2},
    {"size": 2, "edges": "keep"},
    {"size": 2, "padding": ((1, 0), (0, 1))},
    {"size": 3, "strides": 2},
    {"size": 3, "strides": 2, "padding": "same", "edges": "keep"},
    {"size": (3, 2), "strides": 1, "padding": "same"},
    {"size": (1, 2), "strides": (3, 1)},
    {"size": 5, "strides": (2, 3), "padding": ((2, 4), (1, 0))},
]


def pulled(pool, x, options, dy):
    return quickly(lambda x: jax.vjp(lambda x: pool(x, **options), x)[1](dy)[0])(x)


@pytest.mark.parametrize("options", CASES, ids=str)
@pytest.mark.parametrize("spoiled", [False, True], ids=["ties", "ties and NaN"])
def test_max_pooling_sends_every_gradient_to_the_first_maximum(options, spoiled):
    rng = np.random.default_rng(1)
    x = rng.integers(-1, 2, (2, 7, 8, 2)).astype(np.float32)
    if spoiled:
        x[0, rng.integers(0, 7, 4), rng.integers(0, 8, 4), 0] = np.nan
    dy = rng.normal(size=references.pool2d("max", x, **options).shape).astype(np.float32)
    given = pulled(ops.max_pool, jnp.asarray(x), options, dy)
    np.testing.assert_allclose(given, references.max_pool_gradient(x, dy, **options), rtol=1e-5, atol=1e-5)


def test_the_first_of_equals_in_reading_order_gets_the_gradient():
    gradient = quickly(jax.grad(lambda x: jnp.sum(ops.max_pool(x, 2))))(jnp.ones((1, 4, 2, 1)))
    assert gradient[0, :, :, 0].tolist() == [[1, 0], [0, 0], [1, 0], [0, 0]]
    overlapping = quickly(jax.grad(lambda x: jnp.sum(ops.max_pool(x, 2, 1))))(jnp.ones((1, 3, 3, 1)))
    assert overlapping[0, :, :, 0].tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 0]]


def test_a_nan_gradient_arrives_where_the_maximum_was():
    x = jnp.arange(4.0).reshape(1, 2, 2, 1)
    (dx,) = jax.vjp(lambda x: ops.max_pool(x, 2), x)[1](jnp.full((1, 1, 1, 1), jnp.nan))
    assert np.isnan(dx[0, :, :, 0]).tolist() == [[False, False], [False, True]]


def test_minus_infinity_everywhere_still_has_a_first_maximum():
    x = jnp.full((1, 3, 3, 1), -jnp.inf)
    dx = jax.grad(lambda x: jnp.sum(ops.max_pool(x, 2, padding="same")))(x)
    assert dx[0, :, :, 0].tolist() == [[1, 0, 1], [0, 0, 0], [1, 0, 1]]


@pytest.mark.parametrize("options", CASES, ids=str)
def test_average_pooling_is_linear_and_its_gradient_exact(options):
    x = jnp.asarray(np.random.default_rng(2).normal(size=(1, 7, 8, 1)), jnp.float32)
    assert_bilinear_gradients(
        lambda x, scale: ops.average_pool(x, **options) * scale, x, jnp.ones((1, 1, 1, 1))
    )


@pytest.mark.parametrize("options", CASES[::3], ids=str)
def test_l2_pooling_equals_differences_of_the_reference(options):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(1, 7, 6, 1))
    weights = rng.normal(size=references.pool2d("l2", x, **options).shape)
    true = references.gradient(lambda x: (references.pool2d("l2", x, **options) * weights).sum(), x)
    given = pulled(ops.l2_pool, jnp.asarray(x, jnp.float32), options, jnp.asarray(weights, jnp.float32))
    np.testing.assert_allclose(given, true, rtol=1e-4, atol=1e-4)


def test_the_length_of_an_empty_window_has_gradient_zero():
    gradient = jax.grad(lambda x: jnp.sum(ops.l2_pool(x, 2)))(jnp.zeros((1, 2, 2, 1)))
    assert gradient.ravel().tolist() == [0, 0, 0, 0]


def test_global_maximum_sends_its_gradient_to_the_first():
    x = jnp.asarray([[[1.0, 5.0], [3.0, 5.0], [3.0, jnp.nan]]])
    gradient = jax.grad(lambda x: jnp.sum(ops.global_max_pool(x)))(x)
    assert gradient[0].tolist() == [[0, 0], [1, 0], [0, 1]]


@pytest.mark.parametrize("pool", [ops.max_pool, ops.average_pool, ops.l2_pool])
@pytest.mark.parametrize("options", CASES[:5:2], ids=str)
def test_the_program_of_the_gradient_has_no_window_reduction(pool, options):
    x = jnp.ones((1, 7, 8, 1))
    assert_canonical(jax.grad(lambda x: jnp.sum(jnp.sin(pool(x, **options)))), x)
    assert_canonical(jax.grad(lambda x: jnp.sum(jnp.sin(ops.global_max_pool(x)))), x)


def test_the_program_check_would_see_the_default_rule():
    def default(x):
        return jnp.sum(jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID"))

    with pytest.raises(AssertionError):
        assert_canonical(jax.grad(default), jnp.ones((1, 4, 4, 1)))


def test_second_order_gradients_of_pooling():
    """d/dx sum (d sum max(x)^3 / dx)^2 = 36 max^3 at the maximum, where x is distinct."""
    x = jnp.asarray([[1.0, 2.0], [0.5, -1.0]]).reshape(1, 2, 2, 1)

    def penalty(x):
        return jnp.sum(jax.grad(lambda x: jnp.sum(ops.max_pool(x, 2, 1) ** 3))(x) ** 2)

    np.testing.assert_allclose(quickly(jax.grad(penalty))(x).ravel(), [0, 36 * 8, 0, 0], rtol=1e-6)


def test_scan_and_vmap_agree_with_plain_calls():
    x = jnp.asarray(np.random.default_rng(4).normal(size=(3, 1, 5, 5, 2)), jnp.float32)

    def gradient(x):
        return jax.grad(lambda x: jnp.sum(jnp.sin(ops.max_pool(x, 3, 2, "same"))))(x)

    one_by_one = quickly(gradient)
    plain = jnp.stack([one_by_one(one) for one in x])
    np.testing.assert_allclose(quickly(jax.vmap(gradient))(x), plain, rtol=1e-6)
    np.testing.assert_allclose(
        jax.lax.scan(lambda carry, one: (carry, gradient(one)), 0, x)[1], plain, rtol=1e-6
    )

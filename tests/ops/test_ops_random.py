import jax
import jax.numpy as jnp
import numpy as np
import pytest

from striate import ops
from striate.errors import ArgumentError, ShapeError

KEY = jax.random.key(3)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_the_share_that_is_dropped_and_the_mean_that_stays(rate):
    y = ops.dropout(jnp.ones((100, 400)), rate, KEY)
    assert {0.0, np.float32(1 / (1 - rate))} == set(np.unique(y).tolist())
    assert abs(float(jnp.mean(y == 0)) - rate) < 0.01
    assert abs(float(y.mean()) - 1) < 0.03


def test_a_rate_of_zero_keeps_all_and_of_one_nothing():
    x = jnp.arange(1.0, 5.0)
    assert ops.dropout(x, 0, KEY).tolist() == x.tolist()
    assert ops.dropout(x, 1, KEY).tolist() == [0, 0, 0, 0]


def test_whole_feature_maps_fall_together():
    y = ops.dropout(jnp.ones((8, 5, 6, 16)), 0.5, KEY, (None, 1, 1, None))
    flat = np.asarray(y).reshape(8, 30, 16)
    assert (flat == flat[:, :1]).all()
    assert 0 < (flat[:, 0] == 0).mean() < 1


def test_the_gradient_is_the_mask():
    x = jnp.linspace(1, 2, 50)
    y, pull = jax.vjp(lambda x: ops.dropout(x, 0.4, KEY), x)
    np.testing.assert_allclose(pull(jnp.ones_like(x))[0], np.where(y == 0, 0, 1 / 0.6), rtol=1e-6)


def test_the_same_key_draws_the_same_and_types_stay():
    x = jnp.ones(64, jnp.bfloat16)
    y = ops.dropout(x, 0.5, KEY)
    assert y.dtype == jnp.bfloat16
    assert (y == jax.jit(lambda x: ops.dropout(x, 0.5, KEY))(x)).all()
    assert (y != ops.dropout(x, 0.5, jax.random.key(4))).any()


@pytest.mark.parametrize("rate", [-0.1, 1.5, float("nan")])
def test_a_rate_out_of_range_is_refused(rate):
    with pytest.raises(ArgumentError) as caught:
        ops.dropout(jnp.ones(3), rate, KEY)
    assert str(caught.value) == (
        f"dropout: rate is {rate!r}; expected a number from 0 to 1.\n"
        "  Pass the share to drop, for instance rate=0.5."
    )


@pytest.mark.parametrize("shape", [(2,), (2, 2, 1), (2, 3)])
def test_a_mask_of_another_shape_is_refused(shape):
    with pytest.raises(ShapeError) as caught:
        ops.dropout(jnp.ones((4, 3)), 0.5, KEY, shape)
    assert str(caught.value) == (
        f"dropout: noise_shape {shape} does not fit x (4, 3); "
        "expected an entry for each axis: None, 1, or x's own size.\n"
        "  Use for instance (None, 1, 1, None)."
    )

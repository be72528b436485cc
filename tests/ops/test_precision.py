"""Products of bfloat16 numbers: what is rounded, what is not, and that nothing else changes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from convolutions import draw, floats, reference

from striate import ops
from striate.errors import ArgumentError
from striate.ops import _native
from striate.ops._conv_native import affine, input_gradient

needs_kernels = pytest.mark.skipif(_native.library() is None, reason="there are no native kernels here")


def rounded(x):
    """As float64, so that what is computed from it is the reference."""
    return np.asarray(jnp.asarray(x).astype(jnp.bfloat16)).astype(np.float64)


def cases(random, count):
    """Random convolutions in bfloat16: x, kernel, bias, dy and their numbers."""
    while count:
        case = draw(random)
        if case is None or case[2].groups > 1:
            continue
        shape, kernel_shape, g = case
        sizes = g.sizes(shape[1:3], kernel_shape[:2])
        arrays = (shape, kernel_shape, kernel_shape[3:], (shape[0], *sizes, kernel_shape[3]))
        yield *(floats(random, *one) for one in arrays), g._replace(half=True)
        count -= 1


def test_convolution_and_gradients_are_those_of_the_rounded_numbers():
    for x, kernel, bias, dy, g in cases(np.random.default_rng(), 25):
        y, back = jax.vjp(lambda *a: affine(*a, g), x, kernel, bias)  # noqa: B023
        wanted = reference(rounded(x), rounded(kernel), bias, rounded(dy), g)
        for name, got, value in zip(("y", "dx", "dkernel", "dbias"), (y, *back(dy)), wanted, strict=True):
            atol = 2e-5 * max(np.abs(value).max(), 1)
            np.testing.assert_allclose(got, value, rtol=0, atol=atol, err_msg=f"{name} {x.shape} {g}")


def test_rounding_is_seen_in_convolutions_and_dense_layers_only():
    tiny = jnp.full((1, 4, 4, 1), 1 + 2.0**-10)
    one = jnp.ones((1, 1, 1, 1))
    with ops.products_of("bfloat16"):
        assert np.all(ops.conv2d(tiny, one) == 1)
        assert np.all(ops.conv2d_transpose(tiny, one) == 1)
        assert np.all(ops.dense(tiny.reshape(4, 4)[:, :1], one[0, 0]) == 1)
        assert np.all(ops.conv1d(tiny[0], one[0]) == 1)
        assert np.all(ops.conv2d(tiny, one, jnp.full(1, 2.0**-10)) > 1)  # the bias is added, not multiplied
        assert np.all(ops.average_pool(tiny, 2) == tiny[0, 0, 0, 0])
        assert np.all(ops.depthwise_conv2d(jnp.tile(tiny, 16), jnp.ones((1, 1, 16, 1))) > 1)
    assert np.all(ops.conv2d(tiny, one) > 1)


def test_sums_in_order_are_of_exact_numbers():
    tiny, one = jnp.full((1, 4, 4, 1), 1 + 2.0**-10), jnp.ones((1, 1, 1, 1))
    with ops.products_of("bfloat16"), ops.sums_in_order():
        assert np.all(ops.conv2d(tiny, one) > 1)
    with ops.sums_in_order(), ops.products_of("bfloat16"):
        assert np.all(ops.dense(tiny.reshape(4, 4)[:, :1], one[0, 0]) > 1)


def test_other_types_are_left_alone():
    x = jnp.full((1, 4, 4, 1), 1 + 2.0**-9, jnp.float16)
    with ops.products_of("bfloat16"):
        assert np.all(ops.conv2d(x, jnp.ones((1, 1, 1, 1), jnp.float16)) > 1)
        assert np.all(ops.dense(x[0, 0], jnp.ones((1, 1), jnp.float16)) > 1)


def test_nothing_at_all_is_rounded_to_nothing():
    empty, kernel = jnp.zeros((0, 5, 5, 2)), jnp.ones((3, 3, 2, 4))

    def total(kernel):
        with ops.products_of("bfloat16"):
            painted = ops.conv2d_transpose(jnp.zeros((0, 5, 5, 4)), kernel)
            return jnp.sum(ops.conv2d(empty, kernel)) + jnp.sum(painted)

    assert not np.any(jax.grad(total)(kernel))
    with ops.products_of("bfloat16"):
        assert ops.dense(jnp.zeros((0, 3)), jnp.ones((3, 4))).shape == (0, 4)


@needs_kernels
def test_arrays_that_may_be_shared_over_devices_are_rounded_by_xla(monkeypatch):
    x, kernel = jnp.ones((2, 6, 6, 3)), jnp.ones((3, 3, 3, 4))
    monkeypatch.setattr(jax, "local_device_count", lambda backend=None: 2)

    def text():
        with ops.products_of("bfloat16"):
            gradient = jax.jit(jax.grad(lambda k: jnp.sum(ops.dense(ops.conv2d(x, k), kernel[0, 0].T))))
            return gradient.lower(kernel).as_text()

    assert "striate_" not in text()
    assert "reduce_precision" in text()


@needs_kernels
def test_the_kernels_and_xla_agree():
    ((x, kernel, bias, dy, g),) = cases(np.random.default_rng(), 1)
    got = affine(x, kernel, bias, g), input_gradient(dy, kernel, g, x.shape[1:3])
    wanted = jax.vmap(lambda x: affine(x[None], kernel, bias, g)[0])(x)  # vmap leaves the kernels
    back = jax.vmap(lambda dy: input_gradient(dy[None], kernel, g, x.shape[1:3])[0])(dy)
    np.testing.assert_allclose(got[0], wanted, atol=1e-4)
    np.testing.assert_allclose(got[1], back, atol=1e-4)


@needs_kernels
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_go_where_they_must(value):
    x = jnp.ones((2, 9, 9, 16)).at[0, 2, 2, 1].set(value)
    with ops.products_of("bfloat16"):
        y = np.asarray(ops.conv2d(x, jnp.ones((3, 3, 16, 20))))
        pooled = ops.conv2d_block(x, jnp.ones((3, 3, 16, 20)), relu=True, pool=True)
        wanted = ops.max_pool(ops.relu(ops.conv2d(x, jnp.ones((3, 3, 16, 20)))), 2)
    touched = np.zeros((2, 7, 7), bool)
    touched[0, :3, :3] = True
    assert (np.isfinite(y).all(axis=3) == ~touched).all()
    np.testing.assert_array_equal(pooled, wanted)


def test_a_precision_that_there_is_not_is_refused():
    with pytest.raises(ArgumentError) as caught, ops.products_of("float8"):
        raise AssertionError("not reached")
    assert str(caught.value) == (
        "products_of: the precision is 'float8'; expected one of float32, bfloat16.\n"
        "  Use 'float32', or 'bfloat16' to multiply rounded numbers."
    )

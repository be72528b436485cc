import jax.numpy as jnp
import numpy as np
import pytest
from adjoints import assert_same_gradients

import references
from striate import ops
from striate.errors import ArgumentError, ShapeError


def draw(seed, *shape):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


@pytest.mark.parametrize("shape", [(5,), (3, 5), (2, 3, 4, 5)])
def test_every_unit_is_a_weighted_sum(shape):
    x, kernel, bias = draw(1, *shape), draw(2, 5, 4), draw(3, 4)
    np.testing.assert_allclose(
        ops.dense(x, kernel, bias), references.dense(x, kernel, bias), rtol=1e-5, atol=1e-5
    )
    np.testing.assert_allclose(ops.dense(x, kernel), references.dense(x, kernel), rtol=1e-5, atol=1e-5)


def test_values_and_gradients_equal_keras():
    import keras

    def theirs(x, kernel, bias):
        return keras.ops.add(keras.ops.matmul(x, kernel), keras.ops.reshape(bias, (1, 4)))

    assert_same_gradients(ops.dense, theirs, draw(1, 3, 5), draw(2, 5, 4), draw(3, 4))


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
def test_short_types_stay_short(dtype):
    assert ops.dense(jnp.ones((2, 3), dtype), jnp.ones((3, 4), dtype), jnp.ones(4, dtype)).dtype == dtype


def message(error, *arguments):
    with pytest.raises(error) as caught:
        ops.dense(*arguments)
    return str(caught.value)


def test_pictures_that_were_not_flattened_are_named():
    assert message(ShapeError, jnp.ones((1, 28, 28, 1)), jnp.ones((784, 10))) == (
        "dense: the last axis of x (1, 28, 28, 1) does not fit kernel (784, 10); "
        "expected 784 values an example.\n"
        "  Flatten the images first, or make the kernel for them."
    )


def test_whole_numbers_other_kernels_and_other_biases_are_refused():
    assert message(ArgumentError, jnp.ones((1, 3), jnp.uint8), jnp.ones((3, 10))).startswith(
        "dense: x holds uint8 values; expected floating-point values."
    )
    assert message(ShapeError, jnp.ones((1, 3)), jnp.ones((1, 3, 10))).startswith(
        "dense: kernel has shape (1, 3, 10), 3 axes; expected 2 axes, (C, F)."
    )
    assert message(ShapeError, jnp.ones((1, 3)), jnp.ones((3, 10)), jnp.ones((1, 10))) == (
        "dense: bias has shape (1, 10); expected shape (10,).\n"
        "  Give 10 numbers, one for each filter, or bias=None."
    )

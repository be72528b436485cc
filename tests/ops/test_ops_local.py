import jax.numpy as jnp
import numpy as np
import pytest
from adjoints import assert_same_gradients

import references
from striate import ops
from striate.errors import ArgumentError, ShapeError


def draw(seed, *shape):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


@pytest.mark.parametrize(
    ("size", "strides", "padding", "places"),
    [((2, 3), 1, "valid", (4, 4)), (2, 2, "same", (3, 3)), ((3, 1), (1, 3), ((1, 0), (0, 2)), (4, 3))],
)
def test_every_place_is_a_dense_layer_of_its_own(size, strides, padding, places):
    taps = size if isinstance(size, tuple) else (size, size)
    x, kernel, bias = draw(1, 2, 5, 6, 2), draw(2, *places, taps[0] * taps[1] * 2, 3), draw(3, *places, 3)
    y = ops.locally_connected2d(x, kernel, bias, size=size, strides=strides, padding=padding)
    true = references.locally_connected2d(x, kernel, bias, size=size, strides=strides, padding=padding)
    np.testing.assert_allclose(y, true, rtol=1e-5, atol=1e-5)


def test_tied_weights_make_a_convolution_with_its_gradient():
    x, shared = draw(4, 2, 5, 5, 2), draw(5, 3, 3, 2, 4)

    def untied(x, shared):
        flat = jnp.broadcast_to(shared.reshape(1, 1, 18, 4), (3, 3, 18, 4))
        return ops.locally_connected2d(x, flat, size=3)

    assert_same_gradients(untied, ops.conv2d, x, shared)


def test_a_kernel_for_another_image_is_refused():
    with pytest.raises(ShapeError) as caught:
        ops.locally_connected2d(jnp.ones((1, 5, 5, 2)), jnp.ones((4, 3, 18, 4)), size=3)
    assert str(caught.value) == (
        "locally_connected2d: kernel has shape (4, 3, 18, 4) for x (1, 5, 5, 2); "
        "expected shape (3, 3, 18, filters).\n"
        "  Its axes are (rows out, columns out, window * channels, filters)."
    )


def test_a_window_larger_than_the_image_and_a_wrong_bias_are_refused():
    with pytest.raises(ShapeError, match="the kernel 6x6 is larger than the image 5x5"):
        ops.locally_connected2d(jnp.ones((1, 5, 5, 2)), jnp.ones((1, 1, 72, 4)), size=6)
    with pytest.raises(ShapeError, match=r"bias has shape \(4,\); expected shape \(3, 3, 4\)"):
        ops.locally_connected2d(jnp.ones((1, 5, 5, 2)), jnp.ones((3, 3, 18, 4)), jnp.ones(4), size=3)
    with pytest.raises(ArgumentError, match="x holds uint8 values"):
        ops.locally_connected2d(jnp.ones((1, 5, 5, 2), jnp.uint8), jnp.ones((3, 3, 18, 4)), size=3)

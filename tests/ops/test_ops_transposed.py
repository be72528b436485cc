import jax.numpy as jnp
import numpy as np
import pytest
from adjoints import assert_same_gradients, quickly

import references
from striate import ops
from striate.errors import ArgumentError, ShapeError
from striate.ops import _native


def draw(seed, *shape):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


CASES = [
    {},
    {"strides": 2},
    {"strides": 2, "padding": "same"},
    {"strides": (3, 2), "padding": "same", "output_padding": (2, 0)},
    {"strides": 3, "output_padding": 1},
    {"strides": 2, "padding": 1, "output_padding": 1},
    {"strides": 2, "padding": ((1, 0), (2, 1))},
    {"padding": "same", "dilation": 2},
    {"strides": 2, "dilation": 2},
]


@pytest.mark.usefixtures("without_kernels")
@pytest.mark.parametrize("options", CASES, ids=str)
@pytest.mark.parametrize("taps", [(3, 3), (2, 4)])
def test_painting_equals_the_reference(options, taps):
    x, kernel, bias = draw(1, 2, 3, 4, 2), draw(2, *taps, 3, 2), draw(3, 3)
    y = quickly(lambda *arrays: ops.conv2d_transpose(*arrays, **options))(x, kernel, bias)
    np.testing.assert_allclose(
        y, references.conv2d_transpose(x, kernel, bias, **options), rtol=1e-5, atol=1e-5
    )


def in_keras_words(options):
    names = {"dilation": "dilation_rate"}
    return {"strides": 1} | {names.get(name, name): value for name, value in options.items()}


@pytest.mark.skipif(_native.isa() is None, reason="the kernels were not built, or are switched off")
@pytest.mark.parametrize("options", CASES, ids=str)
def test_painting_by_the_native_kernels_too(options):
    x, kernel = draw(1, 2, 3, 4, 5), draw(2, 3, 2, 6, 5)
    y = quickly(lambda *arrays: ops.conv2d_transpose(*arrays, **options))(x, kernel)
    np.testing.assert_allclose(y, references.conv2d_transpose(x, kernel, **options), rtol=1e-5, atol=1e-5)


@pytest.mark.usefixtures("without_kernels")
@pytest.mark.parametrize("options", [CASES[n] for n in (0, 2, 3, 4, 7)], ids=str)
def test_values_and_gradients_equal_keras(options):
    import keras

    x, kernel = draw(4, 2, 4, 3, 2), draw(5, 3, 2, 4, 2)

    assert_same_gradients(
        lambda x, kernel: ops.conv2d_transpose(x, kernel, **options),
        lambda x, kernel: keras.ops.conv_transpose(x, kernel, **in_keras_words(options)),
        *(x, kernel),
    )


def test_it_is_the_adjoint_of_the_convolution():
    x, y, kernel = draw(6, 1, 7, 6, 2), draw(7, 1, 3, 3, 4), draw(8, 3, 2, 2, 4)
    forward = jnp.vdot(ops.conv2d(x, kernel, strides=2), y)
    back = jnp.vdot(x, ops.conv2d_transpose(y, kernel, strides=2))
    np.testing.assert_allclose(forward, back, rtol=1e-4)


def test_rows_equal_images_with_a_height_of_one():
    x, kernel, bias = draw(9, 2, 4, 2), draw(10, 3, 5, 2), draw(11, 5)
    row = ops.conv1d_transpose(x, kernel, bias, 2, "same", 1)
    image = references.conv2d_transpose(x[:, None], kernel[None], bias, (1, 2), "same", (0, 1))
    assert row.shape == (2, 8, 5)
    np.testing.assert_allclose(row, image[:, 0], rtol=1e-5, atol=1e-5)


def message(error, *arguments, **options):
    with pytest.raises(error) as caught:
        ops.conv2d_transpose(*arguments, **options)
    return str(caught.value)


def test_the_order_of_a_convolutions_kernel_is_suspected():
    assert message(ShapeError, jnp.ones((1, 4, 4, 3)), jnp.ones((3, 3, 3, 8))) == (
        "conv2d_transpose: x (1, 4, 4, 3) has 3 channels but kernel (3, 3, 3, 8) is made for 8; "
        "expected the same number of channels.\n"
        "  Give kernel as (..., F, C): filters come before channels here."
    )


def test_channels_first_is_suspected():
    assert message(ShapeError, jnp.ones((1, 3, 4, 5)), jnp.ones((3, 3, 8, 3))).endswith(
        "Is x channels first? Move them last: jnp.moveaxis(x, 1, -1)."
    )


def test_a_padding_that_cuts_everything_away_is_refused():
    assert message(ShapeError, jnp.ones((1, 1, 4, 3)), jnp.ones((3, 3, 8, 3)), padding=2) == (
        "conv2d_transpose: padding 2 leaves an output of -1x2; expected at least 1 on every axis.\n"
        "  Use less padding."
    )


def test_whole_numbers_are_refused():
    assert message(ArgumentError, jnp.ones((1, 4, 4, 3), jnp.int32), jnp.ones((3, 3, 8, 3))) == (
        "conv2d_transpose: x holds int32 values; expected floating-point values.\n"
        "  Scale them to floats first, for instance x.astype('float32') / 255."
    )

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from adjoints import assert_same_gradients, quickly, with_gradients

import references
from striate import ops
from striate.errors import ArgumentError, ShapeError
from striate.ops import _native

EXAMPLES = json.loads((Path(__file__).parent.parent / "data" / "worked-examples.json").read_text())


def one_channel(image):
    return jnp.asarray(image, jnp.float32)[None, :, :, None]


def draw(rng, *shape):
    return jnp.asarray(rng.normal(size=shape), jnp.float32)


def truncate(values):
    """Cut decimals towards zero after the second, as the printed source does."""
    return np.trunc(np.asarray(values, np.float64) * 100 + np.sign(values) * 1e-4) / 100


@pytest.mark.parametrize("example", EXAMPLES["convolution"], ids=lambda example: example["name"])
def test_worked_convolutions(example):
    kernel = jnp.asarray(example["filter"], jnp.float32)[:, :, None, None]
    y = ops.conv2d(one_channel(example["image"]), kernel, None, example["stride"], example["padding"])
    values = np.asarray(y[0, :, :, 0]) / example.get("divide_by", 1)
    printed = truncate(values) if example.get("truncated") else values
    np.testing.assert_allclose(printed, example["expected"], atol=1e-6)
    if "relu" in example:
        np.testing.assert_array_equal(ops.relu(y)[0, :, :, 0], example["relu"])


def test_the_whole_pass_of_the_x_image():
    entries = EXAMPLES["convolution"][:3]
    kernel = jnp.stack([jnp.asarray(entry["filter"], jnp.float32) for entry in entries], axis=-1)[:, :, None]
    maps = ops.relu(ops.conv2d(one_channel(entries[0]["image"]), kernel) / 9)
    small = ops.max_pool(ops.max_pool(maps, 2, edges="keep"), 2, edges="keep")
    row_by_row = np.moveaxis(np.asarray(small[0]), -1, 0).ravel()
    np.testing.assert_allclose(truncate(row_by_row), EXAMPLES["whole_pass"]["flattened"], atol=1e-6)


def random_case(seed):
    """One convolution: arrays and options, all drawn from the seed; never a kernel larger than its image."""
    rng = np.random.default_rng(seed)
    taps, dilation = rng.integers(1, 4, 2), rng.integers(1, 3, 2)
    strides = rng.integers(1, 4, 2)
    groups, depth, breadth = (
        int(n) for n in (rng.choice([1, 1, 2, 4]), rng.integers(1, 3), rng.integers(1, 3))
    )
    spans = (taps - 1) * dilation + 1
    sizes = spans + rng.integers(0, 4, 2)
    explicit = tuple(tuple(int(n) for n in pair) for pair in rng.integers(0, 3, (2, 2)))
    padding = ["valid", "same", int(rng.integers(0, 3)), explicit][rng.integers(4)]
    x = draw(rng, 2, *sizes, groups * depth)
    kernel = draw(rng, *taps, depth, groups * breadth)
    options = {"strides": tuple(strides.tolist()), "padding": padding, "dilation": tuple(dilation.tolist())}
    return x, kernel, draw(rng, groups * breadth), options | {"groups": groups}


def check_against_reference(seed):
    x, kernel, bias, options = random_case(seed)
    y_true = references.conv2d(x, kernel, bias, **options)
    dy = draw(np.random.default_rng(seed), *y_true.shape)

    def all_of_it(x, kernel, bias):
        y, pull = jax.vjp(lambda *arrays: ops.conv2d(*arrays, **options), x, kernel, bias)
        return y, *pull(dy)

    y, dx, dkernel, dbias = quickly(all_of_it)(x, kernel, bias)
    true = references.conv2d_gradients(x, kernel, dy, **options)
    what = f"seed {seed}: x {x.shape}, kernel {kernel.shape}, {options}"
    np.testing.assert_allclose(y, y_true, rtol=1e-4, atol=1e-4, err_msg=what)
    np.testing.assert_allclose(dx, true[0], rtol=1e-4, atol=1e-4, err_msg=what)
    np.testing.assert_allclose(dkernel, true[1], rtol=1e-4, atol=1e-4, err_msg=what)
    np.testing.assert_allclose(dbias, np.asarray(dy, np.float64).sum((0, 1, 2)), rtol=1e-4, atol=1e-4)


@pytest.mark.usefixtures("without_kernels")
def test_forty_random_convolutions_equal_the_reference_with_their_gradients():
    for seed in range(40):
        check_against_reference(seed)


@pytest.mark.skipif(_native.isa() is None, reason="the kernels were not built, or are switched off")
def test_forty_random_convolutions_by_the_native_kernels_too():
    for seed in range(40, 80):
        check_against_reference(seed)


@pytest.mark.slow
@pytest.mark.usefixtures("without_kernels")
def test_four_hundred_more_random_convolutions_equal_the_reference():
    for seed in range(1000, 1400):
        check_against_reference(seed)


@pytest.mark.parametrize(
    ("strides", "padding", "dilation", "groups"),
    [(1, "valid", 1, 1), (2, "same", 1, 1), (1, "causal", 2, 1), (3, ((1, 2),), 1, 2), (1, "same", 2, 4)],
)
def test_rows_equal_the_reference(strides, padding, dilation, groups):
    rng = np.random.default_rng(7)
    x, kernel, bias = draw(rng, 2, 9, 4), draw(rng, 3, 4 // groups, 8), draw(rng, 8)
    y = ops.conv1d(x, kernel, bias, strides, padding, dilation, groups)
    true = references.conv1d(x, kernel, bias, strides, padding, dilation, groups)
    np.testing.assert_allclose(y, true, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("strides", "padding", "dilation"), [(1, "valid", 1), (2, "same", 1), (1, 1, 2)])
def test_depthwise_equals_the_reference(strides, padding, dilation):
    rng = np.random.default_rng(8)
    x, kernel, bias = draw(rng, 2, 7, 6, 3), draw(rng, 3, 2, 3, 2), draw(rng, 6)
    y = ops.depthwise_conv2d(x, kernel, bias, strides, padding, dilation)
    true = references.depthwise_conv2d(x, kernel, bias, strides, padding, dilation)
    np.testing.assert_allclose(y, true, rtol=1e-5, atol=1e-5)
    row = ops.depthwise_conv1d(
        x[:, 0], kernel[:, 0], bias, strides, padding if padding != 1 else ((1, 1),), dilation
    )
    one_high = ((0, 0), (1, 1)) if padding == 1 else padding
    as_image = ops.depthwise_conv2d(x[:, :1], kernel[:, 0][None], bias, (1, strides), one_high, (1, dilation))
    np.testing.assert_allclose(row, as_image[:, 0], rtol=1e-6, atol=1e-6)


def keras_cases():
    yield {"strides": 1, "padding": "valid"}, 1
    yield {"strides": 1, "padding": "same"}, 2
    yield {"strides": 2, "padding": "same"}, 1
    yield {"strides": (3, 2), "padding": "valid"}, 1
    yield {"strides": 1, "padding": "same", "dilation": 2}, 1


@pytest.mark.usefixtures("without_kernels")
@pytest.mark.parametrize(("options", "groups"), list(keras_cases()), ids=str)
def test_values_and_gradients_equal_keras(options, groups):
    import keras

    rng = np.random.default_rng(9)
    x, kernel = draw(rng, 2, 8, 7, 4), draw(rng, 3, 2, 4 // groups, 6)
    theirs = {"strides": options["strides"], "padding": options["padding"]}
    theirs["dilation_rate"] = options.get("dilation", 1)

    assert_same_gradients(
        lambda x, kernel: ops.conv2d(x, kernel, groups=groups, **options),
        lambda x, kernel: keras.ops.conv(x, kernel, **theirs),
        *(x, kernel),
    )


def test_depthwise_values_and_gradients_equal_keras():
    import keras

    rng = np.random.default_rng(10)
    x, kernel = draw(rng, 2, 6, 7, 3), draw(rng, 3, 3, 3, 2)

    assert_same_gradients(
        lambda x, kernel: ops.depthwise_conv2d(x, kernel, None, 2, "same"),
        lambda x, kernel: keras.ops.depthwise_conv(x, kernel, 2, "same"),
        *(x, kernel),
    )


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16, jnp.float32])
def test_the_type_that_comes_in_goes_out_and_into_the_gradients(dtype):
    x, kernel, bias = jnp.ones((1, 4, 4, 2), dtype), jnp.ones((3, 3, 2, 3), dtype), jnp.ones(3, dtype)
    y, *gradients = with_gradients(ops.conv2d, x, kernel, bias)
    assert {y.dtype, *(gradient.dtype for gradient in gradients)} == {jnp.dtype(dtype)}
    assert float(y[0, 0, 0, 0]) == 19


def test_double_precision_where_it_is_switched_on():
    rng = np.random.default_rng(11)
    x, kernel = rng.normal(size=(1, 5, 5, 2)), rng.normal(size=(3, 3, 2, 3))
    with jax.enable_x64(True):
        y = ops.conv2d(x, kernel, padding="same")
        assert y.dtype == jnp.float64
        np.testing.assert_allclose(y, references.conv2d(x, kernel, padding="same"), rtol=1e-12, atol=1e-12)


def message(error, function, *arguments, **options):
    with pytest.raises(error) as caught:
        function(*arguments, **options)
    return str(caught.value)


def test_a_kernel_larger_than_the_image_is_an_error():
    assert message(ShapeError, ops.conv2d, jnp.ones((1, 3, 3, 2)), jnp.ones((5, 5, 2, 4))) == (
        "conv2d: the kernel 5x5 is larger than the image 3x3; expected an image of at least 5x5.\n"
        "  Use a smaller kernel or padding='same'."
    )


def test_channels_first_is_suspected_when_it_would_fit():
    assert message(ShapeError, ops.conv2d, jnp.ones((1, 3, 32, 32)), jnp.ones((5, 5, 3, 4))) == (
        "conv2d: x (1, 3, 32, 32) has 32 channels but kernel (5, 5, 3, 4) is made for 3; "
        "expected the same number of channels.\n"
        "  Is x channels first? Move them last: jnp.moveaxis(x, 1, -1)."
    )


def test_channels_groups_and_filters_are_all_checked_at_once():
    text = message(ShapeError, ops.conv2d, jnp.ones((1, 8, 8, 4)), jnp.ones((3, 3, 3, 7)), groups=2)
    assert text == (
        "2 problems:\n"
        "1. conv2d: x (1, 8, 8, 4) has 4 channels but kernel (3, 3, 3, 7) is made for 6 in 2 groups; "
        "expected the same number of channels.\n"
        "  Give x 6 channels, or make the kernel for 4.\n"
        "2. conv2d: 7 filters cannot be shared among 2 groups; expected a multiple of 2.\n"
        "  Change the filters or groups."
    )


@pytest.mark.parametrize("groups", [0, -1, 1.5, True, "2"])
def test_groups_must_be_a_whole_number(groups):
    assert message(ArgumentError, ops.conv1d, jnp.ones((1, 8, 4)), jnp.ones((3, 4, 4)), groups=groups) == (
        f"conv1d: groups is {groups!r}; expected a whole number >= 1.\n  Pass for instance groups=2."
    )


def test_raw_pictures_are_refused():
    x = np.zeros((1, 8, 8, 3), np.uint8)
    assert message(ArgumentError, ops.conv2d, x, jnp.ones((3, 3, 3, 4))) == (
        "conv2d: x holds uint8 values; expected floating-point values.\n"
        "  Scale them to floats first, for instance x.astype('float32') / 255."
    )


def test_types_are_never_promoted_in_silence():
    x, kernel = jnp.ones((1, 8, 8, 3), jnp.bfloat16), jnp.ones((3, 3, 3, 4))
    assert message(ArgumentError, ops.conv2d, x, kernel) == (
        "conv2d: x is bfloat16, kernel is float32; expected one floating-point type for all of them.\n"
        "  Cast them, for instance with .astype(x.dtype)."
    )


def test_a_missing_batch_axis_is_named():
    assert message(ShapeError, ops.conv2d, jnp.ones((8, 8, 3)), jnp.ones((3, 3, 3, 4))) == (
        "conv2d: x has shape (8, 8, 3), 3 axes; expected 4 axes, (N, H, W, C).\n"
        "  One example alone needs a batch axis: x[None]."
    )
    assert message(ShapeError, ops.conv1d, jnp.ones((8, 8, 3)), jnp.ones((3, 3, 3, 4))) == (
        "conv1d: kernel has shape (3, 3, 3, 4), 4 axes; expected 3 axes, (kw, C / groups, F).\n"
        "  Bring kernel to 3 axes with reshape."
    )


def test_a_bias_of_another_length_is_refused():
    assert message(ShapeError, ops.conv2d, jnp.ones((1, 8, 8, 3)), jnp.ones((3, 3, 3, 4)), jnp.ones(3)) == (
        "conv2d: bias has shape (3,); expected shape (4,).\n"
        "  Give 4 numbers, one for each filter, or bias=None."
    )


def test_a_depthwise_kernel_for_other_channels_is_refused():
    assert message(ShapeError, ops.depthwise_conv2d, jnp.ones((1, 8, 8, 3)), jnp.ones((3, 3, 4, 1))) == (
        "depthwise_conv2d: x (1, 8, 8, 3) has 3 channels but kernel (3, 3, 4, 1) is made for 4; "
        "expected the same number of channels.\n"
        "  Give x 4 channels, or make the kernel for 3."
    )


def test_a_kernel_with_too_few_axes_is_not_told_to_grow_a_batch():
    with pytest.raises(ShapeError) as caught:
        ops.conv2d(np.ones((1, 4, 4, 2), np.float32), np.ones((3, 3, 2), np.float32))
    assert str(caught.value) == (
        "conv2d: kernel has shape (3, 3, 2), 3 axes; expected 4 axes, (kh, kw, C / groups, F).\n"
        "  Bring kernel to 4 axes with reshape."
    )

import json
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from adjoints import assert_same_gradients, quickly, with_gradients

import references
from striate import ops
from striate.errors import ArgumentError, ShapeError

EXAMPLES = json.loads((Path(__file__).parent.parent / "data" / "worked-examples.json").read_text())
POOLS = {"max": ops.max_pool, "average": ops.average_pool, "l2": ops.l2_pool}


def example_input(entry):
    """The picture of an example: written out, or the relu of one of the worked convolutions."""
    if not isinstance(entry["input"], str):
        return jnp.asarray(entry["input"], jnp.float32)
    number = int(entry["input"].removeprefix("relu of convolution[").removesuffix("]"))
    worked = EXAMPLES["convolution"][number]
    image = jnp.asarray(worked["image"], jnp.float32)[None, :, :, None]
    kernel = jnp.asarray(worked["filter"], jnp.float32)[:, :, None, None]
    return ops.relu(ops.conv2d(image, kernel) / worked["divide_by"])[0, :, :, 0]


@pytest.mark.parametrize("entry", EXAMPLES["pooling"], ids=lambda entry: entry["name"])
def test_worked_poolings(entry):
    image = example_input(entry)[None, :, :, None]
    y = ops.max_pool(image, entry["size"], entry["stride"], edges=entry.get("edges", "drop"))
    values = np.asarray(y[0, :, :, 0], np.float64)
    if entry.get("truncated"):
        values = np.trunc(values * 100 + 1e-4) / 100
    np.testing.assert_allclose(values, entry["expected"], atol=1e-6)


def random_case(seed):
    """A picture of few different whole numbers, so that ties abound, with options that fit it."""
    rng = np.random.default_rng(seed)
    size, strides = (tuple(int(n) for n in rng.integers(1, 4, 2)) for _ in range(2))
    sizes = np.array(size) + rng.integers(0, 5, 2)
    explicit = tuple((int(rng.integers(0, k)), int(rng.integers(0, k))) for k in size)
    padding = ["valid", "same", explicit][rng.integers(3)]
    x = rng.integers(-2, 3, (2, *sizes, 2)).astype(np.float32)
    strides = size if rng.random() < 0.4 else strides
    return x, {
        "size": size,
        "strides": strides,
        "padding": padding,
        "edges": ["drop", "keep"][rng.integers(2)],
    }


@pytest.mark.parametrize("kind", POOLS)
def test_random_poolings_equal_the_reference(kind):
    for seed in range(15):
        x, options = random_case(seed)
        y = quickly(lambda x, options=options: POOLS[kind](x, **options))(x)
        true = references.pool2d(kind, x, **options)
        np.testing.assert_allclose(y, true, rtol=1e-5, atol=1e-6, err_msg=f"seed {seed}: {x.shape} {options}")


@pytest.mark.slow
@pytest.mark.parametrize("kind", POOLS)
def test_many_more_random_poolings_equal_the_reference(kind):
    for seed in range(1000, 1300):
        x, options = random_case(seed)
        y = quickly(lambda x, options=options: POOLS[kind](x, **options))(x)
        true = references.pool2d(kind, x, **options)
        np.testing.assert_allclose(y, true, rtol=1e-5, atol=1e-6, err_msg=f"seed {seed}: {x.shape} {options}")


@pytest.mark.parametrize("kind", POOLS)
@pytest.mark.parametrize(
    "options", [{"size": 2}, {"size": 3, "strides": 2, "padding": "same", "edges": "keep"}]
)
def test_rows_equal_the_reference(kind, options):
    x = np.random.default_rng(1).normal(size=(2, 7, 3)).astype(np.float32)
    np.testing.assert_allclose(POOLS[kind](x, **options), references.pool1d(kind, x, **options), rtol=1e-5)


@pytest.mark.parametrize("kind", ["max", "average"])
@pytest.mark.parametrize("options", [(2, 2, "valid"), (3, 2, "same"), ((2, 3), (3, 1), "same")], ids=str)
def test_values_and_gradients_equal_keras(kind, options):
    import keras

    x = jnp.asarray(np.random.default_rng(2).normal(size=(2, 7, 8, 3)), jnp.float32)
    theirs = {"max": keras.ops.max_pool, "average": keras.ops.average_pool}[kind]
    assert_same_gradients(lambda x: POOLS[kind](x, *options), lambda x: theirs(x, *options), x)


def test_padding_never_enters_a_maximum_or_a_mean():
    x = -jnp.ones((1, 3, 3, 1))
    assert float(ops.max_pool(x, 2, padding="same").max()) == -1
    assert float(ops.average_pool(x, 3, 1, padding=1).max()) == -1


def test_l2_is_the_length_of_the_window():
    x = jnp.asarray([[3.0, 4.0, 0.0, 0.0]]).reshape(1, 1, 4, 1)
    assert ops.l2_pool(x, (1, 2)).ravel().tolist() == [5.0, 0.0]


def test_nan_comes_through_and_only_where_it_is_seen():
    x = jnp.zeros((1, 4, 4, 1)).at[0, 0, 0, 0].set(jnp.nan)
    for pool in POOLS.values():
        assert np.isnan(pool(x, 2)[0, :, :, 0]).tolist() == [[True, False], [False, False]]


def test_global_pooling_and_its_dimensions():
    x = np.random.default_rng(3).normal(size=(2, 3, 4, 5)).astype(np.float32)
    np.testing.assert_allclose(ops.global_max_pool(x), x.max((1, 2)))
    np.testing.assert_allclose(ops.global_average_pool(x), x.mean((1, 2)), rtol=1e-5, atol=1e-6)
    assert ops.global_max_pool(x, keepdims=True).shape == (2, 1, 1, 5)
    assert ops.global_average_pool(x[:, 0], keepdims=True).shape == (2, 1, 5)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
def test_short_types_stay_short(dtype):
    x = jnp.arange(16, dtype=dtype).reshape(1, 4, 4, 1)
    for pool in POOLS.values():
        y, dx = with_gradients(lambda x, pool=pool: pool(x, 3, 1, padding="same"), x)
        assert y.dtype == dx.dtype == dtype
    assert ops.global_max_pool(x).dtype == ops.global_average_pool(x).dtype == dtype


def message(error, function, *arguments, **options):
    with pytest.raises(error) as caught:
        function(*arguments, **options)
    return str(caught.value)


def test_a_window_larger_than_the_image_is_an_error():
    assert message(ShapeError, ops.max_pool, jnp.ones((1, 1, 4, 2)), 2) == (
        "max_pool: the window 2x2 is larger than the image 1x4; expected an image of at least 2x2.\n"
        "  Use a smaller window or padding='same'."
    )


def test_kept_edges_let_a_window_be_larger_than_the_image():
    assert ops.max_pool(jnp.ones((1, 1, 3, 2)), 2, edges="keep").shape == (1, 1, 2, 2)


def test_padding_as_wide_as_the_window_is_refused():
    assert message(ArgumentError, ops.average_pool, jnp.ones((1, 4, 4, 2)), 2, padding=2) == (
        "average_pool: padding 2 is as wide as the window 2x2; expected padding smaller than the window.\n"
        "  Use less padding: a window must meet the image."
    )


def test_other_axes_and_whole_numbers_are_refused():
    assert message(ShapeError, ops.l2_pool, jnp.ones((4, 4)), 2) == (
        "l2_pool: x has shape (4, 4), 2 axes; expected (N, H, W, C) images or (N, W, C) rows.\n"
        "  One example alone needs a batch axis: x[None]."
    )
    assert message(ArgumentError, ops.max_pool, jnp.ones((1, 4, 4, 1), jnp.uint8), 2).startswith(
        "max_pool: x holds uint8 values; expected floating-point values."
    )
    assert message(ShapeError, ops.global_max_pool, jnp.ones((4, 4))) == (
        "global_max_pool: x has shape (4, 4); expected (N, H, W, C) or (N, W, C).\n  Pool before flattening."
    )

"""Weights made ready once: the answers stay what they were, and new weights are noticed."""

import gc

import jax
import numpy as np
import pytest

import striate as st
from striate import layers, ops
from striate.models import Model
from striate.network._fusion import find_chains
from striate.ops import _native


def network():
    """All that is folded, packed or neither: branches, groups, a shared layer, a norm on its own."""
    shared = layers.Conv2D(16, 3, padding="same", activation="relu", name="shared")
    x = st.Input((12, 12, 3))
    y = layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False)(x)
    y = layers.ReLU()(layers.BatchNormalization()(y))
    y = shared(shared(y))
    z = layers.BatchNormalization()(layers.Conv2D(16, 1)(y))
    z = layers.Add()([z, y])
    z = layers.BatchNormalization()(z)
    z = layers.ReLU()(layers.Add()([z, layers.Conv2D(16, 3, padding="same")(z)]))  # the sum that is read last
    z = layers.BatchNormalization()(layers.Conv2D(32, 3, groups=2, padding="same")(z))
    z = layers.MaxPooling2D()(layers.Conv2D(20, 3, padding="same", dilation_rate=2, activation="tanh")(z))
    z = layers.Dense(7, activation="relu")(layers.GlobalAveragePooling2D()(z))
    return Model(x, layers.Dense(3)(z), seed=1)


@pytest.fixture(scope="module")
def model():
    model, rng = network(), np.random.default_rng(0)
    moved = jax.tree.map(lambda a: a * rng.uniform(0.8, 1.2, a.shape).astype(np.float32), model.variables)
    model.variables = moved
    return model


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(1).normal(size=(5, 12, 12, 3)).astype(np.float32)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_answers_are_those_of_the_plain_weights(model, x, precision):
    def plain(variables, x):
        with ops.products_of(precision):
            return model.network.apply(variables, x).output

    def ready(variables, x):
        with ops.products_of(precision):
            prepared = model.network.prepare(variables)
            return model.network.apply(variables, x, prepared=prepared).output

    wanted = jax.jit(plain)(model.variables, x)
    # A weight that is folded in another order may round to another number of sixteen bits.
    near = {"rtol": 1e-5 if precision == "float32" else 1e-2, "atol": 1e-6 * float(np.abs(wanted).max())}
    assert np.std(wanted) > 0.01
    np.testing.assert_allclose(jax.jit(ready)(model.variables, x), wanted, **near)
    model.compile("sgd", "mse", precision=precision)
    np.testing.assert_allclose(model.predict(x), wanted, **near)
    np.testing.assert_allclose(model.predict(x[:1]), wanted[:1], **near)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_what_is_prepared(model, precision):
    with ops.products_of(precision):
        prepared = model.network.prepare(model.variables)
    kernels = [getattr(one, "kernel", one) for one in prepared.values()]
    packed = [kernel for kernel in kernels if isinstance(kernel, ops.PackedKernel)]
    if _native.library() is None:
        assert (len(kernels), len(packed)) == (3, 0)  # the convolutions with a batch norm behind them
        return
    # Two norms folded, the shared convolution at its two places, one that ends in a sum; the grouped one is
    # folded and not packed; and two dense layers.
    assert (len(kernels), len(packed)) == (8, 7)
    assert {kernel.half for kernel in packed} == {precision == "bfloat16"}


def test_answers_need_only_what_was_not_prepared(model, x):
    prepared = model.network.prepare(model.variables)
    rest = model.network.unprepared(model.variables, prepared)
    left = {path for some in rest.values() for path in some}
    assert left < {path for some in model.variables.values() for path in some}
    assert {"dense1", "dense2"} <= left
    got = model.network.apply(rest, x, prepared=prepared).output
    np.testing.assert_allclose(got, model.network.apply(model.variables, x).output, rtol=1e-5)


def test_a_sum_behind_a_convolution_is_part_of_it_only_in_answers(model):
    program = model.network.program
    answering = [chain for chain in find_chains(program, False, answers=True).values() if chain.addend]
    assert [(chain.relu, len(chain.steps)) for chain in answering] == [(False, 3), (True, 3)]
    assert not any(chain.addend for chain in find_chains(program, False).values())


def test_sums_that_cannot_be_joined_are_left_alone():
    x = st.Input((8, 8, 16))
    y = layers.Conv2D(16, 3, padding="same")(x)
    wide = layers.Conv2D(1, 3, padding="same")(x)
    early = layers.Conv2D(16, 1)(y)
    late = layers.Conv2D(16, 1)(y)
    sums = [
        layers.Add()([layers.Conv2D(16, 1)(y), wide]),  # two shapes
        layers.Add()([early, layers.Conv2D(16, 3, padding="same")(late), late]),  # three of them
        layers.Subtract()([layers.Conv2D(16, 1)(y), y]),
    ]
    twice = layers.Conv2D(16, 1)(y)
    model = Model(x, [*sums, layers.Add()([twice, twice])], seed=0)
    chains = find_chains(model.network.program, False, answers=True)
    assert not any(chain.addend for chain in chains.values())
    image = np.random.default_rng(0).normal(size=(2, 8, 8, 16)).astype(np.float32)
    wanted = model.network.apply(model.variables, image).output
    for got, one in zip(model.predict(image), wanted, strict=True):
        np.testing.assert_allclose(got, one, atol=1e-5)


def test_new_weights_are_noticed(model, x):
    model.compile("sgd", "mse", precision="bfloat16")
    before = model.predict(x)
    assert np.array_equal(model.predict(x), before)
    weights = model.get_weights()
    model.set_weights([2 * array for array in weights])
    gc.collect()
    after = model.predict(x)
    assert np.abs(after - before).max() > 1e-3
    model.set_weights(weights)
    np.testing.assert_array_equal(model.predict(x), before)
    model.fit(x, np.ones((5, 3), np.float32), epochs=2, verbose=0)
    assert np.any(model.predict(x) != before)


def test_weights_are_prepared_once_for_many_answers(model, x, monkeypatch):
    model.compile("sgd", "mse")
    model.predict(x)
    made = []
    monkeypatch.setattr(model._predict, "prepare", lambda variables: made.append(1) or {})
    model.predict(x)
    model.predict_on_batch(x[:3])
    assert made == []


@pytest.mark.skipif(_native.library() is None, reason="there are no native kernels here")
def test_a_packed_kernel_gives_what_the_kernel_gives(x):
    random = np.random.default_rng()
    for taps, depth, features in (((3, 3), 3, 5), ((1, 1), 40, 33), ((5, 2), 16, 64), ((7, 7), 4, 20)):
        image = jax.numpy.asarray(random.normal(size=(2, 11, 13, depth)), np.float32)
        kernel = jax.numpy.asarray(random.normal(size=(*taps, depth, features)), np.float32)
        bias = jax.numpy.asarray(random.normal(size=features), np.float32)
        how = {"strides": (2, 1), "padding": "same", "relu": True, "pool": True}
        with ops.products_of("bfloat16"):
            wanted = ops.conv2d_block(image, kernel, bias, **how)
            got = ops.conv2d_block(image, ops.pack_kernel(kernel), bias, **how)
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.skipif(_native.library() is None, reason="there are no native kernels here")
@pytest.mark.parametrize(
    ("side", "depth", "features", "points"),
    [
        (14, 256, 256, 4),
        (29, 128, 128, 6),
        (7, 512, 512, 0),
        (14, 256, 24, 0),
        (57, 16, 48, 6),
        (2, 16, 16, 0),
    ],
)
def test_a_kernel_is_packed_at_points_where_that_is_less_work(side, depth, features, points):
    random = np.random.default_rng()
    image = jax.numpy.asarray(random.normal(size=(2, side, side, depth)), np.float32)
    kernel = jax.numpy.asarray(random.normal(size=(3, 3, depth, features)), np.float32)
    packed = ops.pack_kernel(kernel, (side, side))
    assert packed.points == points
    with ops.sums_in_order():
        assert ops.pack_kernel(kernel, (side, side)).points == 0
        wanted = ops.conv2d_block(image, kernel, padding="same")
    with ops.products_of("bfloat16"):
        assert ops.pack_kernel(kernel, (side, side)).points == 0
    got = ops.conv2d_block(image, packed, padding="same")
    np.testing.assert_allclose(got, wanted, atol=2e-5 * float(np.abs(wanted).max()))
    if points:
        with pytest.raises(Exception, match="a kernel packed at points is for other convolutions"):
            jax.block_until_ready(ops.conv2d_block(image, packed, strides=2))


@pytest.mark.skipif(_native.library() is None, reason="there are no native kernels here")
def test_only_kernels_that_move_by_single_pixels_are_packed_at_points():
    x = st.Input((56, 56, 32))
    y = layers.Conv2D(32, 3, padding="same", activation="relu")(x)
    strided = layers.Conv2D(32, 3, strides=2, activation="relu")(y)
    spread = layers.Conv2D(32, 3, dilation_rate=2, activation="relu")(y)
    model = Model(x, [strided, spread], seed=0)
    prepared = model.network.prepare(model.variables)
    assert [ready.kernel.points for ready in prepared.values()] == [6, 0, 0]


@pytest.mark.skipif(_native.library() is None, reason="there are no native kernels here")
def test_sums_in_order_are_asked_of_packed_kernels_too(model, x):
    def text():
        prepared = model.network.prepare(model.variables)
        answer = jax.jit(lambda x: model.network.apply(model.variables, 1 * x, prepared=prepared).output)
        return answer.lower(x).as_text()

    assert "direct = 1" not in text()
    with ops.sums_in_order():
        asked = text()
    assert "direct = 0" not in asked
    assert asked.count("direct = 1") >= asked.count("@striate_conv_packed") > 0

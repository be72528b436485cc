"""Answers that pass from one convolution to the next as numbers of sixteen bits."""

import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

import striate as st
from striate import layers, ops
from striate.errors import ArgumentError
from striate.models import Model
from striate.network import _narrowing
from striate.network._fusion import find_chains
from striate.network._narrowing import narrow_chains

can_narrow = pytest.mark.skipif(not ops.takes_halves(), reason="this processor multiplies no such numbers")


def conv(filters, size=3, name=None, **how):
    return layers.Conv2D(filters, size, padding="same", name=name, **{"activation": "relu", **how})


@pytest.fixture
def model():
    """A residual block, and answers that others than packed convolutions read."""
    x = st.Input((9, 11, 32))
    y = conv(64, name="entry")(x)
    inner = conv(32, 1, name="inner")(y)
    branch = conv(64, name="branch", activation=None)(inner)
    joined = layers.ReLU(name="joined")(layers.Add(name="sum")([branch, y]))
    small = conv(24, name="small")(joined)
    pooled = layers.AveragePooling2D(2, name="pool")(conv(32, name="before_pool")(small))
    maxima = layers.MaxPooling2D(2, name="maxima")(conv(32, name="with_maxima")(small))
    grouped = conv(32, name="grouped", groups=2)(conv(32, name="before_groups")(joined))
    lasts = [conv(32, 1, name=f"last{i}")(each) for i, each in enumerate((pooled, maxima, grouped))]
    return Model(x, lasts, seed=0)


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(2, 9, 11, 32)).astype(np.float32)


def prepared(model):
    with ops.products_of("bfloat16"):
        ready = model.network.prepare(model.variables)
    return find_chains(model.network.program, False, answers=True), ready


@can_narrow
def test_only_what_packed_convolutions_alone_read_is_narrow(model):
    assert narrow_chains(model.network.program, *prepared(model)) == {"entry", "inner", "branch"}


def test_nothing_is_where_the_processor_cannot(model, monkeypatch):
    chains, ready = prepared(model)
    monkeypatch.setattr(_narrowing.ops, "takes_halves", lambda: False)
    assert narrow_chains(model.network.program, chains, ready) == frozenset()


def test_nothing_is_in_float32(model):
    chains = find_chains(model.network.program, False, answers=True)
    assert narrow_chains(model.network.program, chains, model.network.prepare(model.variables)) == frozenset()


@can_narrow
def test_the_numbers_are_those_of_rounding_where_arrays_pass(model, x):
    params = model.variables["params"]

    def convolved(name, array):
        rounded = (lax.reduce_precision(array, 8, 7), lax.reduce_precision(params[name]["kernel"], 8, 7))
        return ops.conv2d(*rounded, params[name]["bias"], padding="same")

    y = lax.reduce_precision(ops.relu(convolved("entry", x)), 8, 7)
    branch = convolved("branch", ops.relu(convolved("inner", y)))
    joined = ops.relu(branch + y)
    small = ops.relu(convolved("small", joined))
    pooled = ops.average_pool(ops.relu(convolved("before_pool", small)), 2)
    wanted = ops.relu(convolved("last0", pooled))
    model.compile("sgd", "mse", precision="bfloat16")
    got = model.predict(x)[0]
    # Sums in another order round to a neighbour here and there, which is a part in 256.
    np.testing.assert_allclose(got, wanted, atol=float(jnp.max(wanted)) / 256)
    assert got.dtype == np.float32


@can_narrow
def test_one_convolution_reads_and_writes_either(x):
    random = np.random.default_rng(1)
    kernel = jnp.asarray(random.normal(size=(3, 3, 32, 32)), jnp.float32)
    image = lax.reduce_precision(jnp.asarray(x), 8, 7)
    addend = lax.reduce_precision(jnp.asarray(random.normal(size=x.shape), jnp.float32), 8, 7)
    with ops.products_of("bfloat16"):
        packed = ops.pack_kernel(kernel)
    how = {"padding": "same", "relu": True}
    wanted = ops.conv2d_onto(image, packed, None, addend, **how)
    for read in (image, image.astype(jnp.bfloat16)):
        for added in (addend, addend.astype(jnp.bfloat16)):
            assert jnp.array_equal(ops.conv2d_onto(read, packed, None, added, **how), wanted)
            narrow = ops.conv2d_onto(read, packed, None, added, **how, narrow=True)
            assert narrow.dtype == jnp.bfloat16
            assert jnp.array_equal(narrow, wanted.astype(jnp.bfloat16))
    plain = ops.conv2d_block(image.astype(jnp.bfloat16), packed, pool=True, **how)
    assert jnp.array_equal(plain, ops.conv2d_block(image, packed, pool=True, **how))


@pytest.mark.parametrize("pool", [False, True])
def test_what_cannot_be_rounded_is_refused(x, pool):
    with pytest.raises(ArgumentError) as caught:
        ops.conv2d_block(x, jnp.ones((3, 3, 32, 32)), pool=pool, narrow=True)
    happened = "pool=True" if pool else "a kernel that is not packed for bfloat16"
    assert str(caught.value) == (
        f"conv2d_block: narrow=True with {happened}; expected a kernel packed under products_of('bfloat16') "
        "on a processor that multiplies such numbers, and no pooling.\n  Leave narrow out."
    )

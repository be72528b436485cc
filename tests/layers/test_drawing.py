"""Keys and numbers made by NumPy are those that JAX makes, and no program is compiled for them."""

import zlib

import jax
import jax.monitoring
import numpy as np
import pytest

from striate.layers import _drawing, initializers
from striate.layers._drawing import folded, key_of, uniform
from striate.network import run

KEY = jax.random.key(3)


@pytest.mark.parametrize("seed", [0, 1, 12345, 2**31, 2**32 - 1])
def test_keys_are_those_of_jax(seed):
    assert jax.random.key_data(key_of(seed)).tolist() == jax.random.key_data(jax.random.key(seed)).tolist()
    for number in (0, 7, 2**32 - 1):
        theirs = jax.random.fold_in(jax.random.key(seed), np.uint32(number))
        mine = folded(key_of(seed), number)
        assert jax.random.key_data(mine).tolist() == jax.random.key_data(theirs).tolist()


def test_a_seed_that_is_no_key_by_itself_goes_to_jax():
    assert (key_of(-1) == jax.random.key(-1)).item()


@pytest.mark.parametrize("shape", [(), (1,), (3, 5, 7), (3 * (1 << 14) + 5,), (0, 4)])
@pytest.mark.parametrize("bounds", [(-1.0, 1.0), (0.25, 3.0), (-0.07, 0.07), (0.5, 0.5)])
def test_uniform_numbers_are_those_of_jax(shape, bounds):
    theirs = np.asarray(jax.random.uniform(KEY, shape, np.float32, *bounds))
    mine = np.asarray(uniform(KEY, shape, np.float32, *bounds))
    assert (mine.shape, mine.dtype) == (theirs.shape, theirs.dtype)
    # Where a processor has no fused operation JAX rounds twice.
    np.testing.assert_array_max_ulp(mine - np.float32(bounds[0]), theirs - np.float32(bounds[0]), 2)
    assert mine.size == 0 or (bounds[0] <= mine.min() and mine.max() <= bounds[1])


def test_other_types_and_other_ways_of_drawing_go_to_jax():
    half = uniform(KEY, (4,), np.float16, 0.0, 1.0)
    np.testing.assert_array_equal(half, jax.random.uniform(KEY, (4,), np.float16))
    other = jax.random.key(3, impl="rbg")
    np.testing.assert_array_equal(uniform(other, (4,), np.float32, 0.0, 1.0), jax.random.uniform(other, (4,)))
    assert (folded(other, 5) == jax.random.fold_in(other, 5)).item()
    old = jax.random.PRNGKey(3)
    assert _drawing.key_words(old) is None
    np.testing.assert_array_equal(uniform(old, (4,), np.float32, 0.0, 1.0), jax.random.uniform(old, (4,)))
    with jax.threefry_partitionable(False):
        assert _drawing.key_words(KEY) is None


def test_draws_can_be_traced():
    def draw(key):
        return initializers.GlorotUniform(seed=4)(key, (3, 4))

    np.testing.assert_allclose(jax.jit(draw)(KEY), draw(KEY), rtol=1e-6)
    many = jax.vmap(draw)(jax.random.split(KEY, 2))
    np.testing.assert_allclose(many[1], draw(jax.random.split(KEY, 2)[1]), rtol=1e-6)


def test_a_network_is_drawn_without_a_program():
    from striate.applications import mnist_convnet

    compiled = []

    def hear(event, duration_secs, **_):
        compiled.append(event)

    declared = mnist_convnet().network.declared
    jax.monitoring.register_event_duration_secs_listener(hear)
    try:
        drawn = run.draw_weights(declared, 11)
    finally:
        jax.monitoring.unregister_event_duration_listener(hear)
    assert [event for event in compiled if event.endswith("backend_compile_duration")] == []
    assert drawn["params"]["conv1"]["bias"].tolist() == [0.0] * 32
    key = jax.random.fold_in(jax.random.key(11), zlib.crc32(b"conv2/kernel"))
    theirs = initializers.GlorotUniform().draw(key, (3, 3, 32, 64), np.float32)
    np.testing.assert_array_equal(drawn["params"]["conv2"]["kernel"], theirs)


def test_a_key_that_is_known_while_a_program_is_traced_draws_the_same():
    key = jax.random.key(11)

    def draw():
        return uniform(folded(key, 5), (3, 4), np.float32, -1.0, 1.0)

    np.testing.assert_array_equal(jax.jit(draw)(), draw())

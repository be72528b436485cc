"""Pooling by the native kernels against JAX's own operations: values, derivatives, bad numbers."""

import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from striate import ops
from striate.ops import _native, _pool_gradients

POOLS = {"max": ops.max_pool, "average": ops.average_pool, "l2": ops.l2_pool}
needs_kernels = pytest.mark.skipif(
    _native.isa() is None, reason="the kernels were not built, or are switched off"
)


def draw(random, kind):
    """A picture of few different numbers, so that ties abound, and options that fit it.

    Sums have native kernels only for padded windows of many channels.
    """
    size, strides = (tuple(int(n) for n in random.integers(1, 5, 2)) for _ in range(2))
    shape = (
        int(random.integers(1, 4)),
        *(np.array(size) + random.integers(0, 9, 2)),
        _channels(random, kind),
    )
    explicit = tuple((int(random.integers(0, k)), int(random.integers(0, k))) for k in size)
    options = {
        "size": size,
        "strides": size if random.random() < 0.4 else strides,
        "padding": ["valid", "same", explicit][random.integers(0 if kind == "max" else 1, 3)],
        "edges": ["drop", "keep"][random.integers(2)],
    }
    return random.integers(-2, 3, shape).astype(np.float32), options


def _channels(random, kind):
    return int(random.choice([1, 3, 16, 33, 70] if kind == "max" else [16, 33, 70]))


def spoil(x, random):
    """Some infinities below, and some that are no numbers."""
    x[random.random(x.shape) < 0.2] = -np.inf
    x[random.random(x.shape) < 0.02] = np.nan
    return x


def with_gradient(pool, x, options):
    """Values and gradient, the values weighed by random numbers, compiled anew."""

    def both(x):
        y, back = jax.vjp(lambda x: pool(x, **options), x)
        weights = np.random.default_rng(0).normal(size=y.shape).astype(np.float32)
        return pool(x, **options), y, back(jnp.asarray(weights))[0]

    return jax.jit(both)(x)


@needs_kernels
@pytest.mark.parametrize("spoiled", [False, True], ids=["ties", "ties, NaN and -inf"])
@pytest.mark.parametrize("kind", ["max", "average"])
def test_values_and_gradients_are_exactly_those_of_the_separate_operations(kind, spoiled, monkeypatch):
    random = np.random.default_rng()
    for _ in range(8):
        x, options = draw(random, kind)
        x = spoil(x, random) if spoiled else x
        native = with_gradient(POOLS[kind], x, options)
        with monkeypatch.context() as patch:
            patch.setattr(_native, "library", lambda: None)
            plain = with_gradient(POOLS[kind], x, options)
        for name, one, two in zip(("answer", "y", "dx"), native, plain, strict=True):
            np.testing.assert_array_equal(one, two, err_msg=f"{name} of {x.shape} {options}")


@needs_kernels
def test_a_window_too_large_for_numbered_places_is_left_to_xla_and_its_sum_is_not():
    x = np.random.default_rng(1).integers(-9, 10, (1, 15, 16, 16)).astype(np.float32)
    options = {"size": (16, 16), "strides": 1, "padding": ((1, 0), (0, 0))}
    assert "striate_pool" not in jax.jit(lambda x: ops.max_pool(x, **options)).lower(x).as_text()
    assert "striate_pool_sum" in program(ops.average_pool, x, options)
    np.testing.assert_allclose(ops.average_pool(x, **options), x.mean((1, 2), keepdims=True), atol=1e-6)


@needs_kernels
@pytest.mark.parametrize(
    ("kind", "channels", "padding"), [("max", 1, 1), ("average", 3, 1), ("average", 64, 0)]
)
def test_what_xla_does_faster_is_left_to_it(kind, channels, padding):
    x = jnp.ones((1, 8, 8, channels))
    assert "striate_pool" not in program(POOLS[kind], x, {"size": 3, "strides": 2, "padding": padding})


@needs_kernels
@pytest.mark.parametrize("kind", POOLS)
@pytest.mark.parametrize("options", [{"size": 2}, {"size": 3, "strides": 2, "padding": "same"}], ids=str)
def test_second_and_third_derivatives_are_those_of_the_separate_operations(kind, options, monkeypatch):
    x = jnp.asarray(np.random.default_rng(2).normal(size=(2, 7, 6, 17)), jnp.float32)

    def once(x):
        return jnp.sum(jnp.sin(POOLS[kind](x, **options)))

    def twice(x):
        return jnp.sum(jnp.sin(jax.grad(once)(x) * 3))

    def thrice(x):
        return jnp.sum(jnp.cos(jax.grad(twice)(x)))

    native = [jax.jit(jax.grad(f))(x) for f in (twice, thrice)]
    monkeypatch.setattr(_native, "library", lambda: None)
    plain = [jax.jit(jax.grad(f))(x) for f in (twice, thrice)]
    for one, two in zip(native, plain, strict=True):
        assert np.abs(two).max() > 0.01
        np.testing.assert_allclose(one, two, atol=1e-5 * np.abs(two).max())


def program(pool, x, options):
    """The compiled program of values without gradient."""
    return jax.jit(lambda x: pool(x, **options)).lower(x).compile().as_text()


@needs_kernels
def test_the_kernels_are_in_the_compiled_program_and_places_only_where_they_are_needed():
    x = jnp.ones((2, 8, 8, 16))
    forward = program(ops.max_pool, x, {"size": 3, "strides": 2})
    assert 'custom_call_target="striate_pool_max"' in forward
    assert "u8[0]" in forward
    assert "u8[2,3,3,16]" not in forward
    slope = jax.jit(jax.grad(lambda x: ops.max_pool(x, 3, 2).sum())).lower(x).compile().as_text()
    assert "u8[2,3,3,16]" in slope
    assert 'custom_call_target="striate_pool_max_gradient"' in slope
    slope = jax.jit(jax.grad(lambda x: ops.average_pool(x, 3, 2, 1).sum())).lower(x).compile().as_text()
    assert 'custom_call_target="striate_pool_sum_gradient"' in slope


def test_without_the_library_and_for_short_numbers_nothing_native_is_called(monkeypatch):
    options = {"size": 3, "strides": 2}
    for pool in POOLS.values():
        assert "striate_pool" not in program(pool, jnp.ones((1, 8, 8, 4), jnp.bfloat16), options)
    monkeypatch.setattr(_native, "library", lambda: None)
    for pool in POOLS.values():
        assert "striate_pool" not in program(pool, jnp.ones((1, 8, 8, 4)), options)


@needs_kernels
def test_vmap_of_values_and_gradients_equals_one_call_after_the_other():
    x = jnp.asarray(np.random.default_rng(3).normal(size=(3, 2, 7, 7, 16)), jnp.float32)
    for pool in (ops.max_pool, ops.average_pool):
        slope = jax.grad(lambda x, pool=pool: jnp.sum(jnp.sin(pool(x, 3, 2, "same"))))
        one_by_one = jnp.stack([slope(one) for one in x])
        np.testing.assert_allclose(jax.vmap(slope)(x), one_by_one, rtol=1e-5, atol=1e-6)


def test_bytes_number_the_places_of_the_largest_window_they_can():
    x = np.zeros((1, 15, 17, 4), np.float32)
    x[0, 14, 16] = 1
    slope = jax.grad(lambda x: ops.max_pool(x, (15, 17)).sum())(jnp.asarray(x))
    np.testing.assert_array_equal(slope, x)
    place = _pool_gradients._placed(jnp.asarray(x), _windows_of((15, 17)))[1]
    assert (place.dtype, int(place[0, 0, 0, 0])) == (jnp.uint8, 254)


def _windows_of(size):
    return _pool_gradients.Windows(size, size, size, ((0, 0), (0, 0)), (1, 1))


THREADS = """
import hashlib, jax, jax.numpy as jnp, numpy as np
from striate import ops
x = jnp.asarray(np.random.default_rng(0).normal(size=(3, 57, 41, 33)), jnp.float32)
for pool in (ops.max_pool, ops.average_pool):
    y, back = jax.vjp(lambda x: pool(x, 3, 2, "same"), x)
    print(hashlib.sha256(np.asarray(y).tobytes() + np.asarray(back(jnp.sin(y))[0]).tobytes()).hexdigest())
"""


@needs_kernels
def test_the_number_of_threads_does_not_change_a_bit():
    found = set()
    for threads in ("1", "2", "3"):
        environment = os.environ | {"STRIATE_THREADS": threads}
        done = subprocess.run(
            [sys.executable, "-c", THREADS], env=environment, capture_output=True, text=True, check=True
        )
        found.add(done.stdout)
    assert len(found) == 1

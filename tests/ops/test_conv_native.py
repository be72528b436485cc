"""The native kernels against NumPy in float64, and the door they come through."""

import json
import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from convolutions import draw, floats, reference

from striate import ops
from striate.layers import Conv2D
from striate.models import Input, Sequential
from striate.ops import _native
from striate.ops._conv_native import (
    Geometry,
    affine,
    fits,
    native_forward,
    native_input_gradient,
    native_weight_gradients,
)

needs_kernels = pytest.mark.skipif(
    _native.isa() is None, reason="the kernels were not built, or are switched off"
)


@needs_kernels
def test_forward_and_gradients_are_the_reference_over_random_convolutions():
    random = np.random.default_rng(20)
    cases = [case for case in (draw(random) for _ in range(80)) if case][:40]
    for shape, kernel_shape, g in cases:
        x, kernel, bias = (
            floats(random, *shape),
            floats(random, *kernel_shape),
            floats(random, kernel_shape[3]),
        )
        dy = floats(random, shape[0], *g.sizes(shape[1:3], kernel_shape[:2]), kernel_shape[3])
        got = (
            native_forward(x, kernel, bias, geometry=g)[0],
            native_input_gradient(dy, kernel, geometry=g, sizes=shape[1:3]),
            *native_weight_gradients(x, dy, geometry=g, taps=kernel_shape[:2]),
        )
        for name, ours, wanted in zip(
            ("y", "dx", "dk", "db"), got, reference(x, kernel, bias, dy, g), strict=True
        ):
            scale = max(np.abs(wanted).max(), 0.5)
            np.testing.assert_allclose(
                ours, wanted, rtol=0, atol=2e-5 * scale, err_msg=f"{name} {shape} {kernel_shape} {g}"
            )


@needs_kernels
@pytest.mark.parametrize("filters", [256, 272])
def test_outputs_that_no_cache_holds(filters):
    random = np.random.default_rng(5)
    x, kernel = floats(random, 6, 56, 56, 16), floats(random, 1, 1, 16, filters)
    bias = floats(random, filters)
    assert x.size // 16 * filters > 2**22
    got = jax.jit(lambda x: ops.conv2d_block(x, kernel, bias, relu=True))(x)
    rows, weights = (np.asarray(a, float).reshape(-1, a.shape[-1]) for a in (x, kernel))
    wanted = np.maximum(rows @ weights + np.asarray(bias, float), 0)
    np.testing.assert_allclose(np.reshape(got, wanted.shape), wanted, rtol=1e-5, atol=1e-5)


@needs_kernels
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_go_where_they_must(value):
    x = jnp.ones((1, 6, 6, 3)).at[0, 2, 2, 1].set(value)
    y = np.asarray(ops.conv2d(x, jnp.ones((3, 3, 3, 20))))
    touched = np.zeros((4, 4), bool)
    touched[:3, :3] = True
    assert (np.isfinite(y).all(axis=(0, 3)) == ~touched).all()
    pooled = ops.conv2d_block(x, jnp.ones((3, 3, 3, 20)), relu=True, pool=True)
    wanted = ops.max_pool(ops.relu(ops.conv2d(x, jnp.ones((3, 3, 3, 20)))), 2)
    np.testing.assert_array_equal(pooled, wanted)


@needs_kernels
def test_programs_for_a_cpu_call_the_library_and_vmap_does_not():
    x, kernel = jnp.ones((2, 6, 6, 3)), jnp.ones((3, 3, 3, 4))
    calls = jax.jit(jax.grad(lambda k: jnp.sum(ops.conv2d(x, k)))).lower(kernel).as_text()
    assert "striate_conv_kernel_gradient" in calls
    batched = jax.jit(jax.vmap(lambda image: ops.conv2d(image[None], kernel)[0]))
    assert "striate_conv" not in batched.lower(x).as_text()
    np.testing.assert_allclose(batched(x), ops.conv2d(x, kernel), rtol=1e-6)


@needs_kernels
def test_other_types_run_in_xla():
    x, kernel = jnp.ones((2, 6, 6, 3), jnp.bfloat16), jnp.ones((3, 3, 3, 4), jnp.bfloat16)
    assert ops.conv2d(x, kernel).dtype == jnp.bfloat16
    assert not _native.fit(x, kernel)


@needs_kernels
@pytest.mark.parametrize(
    "convolve",
    [
        lambda *a: ops.conv2d(*a, strides=2, padding="same"),
        lambda *a: ops.conv2d_block(*a, relu=True),
        lambda *a: ops.conv2d_block(*a, relu=True, pool=True),
    ],
)
def test_second_derivatives_are_those_of_pure_jax(monkeypatch, convolve):
    random = np.random.default_rng(3)
    x, kernel, bias = floats(random, 2, 7, 6, 3), floats(random, 3, 3, 3, 5), floats(random, 5)

    def bend(x, kernel, bias):
        slopes = jax.grad(lambda *a: jnp.sum(jnp.sin(convolve(*a))), (0, 1, 2))
        return sum(jnp.sum(jnp.square(slope)) for slope in slopes(x, kernel, bias))

    ours = jax.grad(bend, (0, 1, 2))(x, kernel, bias)
    monkeypatch.setattr(_native, "fit", lambda *arrays: False)
    for got, wanted in zip(ours, jax.grad(bend, (0, 1, 2))(x, kernel, bias), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-3)


PROGRAM = """
import hashlib, itertools, json, jax, jax.numpy as jnp, numpy as np
from striate import ops
from striate.ops import _native
random = np.random.default_rng(0)
digest, close = hashlib.sha256(), True
shapes = [((8, 30, 30, 3), 40), ((2, 16, 16, 70), 64), ((64, 12, 12, 1), 8), ((2, 30, 30, 16), 32)]
for precision, (shape, filters) in itertools.product(("float32", "bfloat16"), shapes):
    taps = (3, 3, shape[3], filters)
    x, k = (jnp.asarray(random.standard_normal(s), jnp.float32) for s in (shape, taps))
    def f(x, k):
        with ops.products_of(precision):
            return jnp.sum(jnp.sin(ops.conv2d_block(x, k, padding="same", relu=True, pool=True)))
    for array in jax.jit(jax.grad(f, (0, 1)))(x, k):
        digest.update(np.asarray(array).tobytes())
        close = close and bool(np.isfinite(array).all())
print(json.dumps([_native.isa(), digest.hexdigest(), close]))
"""


def run_with(**settings):
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", **settings}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


@needs_kernels
def test_results_are_bit_for_bit_the_same_from_run_to_run_and_for_any_number_of_threads():
    runs = [run_with(STRIATE_THREADS=threads) for threads in ("1", "2", "2")]
    assert runs[0] == runs[1] == runs[2]
    assert runs[0][2]


@pytest.mark.parametrize(
    ("settings", "isa"), [({"STRIATE_NATIVE": "0"}, None), ({"STRIATE_ISA": "plain"}, "plain")]
)
def test_the_environment_switches_the_kernels(settings, isa):
    if isa is not None and _native.isa() is None:
        pytest.skip("the kernels were not built")
    found, _, finite = run_with(**settings)
    assert found == isa
    assert finite


def square(random, direct):
    """A 3x3 convolution over whole vectors of channels, for which there is a way with fewer products."""
    n, rows, columns = random.integers(1, 5), *random.integers(6, 40, 2)
    depth, breadth = 16 * random.integers(1, 5, 2)
    pads = tuple((int(a), int(b)) for a, b in random.integers(0, 3, (2, 2)))
    g = Geometry((1, 1), pads, (1, 1), 1, direct)
    x, kernel = floats(random, n, rows, columns, depth), floats(random, 3, 3, depth, breadth)
    return x, kernel, floats(random, breadth), floats(random, n, *g.sizes(x.shape[1:3], (3, 3)), breadth), g


@needs_kernels
def test_fewer_products_give_the_reference_too():
    random = np.random.default_rng()
    for _ in range(12):
        x, kernel, bias, dy, g = square(random, direct=False)
        got = (
            native_forward(x, kernel, bias, geometry=g)[0],
            native_input_gradient(dy, kernel, geometry=g, sizes=x.shape[1:3]),
            *native_weight_gradients(x, dy, geometry=g, taps=(3, 3)),
        )
        for value, wanted in zip(got, reference(x, kernel, bias, dy, g), strict=True):
            np.testing.assert_allclose(value, wanted, rtol=0, atol=2e-5 * np.abs(wanted).max())


@needs_kernels
def test_depthwise_convolutions_have_kernels_of_their_own():
    random = np.random.default_rng()
    for _ in range(12):
        channels, taps = 16 * int(random.integers(1, 5)), tuple(random.choice([1, 3, 5], 2))
        shape = (*random.integers(1, 4, 1), *random.integers(5, 30, 2), channels)
        pads = tuple((int(a), int(b)) for a, b in random.integers(0, 3, (2, 2)))
        g = Geometry((int(random.integers(1, 4)), int(random.integers(1, 3))), pads, (1, 1), channels)
        x, kernel, bias = floats(random, *shape), floats(random, *taps, 1, channels), floats(random, channels)
        dy = floats(random, shape[0], *g.sizes(shape[1:3], taps), channels)
        value, back = jax.vjp(lambda *a: affine(*a, g), x, kernel, bias)  # noqa: B023
        assert fits(x, kernel, channels)
        for got, wanted in zip((value, *back(dy)), reference(x, kernel, bias, dy, g), strict=True):
            np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-5 * max(1, np.abs(wanted).max()))


@needs_kernels
def test_sums_in_order_are_asked_for_and_are_closer():
    random = np.random.default_rng(5)
    g = Geometry((1, 1), ((1, 1), (1, 1)), (1, 1), 1)
    x, kernel, bias = (floats(random, *shape) for shape in ((2, 24, 24, 32), (3, 3, 32, 32), (32,)))
    dy = floats(random, 2, 24, 24, 32)

    def text(x):
        return jax.jit(lambda x: ops.conv2d(x, kernel, bias, padding="same")).lower(x).as_text()

    assert "direct = 0" in text(x)
    jax.clear_caches()
    with ops.sums_in_order():
        assert "direct = 1" in text(x)
    wanted = reference(x, kernel, bias, dy, g)[0]
    errors = [
        np.abs(native_forward(x, kernel, bias, geometry=g._replace(direct=direct))[0] - wanted).max()
        for direct in (False, True)
    ]
    assert errors[1] < errors[0]


@needs_kernels
def test_a_record_holds_sums_in_order():
    model = Sequential([Input((16, 16, 16)), Conv2D(16, 3), Conv2D(16, 3)], seed=0)
    network, x = model.network, jnp.ones((2, 16, 16, 16))
    plain = jax.jit(lambda v, x: network.apply(v, x).output).lower(model.variables, x).as_text()
    shown = jax.jit(lambda v, x: network.apply(v, x, record=True).record).lower(model.variables, x).as_text()
    assert plain.count("direct = 0") == 2
    assert "direct = 1" not in plain
    assert shown.count("direct = 1") == 2
    assert "direct = 0" not in shown
    with ops.sums_in_order():
        asked = jax.jit(lambda v, x: network.apply(v, 1 * x).output).lower(model.variables, x).as_text()
    assert asked.count("direct = 1") == 2

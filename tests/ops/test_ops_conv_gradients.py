import jax
import jax.numpy as jnp
import numpy as np
import pytest
from adjoints import assert_bilinear_gradients, assert_canonical, quickly

from striate import ops
from striate.ops import _conv_gradients
from striate.ops._conv_gradients import Spec, convolve, input_gradient, kernel_gradient
from striate.ops._own_gradient import own_gradient

pytestmark = pytest.mark.usefixtures("without_kernels")


def draw(seed, *shape):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


OPERATIONS = {
    "dense kernel": (lambda x, k: ops.conv2d(x, k, padding="same"), (2, 4, 5, 2), (3, 3, 2, 2)),
    "strides, one convolution for all phases": (
        lambda x, k: ops.conv2d(x, k, strides=(2, 3)),
        (1, 7, 8, 2),
        (3, 4, 2, 2),
    ),
    "strides, a convolution for each phase": (
        lambda x, k: ops.conv2d(x, k, strides=2),
        (1, 5, 5, 17),
        (3, 2, 17, 1),
    ),
    "strides wider than the kernel": (lambda x, k: ops.conv2d(x, k, strides=3), (1, 7, 7, 8), (2, 1, 8, 1)),
    "dilation": (lambda x, k: ops.conv2d(x, k, dilation=2, padding=1), (1, 6, 5, 2), (3, 2, 2, 2)),
    "strides and dilation": (lambda x, k: ops.conv2d(x, k, None, 2, 1, 2), (1, 6, 7, 2), (3, 2, 2, 2)),
    "1x1": (lambda x, k: ops.conv2d(x, k, strides=2, padding=((1, 0), (0, 1))), (1, 4, 4, 3), (1, 1, 3, 2)),
    "groups": (lambda x, k: ops.conv2d(x, k, groups=2, padding="same"), (1, 4, 4, 4), (3, 3, 2, 4)),
    "depthwise": (
        lambda x, k: ops.depthwise_conv2d(x, k, strides=2, padding="same"),
        (1, 5, 6, 3),
        (3, 2, 3, 2),
    ),
    "transposed": (
        lambda x, k: ops.conv2d_transpose(x, k, strides=2, padding="same"),
        (1, 3, 3, 2),
        (3, 3, 2, 2),
    ),
    "transposed, kernel shorter than strides": (
        lambda x, k: ops.conv2d_transpose(x, k, strides=3),
        (1, 3, 2, 2),
        (2, 1, 2, 2),
    ),
    "rows": (lambda x, k: ops.conv1d(x, k, strides=2, padding="causal"), (2, 7, 2), (3, 2, 3)),
    "locally connected": (
        lambda x, k: ops.locally_connected2d(x, k, size=2, padding="same"),
        (1, 3, 3, 2),
        (3, 3, 8, 2),
    ),
    "dense": (ops.dense, (3, 4), (4, 2)),
}


@pytest.fixture(params=OPERATIONS, scope="module")
def operation(request):
    function, x_shape, kernel_shape = OPERATIONS[request.param]
    return function, draw(1, *x_shape), draw(2, *kernel_shape)


def test_gradients_equal_differences_at_a_step_as_large_as_the_values(operation):
    assert_bilinear_gradients(*operation)


def test_the_program_of_the_gradient_is_canonical(operation):
    function, x, kernel = operation
    assert_canonical(jax.grad(lambda x, kernel: jnp.sum(jnp.sin(function(x, kernel))), (0, 1)), x, kernel)


def test_the_program_of_the_gradient_of_the_gradient_is_canonical():
    def outer(x, kernel):
        inner = jax.grad(lambda x, kernel: jnp.sum(ops.conv2d(x, kernel, strides=2) ** 2), (0, 1))
        return sum(jnp.sum(gradient**2) for gradient in inner(x, kernel))

    assert_canonical(jax.grad(outer, (0, 1)), draw(1, 1, 5, 5, 2), draw(2, 3, 3, 2, 2))


def test_the_canonical_check_would_see_the_default_gradient():
    def default(x, kernel):
        order = ("NHWC", "HWIO", "NHWC")
        return jnp.sum(jax.lax.conv_general_dilated(x, kernel, (2, 2), "SAME", dimension_numbers=order) ** 2)

    with pytest.raises(AssertionError):
        assert_canonical(jax.grad(default, (0, 1)), draw(1, 1, 5, 5, 2), draw(2, 3, 3, 2, 2))


@pytest.mark.parametrize("mistake", ["x", "kernel"])
def test_the_gradient_check_sees_a_wrong_rule(mistake):
    spec = Spec((1, 1), ((1, 1), (1, 1)), (1, 1))

    def forward(x, kernel):
        return convolve(x, kernel, spec), (x, kernel)

    def backward(saved, dy):
        x, kernel = saved
        dx = input_gradient(dy, kernel, spec, x.shape[1:3])
        dkernel = kernel_gradient(x, dy, spec, kernel.shape[:2])
        if mistake == "x":  # the kernel is not turned round
            return input_gradient(dy, kernel[::-1, ::-1], spec, x.shape[1:3]), dkernel
        return dx, dkernel * 1.001

    wrong = own_gradient(forward, backward)(lambda x, kernel: convolve(x, kernel, spec))
    x, kernel = draw(1, 1, 4, 5, 2), draw(2, 3, 3, 2, 2)
    assert_bilinear_gradients(lambda x, kernel: convolve(x, kernel, spec), x, kernel)
    with pytest.raises(AssertionError):
        assert_bilinear_gradients(wrong, x, kernel)


@pytest.mark.parametrize(
    "name", ["strides, a convolution for each phase", "depthwise", "transposed", "dilation"]
)
def test_second_order_gradients_equal_differences(name):
    function, x_shape, kernel_shape = OPERATIONS[name]
    x, kernel = draw(3, *x_shape), draw(4, *kernel_shape)

    def penalty(operation, x, kernel):
        inner = jax.grad(lambda x, kernel: jnp.sum(operation(x, kernel) ** 3), (0, 1))(x, kernel)
        return sum(jnp.sum(gradient**2) for gradient in inner)

    with jax.enable_x64(True):
        x, kernel = x.astype(jnp.float64), kernel.astype(jnp.float64)
        direction = jax.tree.map(
            lambda a: jnp.cos(jnp.arange(a.size, dtype=a.dtype)).reshape(a.shape), (x, kernel)
        )
        given = quickly(jax.grad(lambda x, kernel: penalty(function, x, kernel), (0, 1)))(x, kernel)
        slope = sum(jnp.vdot(one, other) for one, other in zip(given, direction, strict=True))
        step, value = 1e-4, quickly(lambda x, kernel: penalty(function, x, kernel))
        above = value(x + step * direction[0], kernel + step * direction[1])
        below = value(x - step * direction[0], kernel - step * direction[1])
        found = (above - below) / (2 * step)
    np.testing.assert_allclose(slope, found, rtol=1e-5)


def test_jit_vmap_and_scan_agree_with_plain_calls():
    x, kernel = draw(5, 3, 2, 6, 6, 2), draw(6, 3, 3, 2, 4)

    def gradient(x):
        return jax.grad(lambda kernel: jnp.sum(jnp.tanh(ops.conv2d(x, kernel, strides=2, padding="same"))))(
            kernel
        )

    one_by_one = quickly(gradient)
    plain = jnp.stack([one_by_one(one) for one in x])
    _, scanned = quickly(lambda x: jax.lax.scan(lambda carry, one: (carry, gradient(one)), 0, x))(x)
    for other in (quickly(jax.vmap(gradient))(x), scanned):
        np.testing.assert_allclose(other, plain, rtol=1e-4, atol=1e-5)


def test_forward_mode_refuses_instead_of_being_wrong():
    x, kernel = draw(1, 1, 4, 4, 1), draw(2, 3, 3, 1, 1)
    with pytest.raises(TypeError, match="custom_vjp"):
        jax.jvp(lambda x: ops.conv2d(x, kernel), (x,), (x,))


def test_large_images_are_summed_in_parts_that_divide_them(monkeypatch):
    x, dy, spec = draw(7, 6, 6, 5, 2), draw(8, 6, 3, 2, 4), Spec((2, 2), ((1, 0), (0, 0)), (1, 1))
    whole = quickly(lambda: kernel_gradient(x, dy, spec, (2, 2)))()
    monkeypatch.setattr(_conv_gradients, "LARGE", 0)
    for cache in (1, 1000, 10**6):
        monkeypatch.setattr(_conv_gradients, "CACHE", cache)
        parts = quickly(lambda: kernel_gradient(x, dy, spec, (2, 2)))()
        np.testing.assert_allclose(parts, whole, rtol=1e-5, atol=1e-5)
    assert [_conv_gradients._parts(6, each) for each in (10**5, 2 * 10**5, 3 * 10**5, 10**7)] == [1, 2, 2, 6]

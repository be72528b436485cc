"""Layers that Keras 3 lacks, against slow references; intermediates and states that layers give back."""

import jax.numpy as jnp
import numpy as np
import pytest

import references
import striate.layers as layers


def numbers(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def local_reference(x, kernel, bias, size, strides, pads):
    """A window with weights of its own at each place, one place after the other."""
    x = np.pad(x.astype(np.float64), ((0, 0), *pads, (0, 0)))
    out = np.zeros((len(x), *kernel.shape[:2], kernel.shape[-1]))
    for i, j in np.ndindex(kernel.shape[:2]):
        top, left = i * strides[0], j * strides[1]
        patch = x[:, top : top + size[0], left : left + size[1]].reshape(len(x), -1)
        out[:, i, j] = patch @ kernel[i, j] + bias[i, j]
    return out


@pytest.mark.parametrize(("strides", "pads"), [((1, 1), ((0, 0), (0, 0))), ((2, 1), ((1, 0), (2, 1)))])
def test_locally_connected_pictures(strides, pads):
    layer = layers.LocallyConnected2D(3, (3, 2), strides=strides, padding=pads)
    x = numbers(1, 2, 5, 6, 2)
    weights = {name: numbers(2, *weight.shape) for name, weight in layer.weights(x.shape[1:]).items()}
    expected = local_reference(x, weights["kernel"], weights["bias"], (3, 2), strides, pads)
    y = layer.forward({name: jnp.asarray(array) for name, array in weights.items()}, jnp.asarray(x)).output
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_locally_connected_rows(padding):
    layer = layers.LocallyConnected1D(3, 3, strides=2, padding=padding)
    x = numbers(3, 2, 7, 2)
    weights = {name: numbers(4, *weight.shape) for name, weight in layer.weights(x.shape[1:]).items()}
    pads = ((0, 0), layer.window(x.shape[1:]).padding[0])
    expected = local_reference(
        x[:, None], weights["kernel"][None], weights["bias"][None], (1, 3), (1, 2), pads
    )
    y = layer.forward({name: jnp.asarray(array) for name, array in weights.items()}, jnp.asarray(x)).output
    np.testing.assert_allclose(y, expected[:, 0], rtol=1e-4, atol=1e-5)


def test_a_local_layer_with_equal_weights_is_a_convolution():
    conv, local = layers.Conv2D(3, 3, strides=2), layers.LocallyConnected2D(3, 3, strides=2)
    x, kernel, bias = (jnp.asarray(numbers(5, *shape)) for shape in ((2, 7, 7, 2), (3, 3, 2, 3), (3,)))
    everywhere = {
        "kernel": jnp.broadcast_to(kernel.reshape(1, 1, 18, 3), (3, 3, 18, 3)),
        "bias": jnp.broadcast_to(bias[None, None], (3, 3, 3)),
    }
    expected = conv.forward({"kernel": kernel, "bias": bias}, x).output
    np.testing.assert_allclose(local.forward(everywhere, x).output, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("edges", ["drop", "keep"])
def test_l2_pooling_is_the_length_of_its_windows(edges):
    x = numbers(6, 1, 5, 7, 2)
    layer = layers.L2Pooling2D(2, edges=edges)
    rows, columns = layer.output_shape(x.shape[1:])[:2]
    expected = np.array(
        [
            [np.sqrt((x[0, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2] ** 2).sum((0, 1))) for j in range(columns)]
            for i in range(rows)
        ]
    )
    np.testing.assert_allclose(layer.forward({}, jnp.asarray(x)).output[0], expected, rtol=1e-5)


def test_convolutions_beyond_keras_against_the_slow_reference():
    x, kernel = numbers(7, 1, 9, 8, 2), numbers(8, 3, 3, 2, 3)
    layer = layers.Conv2D(3, 3, strides=2, dilation_rate=2, padding=((1, 2), (0, 1)), use_bias=False)
    expected = references.conv2d(x, kernel, None, 2, ((1, 2), (0, 1)), 2)
    y = layer.forward({"kernel": jnp.asarray(kernel)}, jnp.asarray(x)).output
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-5)


def test_causal_convolution_does_not_see_the_future():
    layer = layers.Conv1D(2, 3, padding="causal", dilation_rate=2)
    x = jnp.asarray(numbers(9, 1, 8, 2))
    weights = {name: jnp.asarray(numbers(10, *w.shape)) for name, w in layer.weights((8, 2)).items()}
    before, after = (layer.forward(weights, value).output for value in (x, x.at[0, 5].add(1.0)))
    assert before.shape == (1, 8, 2)
    np.testing.assert_array_equal(before[0, :5], after[0, :5])
    assert not np.allclose(before[0, 5:], after[0, 5:])


def test_a_fused_activation_leaves_its_argument():
    x = jnp.asarray(numbers(11, 2, 4))
    weights = {"kernel": jnp.asarray(numbers(12, 4, 3)), "bias": jnp.zeros(3)}
    plain, fused = (layers.Dense(3, activation=name).forward(weights, x) for name in (None, "relu"))
    assert dict(plain.inside) == {}
    assert list(fused.inside) == ["preactivation"]
    np.testing.assert_array_equal(fused.inside["preactivation"], plain.output)
    np.testing.assert_array_equal(fused.output, np.maximum(plain.output, 0))


def test_a_separable_convolution_leaves_its_first_half():
    layer, x = layers.SeparableConv2D(3, 2, activation="relu"), jnp.asarray(numbers(13, 1, 4, 4, 2))
    weights = {name: jnp.asarray(numbers(14, *w.shape)) for name, w in layer.weights((4, 4, 2)).items()}
    inside = layer.forward(weights, x).inside
    assert list(inside) == ["depthwise", "preactivation"]
    depthwise = layers.DepthwiseConv2D(2, use_bias=False)
    expected = depthwise.forward({"kernel": weights["depthwise_kernel"]}, x).output
    np.testing.assert_array_equal(inside["depthwise"], expected)


def test_moving_averages_approach_the_statistics_of_the_data():
    layer = layers.BatchNormalization(momentum=0.5)
    state = {name: w.initializer(None, w.shape) for name, w in layer.weights((3,)).items()}
    x = jnp.asarray(numbers(15, 200, 3)) * 2 + 1
    for _ in range(25):
        state |= layer.forward(state, x, train=True).state
    np.testing.assert_allclose(state["moving_mean"], np.mean(x, 0), rtol=1e-5)
    np.testing.assert_allclose(state["moving_variance"], np.var(x, 0), rtol=1e-4)
    np.testing.assert_array_equal(state["gamma"], np.ones(3))


def test_local_response_normalization_by_hand():
    layer = layers.LocalResponseNormalization(size=3, alpha=1, beta=1, k=1)
    y = layer.forward({}, jnp.array([[1.0, 2.0, 3.0]])).output
    np.testing.assert_allclose(y, [[1 / 6, 2 / 15, 3 / 14]], rtol=1e-6)

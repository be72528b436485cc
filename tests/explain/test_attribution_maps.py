"""Maps of classes against loops by hand, masks against whole pictures, and what a result shows."""

import jax
import numpy as np
import pytest
from attribution_networks import binary, plain, reading_of, residual
from numpy_network import aimed, difference_quotient, numpy_run, scores

from striate import layers
from striate.applications import resnet18, vgg16
from striate.errors import ArgumentError
from striate.explain import read
from striate.explain.attribution import (
    METHODS,
    attribute,
    class_activation,
    grad_cam,
    grad_cam_plus_plus,
    layer_cam,
    rise,
    score_cam,
)
from striate.explain.attribution._aim import aim_at
from striate.explain.attribution._layers import choose_layer
from striate.models import Input, Sequential


@pytest.fixture(scope="module", params=[(plain, "conv2"), (residual, "sum")])
def at_layer(request):
    """A reading, a layer's name, its values and the score's slopes for them, in float64."""
    make, layer = request.param
    reading = reading_of(make)
    name, weights = reading.network.inputs[0].name, np.asarray(aim_at(reading, 0).weights)
    values = numpy_run(reading.network, reading.variables, {name: reading.x})[layer]

    def score(values):
        given = {name: np.asarray(reading.x), layer: values}
        return (scores(reading.network, reading.variables, given) * weights).sum(1)

    return reading, layer, values, difference_quotient(score, values)


def by_place(values, weigh):
    """relu(sum over channels of weight times value), one place after the other."""
    found = np.zeros(values.shape[:3])
    for n, i, j in np.ndindex(*found.shape):
        found[n, i, j] = max(0.0, sum(weigh(n, k, i, j) * values[n, i, j, k] for k in range(values.shape[3])))
    return found


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=1e-4 * np.abs(expected).max() + 1e-7)


def test_grad_cam(at_layer):
    reading, layer, values, slopes = at_layer
    expected = by_place(values, lambda n, k, i, j: slopes[n, :, :, k].mean())
    close(grad_cam(reading, 0, layer=layer).values, expected)


def test_grad_cam_plus_plus(at_layer):
    reading, layer, values, slopes = at_layer

    def weigh(n, k, i, j):
        g, total = slopes[n, :, :, k], values[n, :, :, k].sum()
        under = 2 * g**2 + total * g**3
        shares = [g[p] ** 2 / under[p] if abs(under[p]) > 1e-12 else 0.0 for p in np.ndindex(g.shape)]
        return sum(share * max(0.0, one) for share, one in zip(shares, g.ravel(), strict=True))

    close(grad_cam_plus_plus(reading, 0, layer=layer).values, by_place(values, weigh))


def test_layer_cam(at_layer):
    reading, layer, values, slopes = at_layer
    expected = by_place(values, lambda n, k, i, j: max(0.0, slopes[n, i, j, k]))
    close(layer_cam(reading, 0, layer=layer).values, expected)


def test_class_activation_maps_average_to_the_score():
    reading = reading_of(residual)
    found = class_activation(reading, 2)
    bias = float(reading.variables["params"]["head"]["bias"][2])
    np.testing.assert_allclose(found.values.mean((1, 2)) + bias, found.aim.scores, rtol=1e-4)
    assert found.layer == "both"


def test_class_activation_maps_need_a_global_average():
    with pytest.raises(ArgumentError) as refused:
        class_activation(reading_of(plain))
    assert str(refused.value) == (
        "cam: the scores come from dense2, which reads dense1; expected a network that ends in "
        "GlobalAveragePooling2D and one Dense layer.\n  Use grad-cam, which any convolutional network has."
    )


def test_score_cam_asks_about_the_picture_through_every_channel():
    reading = reading_of(plain, 2)
    name, weights = reading.network.inputs[0].name, aim_at(reading, 0).weights
    values = numpy_run(reading.network, reading.variables, {name: reading.x})["conv2"]
    seen = []
    for k in range(values.shape[-1]):
        mask = np.asarray(jax.image.resize(values[..., k], (2, 10, 8), "bilinear"))
        low, high = mask.min((1, 2), keepdims=True), mask.max((1, 2), keepdims=True)
        mask = (mask - low) / np.where(high > low, high - low, 1)
        seen.append(aimed(reading, weights, mask[..., None] * np.asarray(reading.x)))
    shares = np.exp(np.array(seen)) / np.exp(np.array(seen)).sum(0)
    expected = by_place(values, lambda n, k, i, j: shares[k, n])
    close(score_cam(reading, 0).values, expected)


def test_rise_of_a_network_that_looks_at_one_place_finds_that_place():
    model = Sequential([Input((12, 12, 1)), layers.Flatten(), layers.Dense(2, use_bias=False)])
    kernel = np.zeros((144, 2), np.float32)
    kernel[3 * 12 + 8, 1] = 6.0
    model.set_weights([kernel])
    reading = read(model, np.ones((2, 12, 12, 1), np.float32))
    found = rise(reading, 1, masks=300, cells=4, seed=1).values
    row, column = np.unravel_index(found[0].argmax(), (12, 12))
    assert abs(row - 3) + abs(column - 8) <= 2
    np.testing.assert_allclose(found[0], found[1], rtol=1e-5)
    assert np.abs(found - rise(reading, 1, masks=300, cells=4, seed=2).values).max() > 0


def test_rise_counts_exactly_the_masks_asked_for():
    """With a constant score of 1 the map is the mean of the masks over `visible`: near 1 for many masks."""
    model = Sequential([Input((6, 6, 1)), layers.Flatten(), layers.Dense(1)])
    model.set_weights([np.zeros((36, 1), np.float32), np.ones(1, np.float32)])
    found = rise(read(model, np.zeros((1, 6, 6, 1), np.float32)), 0, masks=501, cells=2).values
    assert found.mean() == pytest.approx(1, abs=0.06)


@pytest.mark.parametrize(
    ("make", "layer"),
    [
        (lambda: resnet18((64, 64, 3), classes=4), "layer4.1.out"),
        (lambda: vgg16((64, 64, 3), classes=4), "features.28"),
        (lambda: reading_of(plain), "conv2"),
        (lambda: reading_of(residual), "both"),
    ],
)
def test_the_layer_is_the_last_map_before_pooling(make, layer):
    assert choose_layer(make().network)[0] == layer


def test_layers_that_are_no_map_are_refused():
    with pytest.raises(ArgumentError) as refused:
        grad_cam(reading_of(plain), layer="dense1")
    assert str(refused.value) == (
        "layer: got 'dense1', which is no map on the way to the scores; "
        "expected the name of a layer with rows and columns.\n"
        "  There are: conv1/preactivation, conv1, pool1, conv2/preactivation, conv2."
    )
    model = Sequential([Input((6, 6, 1)), layers.Flatten(), layers.Dense(3)])
    with pytest.raises(ArgumentError) as refused:
        grad_cam(read(model, np.zeros((1, 6, 6, 1), np.float32)))
    assert str(refused.value) == (
        "layer: no value on the way to the scores is a map of more than one place; "
        "expected a convolutional network.\n"
        "  Choose a method of pixels, such as integrated-gradients."
    )


@pytest.mark.parametrize("name", METHODS)
def test_every_method_gives_finite_maps_and_a_page(name):
    reading = reading_of(residual, 2)
    options = {"masks": 20} if name == "rise" else {"samples": 3} if name == "smoothgrad" else {}
    found = attribute(reading, method=name, target=[1, 0], **options)
    assert found.method == name
    assert found.maps.shape == (2, 9, 9)
    assert np.isfinite(found.values).all()
    assert found.signed or found.values.min() >= 0
    assert "why 1, 0" in found.page()
    assert found.pixels().shape[-1] == 3
    assert ("Beware" in found.text()) == (name in ("guided-backpropagation", "deconvnet"))


def test_names_and_options_are_checked():
    reading = reading_of(binary)
    assert attribute(reading, method="Integrated_Gradients").method == "integrated-gradients"
    with pytest.raises(ArgumentError) as refused:
        attribute(reading, method="gradcam")
    assert str(refused.value) == (
        "method: there is no method 'gradcam'; expected a name of METHODS.\n  Did you mean 'grad-cam'?"
    )
    with pytest.raises(ArgumentError) as refused:
        attribute(reading, method="grad-cam", steps=3, window=2)
    assert str(refused.value) == (
        "2 problems:\n"
        "1. steps: unknown option; expected an option of grad-cam: layer, rectified.\n  Leave it out.\n"
        "2. window: unknown option; expected an option of grad-cam: layer, rectified.\n  Leave it out."
    )


def test_a_result_says_class_probability_and_place():
    reading = reading_of(plain, 2)
    found = attribute(reading, method="gradient")
    line = found.text().splitlines()[-2]
    row, column = np.unravel_index(np.abs(found.maps[0]).argmax(), (10, 8))
    assert line.startswith("0")
    assert found.aim.words(0) in line
    assert f"({row}, {column})" in line
    share = float(np.asarray(reading.output)[0].max())
    assert found.aim.words(0) == f"{found.aim.classes[0]} ({100 * share:.1f} %)"

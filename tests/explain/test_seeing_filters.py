"""Filters, feature maps and templates are the network's own numbers."""

import numpy as np
import pytest
from seeing_networks import NAMES, pictures, scaled, small, weight

import references
from striate import layers
from striate.explain import feature_maps, filters, read, templates
from striate.models import Input, Sequential


@pytest.fixture(scope="module")
def model():
    return small()


def one_layer(layer, shape=(7, 7, 3)):
    return Sequential([Input(shape), layer], seed=np.random.default_rng().integers(1000).item())


def test_filters_are_the_kernel(model):
    shown = filters(model, "b", (4, 1))
    np.testing.assert_array_equal(shown.kernel, weight(model, "b")[..., [4, 1]].astype(np.float32))
    assert filters(model).title == "Filters of a"
    assert filters(model).kernel.shape == (3, 3, 3, 8)


@pytest.mark.parametrize(
    "layer",
    [
        layers.DepthwiseConv2D(3, depth_multiplier=2),
        layers.SeparableConv2D(4, 3, depth_multiplier=2),
        layers.Conv2D(6, 3, groups=3),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_filters_of_every_kind_answer_to_a_point_with_themselves(layer):
    model = one_layer(layer)
    bare = [w if w.ndim > 1 else 0 * w for w in model.get_weights()]
    model.set_weights(bare)
    kernel = filters(model).kernel
    for colour in range(3):
        x = np.zeros((1, 7, 7, 3), np.float32)
        x[0, 3, 3, colour] = 1
        answer = np.asarray(read(model, x).output)[0, 1:4, 1:4][::-1, ::-1]
        for number in range(kernel.shape[-1]):
            if isinstance(layer, layers.SeparableConv2D):
                own = kernel[:, :, colour, number]
            else:
                group = number // (kernel.shape[-1] // 3)
                own = kernel[:, :, 0, number] if group == colour else 0 * kernel[:, :, 0, number]
            np.testing.assert_allclose(answer[..., number], own, atol=1e-6)


def test_filters_of_a_transposed_convolution_are_what_a_point_paints():
    model = one_layer(layers.Conv2DTranspose(4, 3))
    x = np.zeros((1, 7, 7, 3), np.float32)
    x[0, 0, 0, 1] = 1
    painted = np.asarray(read(model, x).output)[0, :3, :3]
    np.testing.assert_allclose(filters(model).kernel[:, :, 1], painted, atol=1e-6)


def test_filters_in_pixels_are_the_kernels_one_through_the_other():
    model = Sequential(
        [
            Input((20, 20, 3)),
            layers.Conv2D(4, 3, activation="relu", name="a"),
            layers.BatchNormalization(name="n"),
            layers.LeakyReLU(name="l"),
            layers.MaxPooling2D(2, name="p"),
            layers.Conv2D(5, 2, activation="tanh", name="b"),
        ],
        seed=7,
    )
    shown = filters(model, "b", (3, 0), by="pixels")
    first, second = weight(model, "a"), weight(model, "b")
    scale = 1 / np.sqrt(1 + 1e-3)
    expected = np.zeros((6, 6, 3, 5))
    for i, j, u, v in np.ndindex(2, 2, 2, 2):
        part = np.einsum("hwcm,mf->hwcf", first, second[i, j]) * scale / 4
        expected[2 * i + u : 2 * i + u + 3, 2 * j + v : 2 * j + v + 3] += part
    np.testing.assert_allclose(shown.kernel, expected[..., [3, 0]], atol=1e-6)


def test_feature_maps_are_what_apply_records(model):
    image = pictures(1)[0]
    shown = feature_maps(model, image, ("a/preactivation", "b"), most=3, strongest=True)
    x = model.preprocessing.scale_pixels(image[None])
    record = model.network.apply(model.variables, x, record=True).record
    for name in ("a/preactivation", "b"):
        np.testing.assert_allclose(shown.maps[name], record[name][0], atol=1e-6)
    means = np.abs(shown.maps["b"]).mean((0, 1))
    assert shown.channels_of("b") == sorted(range(6), key=lambda c: -means[c])[:3]
    assert list(feature_maps(model, image).maps) == ["a", "b"]
    np.testing.assert_array_equal(shown.picture, image)


def test_a_map_is_the_references_convolution(model):
    image = pictures(1)[0]
    expected = references.conv2d(scaled(image[None]), weight(model, "a"), weight(model, "a", "bias"))
    found = feature_maps(model, image, "a/preactivation").maps["a/preactivation"]
    np.testing.assert_allclose(found, expected[0], atol=1e-5)


@pytest.mark.parametrize("scaled", [False, True])
def test_templates_are_the_weights_on_pixels(scaled):
    front = [layers.Rescaling(1 / 255)] if scaled else []
    model = Sequential([Input((5, 6, 3)), *front, layers.Flatten(), layers.Dense(4, name="d")])
    model.class_names = NAMES
    shown = templates(model, units=(2, 0))
    x = np.random.default_rng().normal(size=(5, 6, 3)).astype(np.float32)
    scores = np.asarray(read(model, x).output)[0]
    seen = x / 255 if scaled else x
    np.testing.assert_allclose(
        [(seen * shown.weights[..., i]).sum() + shown.bias[i] for i in range(2)], scores[[2, 0]], atol=1e-5
    )
    assert shown.names == ("<b>cat</b>", "ant")
    assert "<b>cat" not in shown.page()


def test_hidden_units_have_numbers_for_names_and_a_sheet_when_there_are_many():
    model = Sequential(
        [Input((4, 4, 1)), layers.Flatten(), layers.Dense(20, use_bias=False), layers.Dense(2)]
    )
    model.class_names = ("yes", "no")
    shown = templates(model)
    assert shown.names[:2] == ("0", "1")
    assert not shown.bias.any()
    assert len(shown.parts()) == 2

"""Deconvnet and guided backpropagation of a unit, against unpooling and transposed convolution by hand."""

import numpy as np
import pytest
from seeing_networks import pictures, scaled, small, weight

import references
from striate import layers
from striate.explain import project_unit
from striate.models import Input, Sequential


@pytest.fixture(scope="module")
def model():
    return small()


def forward(model, x):
    """Every number that the way back needs, in slow loops."""
    a = references.conv2d(x, weight(model, "a"), weight(model, "a", "bias"))
    pooled, switches = pool_with_switches(np.maximum(a, 0))
    b = references.conv2d(pooled, weight(model, "b"), weight(model, "b", "bias"), padding="same")
    return {"a": a, "switches": switches, "b": b}


def pool_with_switches(x):
    """2x2 maxima, and for each where it was; the first among equals."""
    n, height, width, channels = x.shape
    pooled = np.zeros((n, height // 2, width // 2, channels))
    switches = np.zeros((*pooled.shape, 2), int)
    for index in np.ndindex(*pooled.shape):
        m, i, j, c = index
        window = x[m, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2, c]
        u, v = np.unravel_index(window.argmax(), (2, 2))
        pooled[index], switches[index] = window[u, v], (2 * i + u, 2 * j + v)
    return pooled, switches


def unpool(signal, switches, shape):
    """Each number back where its maximum was, zeros elsewhere."""
    back = np.zeros(shape)
    for index in np.ndindex(*signal.shape):
        row, column = switches[index]
        back[index[0], row, column, index[3]] += signal[index]
    return back


def turned_round(signal, kernel, before):
    """The transposed convolution of stride 1: each number paints its filter."""
    n, height, width = signal.shape[:3]
    size = kernel.shape[0]
    canvas = np.zeros((n, height + size - 1, width + size - 1, kernel.shape[2]))
    for m, i, j, f in np.ndindex(*signal.shape):
        canvas[m, i : i + size, j : j + size] += signal[m, i, j, f] * kernel[..., f]
    return canvas[:, before : canvas.shape[1] - before, before : canvas.shape[2] - before]


def by_hand(model, x, unit, rule):
    """The unit's value sent back by Zeiler and Fergus' recipe, or by guided backpropagation."""
    made = forward(model, x)
    signal = np.zeros(made["b"].shape)
    signal[(0, *unit)] = np.maximum(made["b"], 0)[(0, *unit)]
    signal = rule(signal, made["b"])
    signal = turned_round(signal, weight(model, "b"), 1)
    signal = unpool(signal, made["switches"], made["a"].shape)
    signal = rule(signal, made["a"])
    return turned_round(signal, weight(model, "a"), 0)[0]


RULES = {
    "deconvnet": lambda signal, z: np.maximum(signal, 0),
    "guided": lambda signal, z: np.maximum(signal, 0) * (z > 0),
    "gradient": lambda signal, z: signal * (z > 0),
}


@pytest.mark.parametrize("by", RULES)
def test_it_is_the_recipe_by_hand(model, by):
    image = pictures(1)[0]
    made = project_unit(model, image, "b", by=by)
    spot, channel = made.title.rsplit(" at ")[1], int(made.title.split("channel ")[1].split(" ")[0])
    unit = (*map(int, spot.strip("()").split(", ")), channel)
    x = scaled(image[None])
    assert made.value == pytest.approx(np.maximum(forward(model, x)["b"], 0).max(), abs=1e-5)
    np.testing.assert_allclose(made.projected, by_hand(model, x, unit, RULES[by]), atol=1e-6)
    assert np.abs(made.projected).max() > 1e-3


def test_a_unit_can_be_named(model):
    image = pictures(1)[0]
    made = project_unit(model, image, "b", 2, (4, 1))
    np.testing.assert_allclose(
        made.projected, by_hand(model, scaled(image[None]), (4, 1, 2), RULES["deconvnet"]), atol=1e-6
    )
    (top, bottom), (left, right) = made.box
    outside = made.projected.copy()
    outside[top : bottom + 1, left : right + 1] = 0
    assert not outside.any()


def test_a_channel_alone_means_its_largest_value_and_a_position_alone_the_largest_there(model):
    image = pictures(1)[0]
    maps = np.maximum(forward(model, scaled(image[None]))["b"][0], 0)
    assert project_unit(model, image, "b", 4).value == pytest.approx(maps[..., 4].max(), abs=1e-5)
    assert project_unit(model, image, "b", position=(2, 3)).value == pytest.approx(maps[2, 3].max(), abs=1e-5)


def test_flat_units_have_no_position(model):
    made = project_unit(model, pictures(1)[0], "answer", by="guided")
    assert made.title.startswith("Guided backpropagation of answer, channel ")
    assert made.box == ((0, 13), (0, 13))


def test_guided_backpropagation_says_that_it_fails(model):
    made = project_unit(model, pictures(1)[0], "b", by="guided")
    assert "fails sanity checks" in made.page()
    assert "Nie, Zhang and Patel" in project_unit(model, pictures(1)[0], "b").text()


def test_relu_layers_count_as_rectifiers():
    fused = [layers.Conv2D(4, 3, activation="relu", name="a"), layers.Conv2D(2, 3, name="b")]
    apart = [layers.Conv2D(4, 3, name="a"), layers.ReLU(), layers.Conv2D(2, 3, name="b")]
    one, two = (Sequential([Input((9, 9, 1)), *some], seed=5) for some in (fused, apart))
    two.set_weights(one.get_weights())
    x = np.random.default_rng().normal(size=(9, 9, 1)).astype(np.float32)
    for by in RULES:
        np.testing.assert_allclose(
            project_unit(one, x, "b", 0, (2, 2), by=by).projected,
            project_unit(two, x, "b", 0, (2, 2), by=by).projected,
            atol=1e-6,
        )

"""Occlusion against loops over covered pictures in float64, and regions against whole pictures."""

import numpy as np
import pytest
from attribution_networks import binary, plain, reading_of, residual
from numpy_network import aimed, numpy_run

from striate import layers
from striate.errors import ArgumentError, ShapeError
from striate.explain import read
from striate.explain.attribution import _reach, occlusion
from striate.explain.attribution._aim import aim_at
from striate.explain.attribution._parts import toward_scores
from striate.explain.attribution._reach import follow, plan
from striate.explain.attribution.occlusion import _occluder, windows_on
from striate.models import Input, Model, Sequential


def by_hand(reading, window, stride, base):
    """The mean drop of the windows over each pixel, one covered picture after the other."""
    x, weights = np.asarray(reading.x, np.float64), aim_at(reading, 0).weights
    whole = aimed(reading, weights, x)
    height, width = x.shape[1:3]
    sums, counts = np.zeros(x.shape[:3]), np.zeros(x.shape[:3])
    top = 0
    while True:
        left = 0
        while True:
            covered = x.copy()
            place = (slice(None), slice(top, top + window[0]), slice(left, left + window[1]))
            covered[place] = base[place]
            sums[place] += (whole - aimed(reading, weights, covered))[:, None, None]
            counts[place] += 1
            if left + window[1] >= width:
                break
            left += stride[1]
        if top + window[0] >= height:
            break
        top += stride[0]
    return sums / counts


@pytest.fixture
def always(monkeypatch):
    """Regions are used as far as they go, whether or not they spare work."""
    monkeypatch.setattr(_reach, "COPY", 0)
    _occluder.cache_clear()
    yield
    _occluder.cache_clear()


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize(
    ("make", "window", "stride"),
    [(plain, (3, 2), (2, 1)), (residual, (2, 2), (2, 2)), (binary, (6, 6), (6, 6)), (plain, (1, 1), (1, 1))],
)
def test_the_map_is_the_mean_drop_of_the_windows_over_a_pixel(make, window, stride):
    reading = reading_of(make)
    base = np.random.default_rng(1).normal(size=reading.x.shape).astype(np.float32)
    found = occlusion(reading, 0, window=window, stride=stride, baseline=base).values
    expected = by_hand(reading, window, stride, base.astype(np.float64))
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_regions_are_exactly_what_a_window_changes():
    """Every value outside its region stays, whatever the window holds; at its borders some value moves."""
    reading, windows = reading_of(residual), windows_on((9, 9), (2, 3), (2, 2))
    program, name = toward_scores(reading.network), reading.network.inputs[0].name
    regions = follow(program, name, windows)
    assert {"stem", "sum", "both"} <= set(regions)
    x = np.asarray(reading.x, np.float64)
    still = numpy_run(reading.network, reading.variables, {name: x})
    for index, (top, left, bottom, right) in enumerate(windows):
        moved = x.copy()
        moved[:, top : bottom + 1, left : right + 1] += 10
        values = numpy_run(reading.network, reading.variables, {name: moved})
        for path, region in regions.items():
            if path not in values:
                continue
            changed = np.argwhere((values[path] != still[path]).any((0, 3)))
            assert (changed >= region.low[index]).all(), path
            assert (changed <= region.high[index]).all(), path
    stem = np.argwhere((values["stem"] != still["stem"]).any((0, 3)))
    np.testing.assert_array_equal(
        [stem.min(0), stem.max(0)], [regions["stem"].low[-1], regions["stem"].high[-1]]
    )


def odd(padding, strides, dilation, edges):
    """A network of unusual windows: dilation, wide strides, partial pooling windows."""
    image = Input((14, 13, 2))
    x = layers.Conv2D(3, (3, 2), strides=strides, padding=padding, dilation_rate=dilation, activation="relu")(
        image
    )
    x = layers.MaxPooling2D(2, strides=1, padding="same")(x)
    y = layers.DepthwiseConv2D(3, padding="same", activation="tanh")(x)
    y = layers.Multiply()([y, layers.SeparableConv2D(3, 3, padding="same")(x)])
    y = layers.AveragePooling2D(2, edges=edges)(y)
    return Model(image, layers.Dense(3)(layers.Flatten()(layers.Conv2D(4, 3, strides=2)(y))))


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize(
    ("padding", "strides", "dilation", "edges"),
    [
        ("same", 1, 2, "drop"),
        (((2, 0), (0, 1)), 1, 1, "drop"),
        ("valid", 1, (1, 3), "keep"),
        ("same", 2, 1, "drop"),
    ],
)
def test_unusual_windows_give_the_numbers_of_whole_pictures(padding, strides, dilation, edges):
    model = odd(padding, strides, dilation, edges)
    reading = read(model, np.random.default_rng(2).normal(size=(2, 14, 13, 2)).astype(np.float32))
    windows = windows_on((14, 13), (3, 4), (2, 3))
    planned = plan(toward_scores(model.network), model.network.inputs[0].name, windows)
    assert len(planned.stages) >= 3
    found = occlusion(reading, 1, window=(3, 4), stride=(2, 3)).values
    expected = np.zeros(found.shape)
    counts = np.zeros(found.shape)
    for top, left, bottom, right in windows:
        covered = np.asarray(reading.x).copy()
        covered[:, top : bottom + 1, left : right + 1] = 0
        drop = np.asarray(reading.scores)[:, 1] - model.predict(covered)[:, 1]
        expected[:, top : bottom + 1, left : right + 1] += drop[:, None, None]
        counts[:, top : bottom + 1, left : right + 1] += 1
    np.testing.assert_allclose(found, expected / counts, rtol=1e-3, atol=1e-5)


def test_regions_are_used_where_they_spare_work():
    network = Sequential(
        [
            Input((64, 64, 3)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(4),
            layers.Conv2D(16, 3),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2),
        ]
    ).network
    planned = plan(toward_scores(network), network.inputs[0].name, windows_on((64, 64), (8, 8), (4, 4)))
    assert planned.cut == "conv3"
    assert [stage.name for stage in planned.stages] == ["conv1", "conv2", "pool1", "conv3"]
    assert planned.regions["conv2"].size == (12, 12)
    dense = Sequential([Input((8, 8, 1)), layers.Flatten(), layers.Dense(2)]).network
    assert plan(toward_scores(dense), dense.inputs[0].name, windows_on((8, 8), (2, 2), (1, 1))).stages == ()


def test_two_inputs_cover_only_the_first():
    first, second = Input((6, 6, 1)), Input((6, 6, 1))
    x = layers.Add()([layers.Conv2D(2, 3, activation="relu")(first), layers.Conv2D(2, 3)(second)])
    model = Model([first, second], layers.Dense(2)(layers.Flatten()(x)))
    rng = np.random.default_rng(3)
    x, y = (rng.normal(size=(2, 6, 6, 1)).astype(np.float32) for _ in range(2))
    found = occlusion(read(model, (x, y)), 0, window=3, stride=3).values
    covered = x.copy()
    covered[:, 3:, :3] = 0
    drop = model.predict([x, y])[:, 0] - model.predict([covered, y])[:, 0]
    np.testing.assert_allclose(found[:, 5, 0], drop, rtol=1e-4, atol=1e-6)


def test_wrong_windows_are_refused():
    reading = reading_of(binary)
    with pytest.raises(ArgumentError) as refused:
        occlusion(reading, window=7)
    assert str(refused.value) == (
        "window: 7x7 is larger than the picture; expected at most 6x6.\n  Choose a smaller window."
    )
    with pytest.raises(ArgumentError) as refused:
        occlusion(reading, window=2, stride=3)
    assert str(refused.value) == (
        "stride: 3x3 steps over pixels that no window covers; expected at most the window, 2x2.\n"
        "  Choose a smaller stride, or a larger window."
    )
    with pytest.raises(ArgumentError) as refused:
        occlusion(reading, window=0)
    assert str(refused.value) == (
        "window: got 0; expected a whole number of at least 1, or two.\n"
        "  Write for instance window=4 or window=(4, 6)."
    )
    rows = read(
        Sequential([Input((8, 2)), layers.Flatten(), layers.Dense(2)]), np.zeros((1, 8, 2), np.float32)
    )
    with pytest.raises(ShapeError) as refused:
        occlusion(rows)
    assert str(refused.value) == (
        "occlusion: the first input has shape (8, 2); expected pictures (H, W, C).\n"
        "  Choose a method of gradients, which take any shape."
    )

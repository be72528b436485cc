"""MobileNetV2, EfficientNet-Lite0, AlphaGo's policy and All-CNN: weights by hand, shapes, settings."""

import jax
import numpy as np
import pytest
from counting import conv, dense, normed

import striate.applications as applications
from striate.errors import ArgumentError, ShapeError

MOBILE, LITE, GO = (
    applications.get(name).network for name in ("mobilenet-v2", "efficientnet-lite0", "alphago-policy")
)

MOBILE_TABLE = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
"""Table 2 of MobileNetV2: t, c, n, s."""

LITE_TABLE = (
    *((1, 3, 16, 1, 1), (6, 3, 24, 2, 2), (6, 5, 40, 2, 2), (6, 3, 80, 3, 2)),
    *((6, 5, 112, 3, 1), (6, 5, 192, 4, 2), (6, 3, 320, 1, 1)),
)
"""Table 1 of EfficientNet: expansion, kernel, channels, layers, stride."""


def inverted(channels, widening, size, outside):
    """Weights of one block that widens, looks and narrows."""
    wide = channels * widening
    total = normed(1, channels, wide) if widening > 1 else 0
    return total + normed(size, wide, wide, groups=wide) + normed(1, wide, outside)


def by_hand(table):
    channels, total = 32, normed(3, 3, 32)
    for widening, size, outside, count, _ in table:
        for _ in range(count):
            total += inverted(channels, widening, size, outside)
            channels = outside
    return total + normed(1, 320, 1280) + dense(1280, 1000)


def test_mobilenet_v2():
    with_sizes = [(t, 3, c, n, s) for t, c, n, s in MOBILE_TABLE]
    assert MOBILE.totals.trainable == by_hand(with_sizes) == 3_504_872
    assert 290e6 < MOBILE.totals.macs < 315e6  # the paper says 300M


def test_efficientnet_lite0():
    assert LITE.totals.trainable == by_hand(LITE_TABLE) == 4_652_008
    assert 380e6 < LITE.totals.macs < 410e6  # its authors say 407M


@pytest.mark.parametrize(
    ("network", "sizes"), [(MOBILE, (112, 56, 28, 14, 14, 7, 7)), (LITE, (112, 56, 28, 14, 14, 7, 7))]
)
def test_maps_shrink_as_the_tables_say(network, sizes):
    table = [(row[-3], row[-2]) for row in (MOBILE_TABLE if network is MOBILE else LITE_TABLE)]
    shapes = [
        row.output_shape for row in network.rows() if row.name.endswith((".add", ".2", ".3", "bn2", "bn3"))
    ]
    for (channels, _), size in zip(table, sizes, strict=True):
        assert (size, size, channels) in shapes


def test_sums_stand_where_shapes_agree():
    for network, table in ((MOBILE, MOBILE_TABLE), (LITE, LITE_TABLE)):
        sums = [row.name for row in network.rows() if row.kind == "add"]
        assert len(sums) == sum(row[-2] - 1 for row in table)


def test_names_are_those_of_torchvision_and_timm():
    wanted = {"features.0.0", "features.0.1", "features.1.conv.0.0", "features.1.conv.1", "features.1.conv.2"}
    wanted |= {"features.2.conv.0.0", "features.2.conv.1.0", "features.2.conv.2", "features.2.conv.3"}
    assert wanted | {"features.18.0", "features.18.1", "classifier.1"} <= set(MOBILE.declared)
    wanted = {"conv_stem", "bn1", "blocks.0.0.conv_dw", "blocks.0.0.conv_pw", "blocks.0.0.bn2"}
    wanted |= {"blocks.1.0.conv_pw", "blocks.1.0.conv_dw", "blocks.1.0.conv_pwl", "blocks.6.0.bn3"}
    assert wanted | {"conv_head", "bn2", "classifier"} <= set(LITE.declared)


def test_settings_of_the_frameworks():
    for network, norm, padding in ((MOBILE, (0.9, 1e-5), ((1, 1), (1, 1))), (LITE, (0.99, 1e-3), "same")):
        layers = [row.layer for row in network.rows()]
        norms = {(one.momentum, one.epsilon) for one in layers if one.KIND == "norm"}
        assert norms == {norm}
        assert {one.max_value for one in layers if one.KIND == "relu"} == {6}
        assert layers[0].padding == padding


@pytest.mark.parametrize(
    ("alpha", "weights"), [(0.35, 1_677_128), (0.5, 1_968_680), (0.75, 2_636_424), (1.4, 6_108_776)]
)
def test_widths_of_mobilenet(alpha, weights):
    """What keras.applications.MobileNetV2(alpha=...) counts as trainable."""
    assert applications.mobilenet_v2(alpha=alpha).network.totals.trainable == weights


def test_a_width_is_above_0():
    with pytest.raises(ArgumentError) as caught:
        applications.mobilenet_v2(alpha=0)
    assert str(caught.value) == (
        "alpha: got 0; expected a number above 0.\n  Give a width such as 0.5, 1.0 or 1.4."
    )


def test_alphago_by_hand():
    total = conv(5, 48, 192) + 11 * conv(3, 192, 192) + conv(1, 192, 1, bias=False) + 361
    assert GO.totals.params == total == 3_882_793
    rows = GO.rows()
    assert {row.output_shape for row in rows if row.kind == "conv"} == {(19, 19, 192), (19, 19, 1)}
    assert sum(row.kind == "conv" for row in rows) == 13
    assert not [row for row in rows if row.kind == "pool"]
    assert [row.layer.activation for row in rows if row.kind == "conv"] == ["relu"] * 12 + [None]


def test_every_point_of_the_board_has_its_own_bias():
    """With all other weights 0 the policy is the softmax of the biases, point by point in reading order."""
    model = applications.alphago_policy((5, 5, 3), filters=4)
    variables = jax.tree.map(np.zeros_like, model.variables)
    bias = np.random.default_rng(0).normal(size=25).astype(np.float32)
    variables["params"]["bias13"]["bias"] = bias
    model.variables = variables
    policy = model.predict_on_batch(np.ones((1, 5, 5, 3), np.float32))[0]
    np.testing.assert_allclose(policy, np.exp(bias) / np.exp(bias).sum(), rtol=1e-5)


def test_classes_of_a_board_are_its_points():
    assert applications.alphago_policy((9, 9, 48), classes=81).output_shape == (None, 81)
    with pytest.raises(ArgumentError) as caught:
        applications.alphago_policy(classes=10, classifier_activation="tanh")
    assert str(caught.value) == (
        "2 problems:\n"
        "1. classifier_activation: got 'tanh'; expected one of 'softmax', None.\n  Choose one of them.\n"
        "2. classes: got 10; expected 361, one for each point of the board.\n  Leave classes out."
    )
    with pytest.raises(ShapeError, match="conv1"):
        applications.alphago_policy((19,))


PLANS = {
    "a": ((5, 3, 96), (3, 96, 96), (5, 96, 192), (3, 192, 192), (3, 192, 192), (1, 192, 192), (1, 192, 10)),
    "b": (
        *((5, 3, 96), (1, 96, 96), (3, 96, 96), (5, 96, 192), (1, 192, 192), (3, 192, 192)),
        *((3, 192, 192), (1, 192, 192), (1, 192, 10)),
    ),
    "c": (
        *((3, 3, 96), (3, 96, 96), (3, 96, 96), (3, 96, 192), (3, 192, 192), (3, 192, 192)),
        *((3, 192, 192), (1, 192, 192), (1, 192, 10)),
    ),
}
"""Kernel, channels, filters of the convolutions, from tables 1 and 2 of All-CNN."""


@pytest.mark.parametrize("letter", PLANS)
def test_all_cnn(letter):
    network = applications.get(f"all-cnn-{letter}").network
    convolutions = [row for row in network.rows() if row.kind == "conv"]
    found = [(row.layer.kernel_size[0], row.layer.filters) for row in convolutions]
    assert found == [(size, filters) for size, _, filters in PLANS[letter]]
    assert network.totals.params == sum(conv(*one) for one in PLANS[letter])
    assert network.shapes["avgpool"] == (10,)
    assert convolutions[-1].output_shape == (6, 6, 10)
    assert [row.name for row in network.rows() if row.kind == "pool"] == ["avgpool"]
    assert [row.layer.rate for row in network.rows() if row.kind == "dropout"] == [0.2, 0.5, 0.5]
    assert "dropout" not in {
        row.kind for row in applications.get(f"all-cnn-{letter}", dropout=False).network.rows()
    }


def test_published_sizes_of_all_cnn():
    """Table 3 says about 1.28M, 1.35M and 1.4M; hand counts of A and B come out a little lower."""
    millions = [applications.get(f"all-cnn-{letter}").count_params() / 1e6 for letter in "abc"]
    assert millions == pytest.approx([1.28, 1.35, 1.4], rel=0.04)

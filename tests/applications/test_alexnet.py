"""AlexNet in one tower and in two, and ZFNet: weights by hand, the papers' map sizes and constants."""

import numpy as np
import pytest
from counting import conv, dense

import striate.applications as applications
from striate.layers import Conv2D, Dense

ONE, TWO, ZF = (applications.get(name).network for name in ("alexnet", "alexnet-2012", "zfnet"))


def shapes(network, *names):
    rows = {row.name: row.output_shape for row in network.rows()}
    return [rows[name] for name in names]


HEAD = dense(9216, 4096) + dense(4096, 4096) + dense(4096, 1000)


def test_one_tower():
    convolutions = (
        conv(11, 3, 64) + conv(5, 64, 192) + conv(3, 192, 384) + conv(3, 384, 256) + conv(3, 256, 256)
    )
    assert ONE.totals.params == convolutions + HEAD == 61_100_840


def test_two_towers():
    convolutions = conv(11, 3, 96) + conv(5, 96, 256, groups=2) + conv(3, 256, 384)
    convolutions += conv(3, 384, 384, groups=2) + conv(3, 384, 256, groups=2)
    assert TWO.totals.params == convolutions + HEAD == 60_965_224


def test_zfnet():
    convolutions = (
        conv(7, 3, 96) + conv(5, 96, 256) + conv(3, 256, 384) + conv(3, 384, 384) + conv(3, 384, 256)
    )
    assert ZF.totals.params == convolutions + HEAD == 62_357_608


def test_neurons_of_the_two_towers():
    """Figure 2 counts 186,624, 64,896, 64,896, 43,264, 4096, 4096 and 1000 neurons behind the first layer."""
    names = ("conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8")
    neurons = [int(np.prod(shape)) for shape in shapes(TWO, *names)]
    assert neurons == [186_624, 64_896, 64_896, 43_264, 4096, 4096, 1000]
    assert shapes(TWO, "conv1", "pool1", "pool2", "pool5") == [
        (55, 55, 96),
        (27, 27, 96),
        (13, 13, 256),
        (6, 6, 256),
    ]


def test_map_sizes_of_zfnet():
    """Figure 3: 110, 55, 26, 13 and 6."""
    names = ("conv1", "pool1", "conv2", "pool2", "conv5", "pool5")
    assert [shape[0] for shape in shapes(ZF, *names)] == [110, 55, 26, 13, 13, 6]


def test_the_towers_meet_where_the_paper_says():
    groups = {row.name: row.layer.groups for row in TWO.rows() if isinstance(row.layer, Conv2D)}
    assert groups == {"conv1": 1, "conv2": 2, "conv3": 1, "conv4": 2, "conv5": 2}


@pytest.mark.parametrize("network", [TWO, ZF])
def test_constants_of_the_normalization(network):
    norms = [row.layer for row in network.rows() if row.kind == "lrn"]
    assert [(one.size, one.alpha, one.beta, one.k) for one in norms] == [(5, 1e-4, 0.75, 2.0)] * 2


def test_first_weights_are_the_papers():
    """Section 5: deviation 0.01; biases of 1 in convolutions 2, 4 and 5 and the hidden dense layers."""
    with_weights = [row for row in TWO.rows() if isinstance(row.layer, Conv2D | Dense)]
    assert {row.layer.kernel_initializer.stddev for row in with_weights} == {0.01}
    ones = [row.name for row in with_weights if type(row.layer.bias_initializer).__name__ == "Ones"]
    assert ones == ["conv2", "conv4", "conv5", "fc6", "fc7"]


def test_orders_differ_as_in_the_papers():
    """AlexNet normalizes and then pools, ZFNet the other way round."""
    names = [[node.name for node in network.nodes[:3]] for network in (TWO, ZF)]
    assert names == [["conv1", "norm1", "pool1"], ["conv1", "pool1", "norm1"]]


def test_names_are_those_of_torchvision():
    assert [node.name for node in ONE.nodes] == [
        *(f"features.{number}" for number in (0, 2, 3, 5, 6, 8, 10, 12)),
        "flatten",
        *(f"classifier.{number}" for number in (0, 1, 3, 4, 6)),
    ]


@pytest.mark.parametrize("name", ["alexnet", "alexnet-2012", "zfnet"])
def test_dropout_can_be_left_out(name):
    kinds = [row.kind for row in applications.get(name, dropout=0.0).network.rows()]
    assert "dropout" not in kinds
    whole = [row for row in applications.get(name).network.rows() if row.kind == "dropout"]
    assert [row.layer.rate for row in whole] == [0.5, 0.5]

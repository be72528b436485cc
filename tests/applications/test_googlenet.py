"""GoogLeNet: table 1 retyped, torchvision's count, the auxiliary heads, and training with them."""

import numpy as np
import pytest
from counting import conv, dense, normed

import striate.applications as applications
from striate.errors import ArgumentError

TABLE = {
    "3a": (192, (64, 96, 128, 16, 32, 32), 256),
    "3b": (256, (128, 128, 192, 32, 96, 64), 480),
    "4a": (480, (192, 96, 208, 16, 48, 64), 512),
    "4b": (512, (160, 112, 224, 24, 64, 64), 512),
    "4c": (512, (128, 128, 256, 24, 64, 64), 512),
    "4d": (512, (112, 144, 288, 32, 64, 64), 528),
    "4e": (528, (256, 160, 320, 32, 128, 128), 832),
    "5a": (832, (256, 160, 320, 32, 128, 128), 832),
    "5b": (832, (384, 192, 384, 48, 128, 128), 1024),
}
"""Table 1: channels in, filters, channels out."""

SIZES = {
    "conv1": 112,
    "maxpool1": 56,
    "conv3": 56,
    "maxpool2": 28,
    "maxpool3": 14,
    "maxpool4": 7,
    "avgpool": None,
}

TORCH, PAPER = applications.googlenet().network, applications.googlenet_2014().network


def by_hand(count, wide, bias):
    """All weights, counted by `count(size, channels, filters)`."""
    total = count(7, 3, 64) + count(1, 64, 64) + count(3, 64, 192)
    for channels, (one, before, three, before_wide, five, pooled), _ in TABLE.values():
        total += count(1, channels, one) + count(1, channels, before) + count(3, before, three)
        total += count(1, channels, before_wide) + count(wide, before_wide, five) + count(1, channels, pooled)
    return total + dense(1024, 1000)


def heads_by_hand(count):
    return sum(count(1, channels, 128) + dense(2048, 1024) + dense(1024, 1000) for channels in (512, 528))


def test_torchvisions_count():
    assert TORCH.totals.trainable == by_hand(normed, 3, False) == 6_624_904
    whole = applications.googlenet(auxiliary_heads=True).network
    assert whole.totals.trainable == 6_624_904 + heads_by_hand(normed) == 13_004_888


def test_the_papers_count():
    assert PAPER.totals.trainable == by_hand(conv, 5, True) == 6_998_552
    whole = applications.googlenet_2014(auxiliary_heads=True).network
    assert whole.totals.trainable == 6_998_552 + heads_by_hand(conv) == 13_378_280


@pytest.mark.parametrize("network", [TORCH, PAPER], ids=["torch", "paper"])
def test_sizes_of_table_1(network):
    shapes = {row.name.removesuffix(".relu"): row.output_shape for row in network.rows()}
    for name, size in SIZES.items():
        assert shapes[name][:-1] == (() if size is None else (size, size))
    for name, (_, _, channels) in TABLE.items():
        assert shapes[f"inception{name}"][-1] == channels


def test_operations_of_each_block_in_millions():
    """The "ops" column of table 1; its 54M for 5a (and most "params") do not follow from the filters."""
    printed = {"3a": 128, "3b": 304, "4a": 73, "4b": 88, "4c": 100, "4d": 119, "4e": 170, "5b": 71}
    for name, millions in printed.items():
        rows = [row for row in PAPER.rows() if row.name.startswith(f"inception{name}.")]
        assert sum(row.macs for row in rows) / 1e6 == pytest.approx(millions, rel=0.01)


def test_the_middle_heads_read_what_the_paper_says():
    network = applications.googlenet_2014(auxiliary_heads=True).network
    reads = {node.name: node.inputs for node in network.nodes}
    assert (reads["aux1.pool"], reads["aux2.pool"]) == (("inception4a",), ("inception4d",))
    shapes = network.shapes
    assert (shapes["aux1.pool"], shapes["aux2.pool"]) == ((4, 4, 512), (4, 4, 528))
    assert network.outputs == ("fc", "aux1.fc2", "aux2.fc2")
    assert network.output_shapes == ((1000,),) * 3


def test_the_main_network_has_the_same_weights_with_and_without_heads():
    whole = applications.googlenet(auxiliary_heads=True).network.declared
    assert {path: weights for path, weights in whole.items() if "aux" not in path} == dict(TORCH.declared)


def test_both_normalize_in_their_way():
    assert [row.name for row in PAPER.rows() if row.kind == "lrn"] == ["norm1", "norm2"]
    norms = [row.layer for row in TORCH.rows() if row.kind == "norm"]
    assert {(one.epsilon, one.momentum) for one in norms} == {(0.001, 0.9)}
    assert [row.name for row in TORCH.rows() if row.kind == "lrn"] == []


def test_names_are_those_of_torchvision():
    paths = set(TORCH.declared)
    wanted = {"conv1.conv", "conv1.bn", "inception3a.branch1.conv", "inception4e.branch2.1.bn"}
    assert wanted | {"inception5b.branch4.1.conv", "fc"} <= paths


def test_heads_need_a_top():
    with pytest.raises(ArgumentError) as caught:
        applications.googlenet(auxiliary_heads=True, include_top=False)
    assert str(caught.value) == (
        "auxiliary_heads: auxiliary heads without a main one; expected include_top=True.\n"
        "  Leave one of the two out."
    )


@pytest.mark.slow
def test_it_trains_with_its_heads():
    """One step as the paper weighs the losses; its gradient is the weighted sum."""
    model = applications.googlenet_2014((96, 96, 3), 4, auxiliary_heads=True)
    model.compile("sgd", "sparse_categorical_crossentropy", loss_weights=[1, 0.3, 0.3])
    x = np.random.default_rng(0).normal(size=(2, 96, 96, 3)).astype(np.float32)
    logs = model.train_on_batch(x, [np.array([0, 3])] * 3, return_dict=True)
    weighted = logs["fc_loss"] + 0.3 * logs["aux1.fc2_loss"] + 0.3 * logs["aux2.fc2_loss"]
    assert logs["loss"] == pytest.approx(weighted, rel=1e-5)

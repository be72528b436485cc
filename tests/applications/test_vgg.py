"""VGG: the paper's table row by row, the framework's counts, activation memory under named conventions."""

import json
import math
from pathlib import Path

import pytest

import striate.applications as applications
from striate.errors import ArgumentError
from striate.network import summary_text

EXAMPLES = json.loads((Path(__file__).parents[1] / "data" / "worked-examples.json").read_text())
SUMMARIES = {entry["name"]: entry for entry in EXAMPLES["summaries"]}
VGG16 = applications.vgg16().network

PLAIN = {11: 132_863_336, 13: 133_047_848, 16: 138_357_544, 19: 143_667_240}
NORMED = {11: 132_868_840, 13: 133_053_736, 16: 138_365_992, 19: 143_678_248}
PAPER = {11: 133, 13: 133, 16: 138, 19: 144}
"""Table 2 of the paper, in millions."""

PLANS = {
    11: "64 M 128 M 256 256 M 512 512 M 512 512 M",
    13: "64 64 M 128 128 M 256 256 M 512 512 M 512 512 M",
    16: "64 64 M 128 128 M 256 256 256 M 512 512 512 M 512 512 512 M",
    19: "64 64 M 128 128 M 256 256 256 256 M 512 512 512 512 M 512 512 512 512 M",
}
"""Table 1: filters of the convolutions, M for a maximum."""


def get(depth, **options):
    return applications.get(f"vgg{depth}", **options).network


def by_hand(depth):
    """Weights from table 1 alone."""
    channels, total = 3, 0
    for word in PLANS[depth].split():
        if word != "M":
            total += 9 * channels * int(word) + int(word)
            channels = int(word)
    return total + (7 * 7 * 512 + 1) * 4096 + (4096 + 1) * 4096 + (4096 + 1) * 1000


@pytest.mark.parametrize("depth", PLAIN)
def test_counts(depth):
    assert get(depth).totals.params == PLAIN[depth] == by_hand(depth)
    assert get(depth, batch_norm=True).totals.trainable == NORMED[depth]
    assert round(PLAIN[depth] / 1e6) == PAPER[depth]


@pytest.mark.parametrize("depth", PLANS)
def test_layers_are_those_of_table_1(depth):
    kinds = {"conv": lambda row: str(row.layer.filters), "pool": lambda row: "M"}
    found = [kinds[row.kind](row) for row in get(depth, include_top=False).rows()]
    assert " ".join(found) == PLANS[depth]
    convolutions = [row.layer for row in get(depth).rows() if row.kind == "conv"]
    assert {(one.kernel_size, one.strides, one.activation) for one in convolutions} == {
        ((3, 3), (1, 1), "relu")
    }


VGG_ROWS = [
    ((224, 224, 64), 1728 + 64),
    ((224, 224, 64), 36864 + 64),
    ((112, 112, 64), 0),
    ((112, 112, 128), 73728 + 128),
    ((112, 112, 128), 147456 + 128),
    ((56, 56, 128), 0),
    ((56, 56, 256), 294912 + 256),
    ((56, 56, 256), 589824 + 256),
    ((56, 56, 256), 589824 + 256),
    ((28, 28, 256), 0),
    ((28, 28, 512), 1179648 + 512),
    ((28, 28, 512), 2359296 + 512),
    ((28, 28, 512), 2359296 + 512),
    ((14, 14, 512), 0),
    ((14, 14, 512), 2359296 + 512),
    ((14, 14, 512), 2359296 + 512),
    ((14, 14, 512), 2359296 + 512),
    ((7, 7, 512), 0),
    ((25088,), 0),
    ((4096,), 102760448 + 4096),
    ((4096,), 16777216 + 4096),
    ((1000,), 4096000 + 1000),
]


def test_vgg16_row_by_row():
    network, printed = VGG16, SUMMARIES["vgg16"]
    assert [(row.output_shape, row.params) for row in network.rows()] == VGG_ROWS
    kernels = [math.prod(weights["kernel"].shape) for weights in network.declared.values()]
    assert kernels == printed["weights"]
    assert network.inputs[0].shape == tuple(printed["input"])
    assert network.totals.params == printed["total_with_biases"]


def test_vgg16_activation_memory_under_named_conventions():
    """The copied figure of 24M floats, 93 MB is not the sum of its own table; these are, row by row."""
    totals = VGG16.totals
    convolutions, pools, dense = 13_547_520, 1_530_368, 4096 + 4096 + 1000
    assert totals.inputs == 224 * 224 * 3
    assert totals.outputs == convolutions + pools + dense
    assert totals.activations == 15_237_608
    assert totals.activation_bytes == 60_950_432
    assert totals.preactivations == convolutions + dense
    assert totals.activations_with_preactivations == 28_794_320
    assert (
        "Activations: 15,237,608 floats (58.1 MiB) for one example; 28,794,320 with pre-activations"
        in summary_text(VGG16)
    )


def test_vgg16_published_memory_holds_each_convolutions_input_twice():
    """24M floats, 93 MB an image is reached if every convolution keeps a copy of its input."""
    network = VGG16
    convolutions = [row for row in network.rows() if row.kind == "conv"]
    copies = sum(math.prod(network.shapes[source]) for row in convolutions for source in row.inputs)
    floats = network.totals.activations + copies
    assert floats == 24_319_464
    assert round(4 * floats / 2**20) == 93


def test_vgg16_work_and_view():
    rows = {row.name: row for row in VGG16.rows()}
    assert VGG16.totals.macs == 15_470_264_320
    assert rows["features.30"].receptive.size == (212, 212)
    assert rows["features.30"].receptive.stride == (32, 32)


def test_names_are_those_of_torchvision():
    names = [node.name for node in VGG16.nodes]
    assert [name for name in names if name.startswith("features")] == [
        f"features.{number}" for number in (0, 2, 4, 5, 7, 9, 10, 12, 14, 16, 17, 19, 21, 23, 24, 26, 28, 30)
    ]
    assert names[-4:] == ["flatten", "classifier.0", "classifier.3", "classifier.6"]
    normed = [node.name for node in get(11, batch_norm=True).nodes]
    assert normed[:8] == [f"features.{number}" for number in range(8)]
    assert normed[-5] == "features.28"


def test_names_are_those_of_keras():
    network = get(16, convention="keras")
    names = [node.name for node in network.nodes]
    assert {"block1_conv1", "block5_conv3", "block5_pool", "flatten", "fc1", "fc2", "predictions"} <= set(
        names
    )
    assert [node.layer.KIND for node in network.nodes] == [node.layer.KIND for node in VGG16.nodes]
    assert network.totals == VGG16.totals
    assert get(19, convention="keras", batch_norm=True).nodes[1].name == "block1_bn1"


def test_dropout_stands_where_torchvision_has_it():
    for convention, names in (
        ("torch", ["classifier.0", "classifier.2", "classifier.3", "classifier.5", "classifier.6"]),
        ("keras", ["fc1", "fc1_dropout", "fc2", "fc2_dropout", "predictions"]),
    ):
        network = get(16, dropout=0.5, convention=convention)
        assert [node.name for node in network.nodes][-5:] == names
        assert network.totals.params == 138_357_544


def test_batch_norm_is_torchs():
    norm = next(row.layer for row in get(16, batch_norm=True).rows() if row.kind == "norm")
    assert (norm.momentum, norm.epsilon) == (0.9, 1e-5)


def test_unknown_conventions_are_told():
    with pytest.raises(ArgumentError) as caught:
        get(16, convention="caffe")
    assert str(caught.value) == (
        "convention: got 'caffe'; expected one of 'torch', 'keras'.\n  Choose one of them."
    )

"""Counts that a person can check by hand, without any array."""

import json
import math
from pathlib import Path

import pytest

from striate.layers import (
    BatchNormalization,
    Conv2D,
    Dense,
    Flatten,
    LocallyConnected2D,
    MaxPooling2D,
    Reshape,
    ZeroPadding2D,
)
from striate.network import Input, graph, sequential

EXAMPLES = json.loads((Path(__file__).parents[1] / "data" / "worked-examples.json").read_text())
COUNTS = {entry["name"]: entry for entry in EXAMPLES["counts"]}
EDGE = (280, 320, 1)


@pytest.mark.parametrize(
    "case", EXAMPLES["shapes"][0]["cases"], ids=lambda case: "-".join(map(str, case.values()))
)
def test_sizes_follow_the_formula(case):
    layer = Conv2D(1, case["F"], strides=case["S"], padding=case["P"])
    assert sequential([layer], (case["W"], case["W"], 1)).output_shapes == ((case["out"], case["out"], 1),)


def test_zero_padding_by_one_and_two():
    sizes = [sequential([ZeroPadding2D(p)], (32, 32, 3)).output_shapes[0][0] for p in (1, 2)]
    assert sizes == EXAMPLES["shapes"][1]["out"]


BY_NAME = {
    "dense 7x7 input to 25 units": (sequential([Flatten(), Dense(25)], (7, 7, 1)), "weights_and_biases"),
    "one 3x3 filter with bias": (sequential([Conv2D(1, 3)], (9, 9, 1)), "weights_and_biases"),
    "one 5x5x3 filter with bias": (sequential([Conv2D(1, 5)], (9, 9, 3)), "weights_and_biases"),
    "one dense unit on 32x32x3 with bias": (
        sequential([Flatten(), Dense(1)], (32, 32, 3)),
        "weights_and_biases",
    ),
    "200x200x3 to 100 dense units, weights only": (
        sequential([Flatten(), Dense(100, use_bias=False)], (200, 200, 3)),
        "weights",
    ),
    "320x280 image, 2x1 kernel: convolution": (
        sequential([Conv2D(1, (1, 2), use_bias=False)], EDGE),
        "stored_floats",
    ),
    "320x280 image, 2x1 kernel: the same as a dense matrix": (
        sequential([Flatten(), Dense(280 * 319, use_bias=False)], EDGE),
        "stored_floats",
    ),
}


@pytest.mark.parametrize("name", BY_NAME)
def test_weights_are_counted(name):
    network, field = BY_NAME[name]
    assert network.totals.params == COUNTS[name][field]


@pytest.mark.parametrize("units", [480_000, 1000])
def test_huge_dense_layers_are_counted_without_allocating_anything(units):
    """The printed 2.3e11 and 4.8e8 are these counts to two digits."""
    count = sequential([Flatten(), Dense(units)], (400, 400, 3)).totals.params
    about = COUNTS[f"400x400x3 to {units} dense units, about"]["weights_about"]
    assert count == 480_000 * units + units
    assert float(f"{count:.1e}") == about


def operations(network) -> int:
    """Multiplications and additions: one less addition than multiplications for each output."""
    return 2 * network.totals.macs - math.prod(network.output_shapes[0])


def test_the_edge_filter_costs_what_the_book_says():
    """A sparse matrix stores one float for each multiplication and does the same work as the convolution."""
    convolution, dense = (
        BY_NAME[f"320x280 image, 2x1 kernel: {kind}"][0]
        for kind in ("convolution", "the same as a dense matrix")
    )
    sparse = COUNTS["320x280 image, 2x1 kernel: the same as a sparse matrix"]
    assert operations(convolution) == COUNTS["320x280 image, 2x1 kernel: convolution"]["muls_and_adds"]
    assert operations(convolution) == sparse["muls_and_adds"]
    assert convolution.totals.macs == sparse["stored_floats"]
    dense_entry = COUNTS["320x280 image, 2x1 kernel: the same as a dense matrix"]
    assert operations(dense) > dense_entry["muls_and_adds_more_than"]


def test_rows_say_what_each_layer_costs():
    layers = [Conv2D(4, 3, activation="relu"), BatchNormalization(), MaxPooling2D(), Flatten(), Dense(5)]
    rows = sequential(layers, (8, 8, 3)).rows()
    assert [(row.name, row.kind, row.inputs, row.output_shape) for row in rows] == [
        ("conv1", "conv", ("input1",), (6, 6, 4)),
        ("norm1", "norm", ("conv1",), (6, 6, 4)),
        ("pool1", "pool", ("norm1",), (3, 3, 4)),
        ("flatten1", "flatten", ("pool1",), (36,)),
        ("dense1", "dense", ("flatten1",), (5,)),
    ]
    assert [(row.trainable, row.non_trainable, row.params) for row in rows] == [
        (112, 0, 112),
        (8, 8, 16),
        (0, 0, 0),
        (0, 0, 0),
        (185, 0, 185),
    ]
    assert [row.macs for row in rows] == [6 * 6 * 4 * 27, 6 * 6 * 4, 0, 0, 180]
    assert [(row.activations, row.preactivations, row.activation_bytes) for row in rows] == [
        (144, 144, 576),
        (144, 0, 576),
        (36, 0, 144),
        (36, 0, 144),
        (5, 0, 20),
    ]


def test_totals_are_the_sums_under_named_conventions():
    layers = [Conv2D(4, 3, activation="relu"), BatchNormalization(), MaxPooling2D(), Flatten(), Dense(5)]
    totals = sequential(layers, (8, 8, 3)).totals
    assert (totals.trainable, totals.non_trainable, totals.params, totals.weight_bytes) == (305, 8, 313, 1252)
    assert totals.macs == 4212
    assert (totals.inputs, totals.outputs) == (192, 144 + 144 + 36 + 5)
    assert totals.activations == 192 + 329
    assert totals.activation_bytes == 4 * 521
    assert totals.activations_with_preactivations == 521 + 144


def test_untied_kernels_cost_a_kernel_for_each_position():
    tied, untied = (sequential([kind(2, 3)], (6, 6, 1)).totals for kind in (Conv2D, LocallyConnected2D))
    assert (tied.params, untied.params) == (20, 4 * 4 * 2 * 9 + 4 * 4 * 2)
    assert tied.macs == untied.macs


def test_reshaping_makes_no_new_numbers():
    totals = sequential([Reshape((4, 4)), Flatten()], (16,)).totals
    assert (totals.inputs, totals.outputs, totals.macs) == (16, 0, 0)


def test_shared_weights_count_once_and_work_counts_each_time():
    one, two = Input((6,)), Input((6,))
    dense = Dense(3)
    network = graph([one, two], [dense(one), dense(two)])
    assert (network.totals.params, network.totals.macs) == (21, 36)
    assert network.count_parameters() == 21


def test_frozen_weights_are_counted_apart():
    totals = sequential([Dense(3, trainable=False), Dense(2)], (4,)).totals
    assert (totals.trainable, totals.non_trainable) == (8, 15)


def test_sums_do_not_overflow():
    network = sequential([Flatten(), Dense(2**40)], (2**20, 2**20))
    assert network.totals.params == 2**80 + 2**40

"""Convolutions with a connection table: slow loops, Conv2D on parts of the channels, the paper's counts."""

import numpy as np
import pytest

from striate.errors import ArgumentError, ShapeError
from striate.layers import Conv2D, PartialConv2D
from striate.network import sequential

TABLE = ((2, 0), (1,), (0, 1, 3))


def drawn(seed, *shapes):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape).astype(np.float32) for shape in shapes]


def slow(x, kernel, bias, table, stride):
    """The equation, one product at a time."""
    n, height, width, _ = x.shape
    kh, kw = kernel.shape[:2]
    out = np.zeros((n, (height - kh) // stride + 1, (width - kw) // stride + 1, len(table)))
    for place in np.ndindex(out.shape):
        example, i, j, f = place
        before = sum(len(row) for row in table[:f])
        total = float(bias[f])
        for link, channel in enumerate(sorted(table[f])):
            for u, v in np.ndindex(kh, kw):
                pixel = float(x[example, i * stride + u, j * stride + v, channel])
                total += pixel * float(kernel[u, v, before + link])
        out[place] = total
    return out


@pytest.mark.parametrize("stride", [1, 2])
def test_it_is_the_equation(stride):
    x, kernel, bias = drawn(stride, (2, 6, 5, 4), (3, 2, 6), (3,))
    layer = PartialConv2D(TABLE, (3, 2), strides=stride)
    found = layer.forward({"kernel": kernel, "bias": bias}, x).output
    np.testing.assert_allclose(found, slow(x, kernel, bias, TABLE, stride), rtol=1e-5, atol=1e-5)


def test_each_map_is_a_convolution_of_its_own_channels():
    x, kernel, bias = drawn(3, (2, 7, 7, 4), (3, 3, 6), (3,))
    layer = PartialConv2D(TABLE, 3, padding="same", activation="relu")
    found = np.asarray(layer.forward({"kernel": kernel, "bias": bias}, x).output)
    before = 0
    for f, channels in enumerate(layer.connections):
        own = kernel[:, :, before : before + len(channels), None]
        conv = Conv2D(1, 3, padding="same", activation="relu")
        alone = conv.forward({"kernel": own, "bias": bias[f : f + 1]}, x[..., list(channels)]).output
        np.testing.assert_allclose(found[..., f : f + 1], alone, rtol=1e-5, atol=1e-5)
        before += len(channels)


def test_a_full_table_is_a_plain_convolution():
    x, kernel, bias = drawn(4, (2, 6, 6, 3), (3, 3, 3, 5), (5,))
    row_by_row = kernel.transpose(0, 1, 3, 2).reshape(3, 3, 15)
    plain = Conv2D(5, 3, strides=2).forward({"kernel": kernel, "bias": bias}, x).output
    partial = PartialConv2D(((0, 1, 2),) * 5, 3, strides=2)
    np.testing.assert_allclose(
        partial.forward({"kernel": row_by_row, "bias": bias}, x).output, plain, rtol=1e-5
    )


def test_costs():
    """As C3 of LeNet-5: 60 connections of 25 weights, 16 biases, 10x10 places."""
    table = [(0, 1, 2)] * 6 + [(0, 1, 2, 3)] * 9 + [range(6)]
    network = sequential([PartialConv2D(table, 5)], input_shape=(14, 14, 6))
    assert (network.totals.params, network.totals.macs) == (1516, 150_000)
    assert network.output_shapes == ((10, 10, 16),)


def test_channels_are_sorted_so_that_equal_tables_are_equal():
    assert PartialConv2D([[2, 0]], 3) == PartialConv2D(((0, 2),), 3)


def test_mistakes():
    with pytest.raises(ArgumentError) as caught:
        PartialConv2D(((0, 0),), 3)
    assert str(caught.value) == (
        "PartialConv2D.connections: got ((0, 0),); expected a tuple for each output map of the input "
        "channels it reads, each once.\n  Write for instance connections=((0, 1), (1, 2))."
    )
    with pytest.raises(ShapeError) as caught:
        sequential([PartialConv2D(((0, 3),), 3, name="c3")], input_shape=(8, 8, 3)).verify()
    assert str(caught.value) == (
        "c3: its table names channel 3, and the input (8, 8, 3) has 3; expected channels from 0 to 2.\n"
        "  Correct the table."
    )

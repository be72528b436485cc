"""Receptive fields: textbook numbers, and equal to what the gradient says, pixel for pixel."""

from fractions import Fraction

import jax
import numpy as np
import pytest

from striate.errors import ArgumentError
from striate.layers import (
    Activation,
    Add,
    AveragePooling2D,
    Concatenate,
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Cropping1D,
    Dense,
    Flatten,
    GlobalAveragePooling2D,
    MaxPooling2D,
    Multiply,
    Softmax,
    UpSampling1D,
    ZeroPadding1D,
)
from striate.layers._table import ROWS
from striate.network import Input, graph, pixels_seen, sequential
from striate.network._axis_view import IDENTITY, AxisView, AxisWindow, through, union


def fields(network) -> dict:
    return {row.name: row.receptive for row in network.rows()}


def test_size_stride_and_offset_grow_as_the_textbook_says():
    layers = [
        Conv2D(4, 3, padding="same"),
        MaxPooling2D(2),
        Conv2D(4, (3, 5), dilation_rate=(2, 1)),
        Conv2D(4, 3, 2),
    ]
    seen = fields(sequential(layers, (40, 40, 1)))
    assert [(one.size, one.stride, one.offset) for one in seen.values()] == [
        ((3, 3), (1, 1), (-1, -1)),
        ((4, 4), (2, 2), (-1, -1)),
        ((12, 12), (2, 2), (-1, -1)),
        ((16, 16), (4, 4), (-1, -1)),
    ]
    assert str(seen["conv2"]) == "12x12 every 2"


def test_after_dense_and_global_pooling_everything_is_seen():
    seen = fields(sequential([Conv2D(4, 3), Flatten(), Activation("relu"), Dense(3), Dense(2)], (8, 6, 1)))
    assert [(str(one), one.flattened) for one in seen.values()] == [
        ("3x3", None),
        ("3x3", (6, 4, 4)),
        ("3x3", (6, 4, 4)),
        ("all", None),
        ("all", None),
    ]
    assert seen["dense1"].size == (8, 6)
    assert str(fields(sequential([GlobalAveragePooling2D()], (8, 6, 1)))["pool1"]) == "all"


def test_dense_on_a_map_sees_its_own_position():
    assert str(fields(sequential([Conv2D(4, 3), Dense(3)], (8, 6, 1)))["dense1"]) == "3x3"


def test_softmax_along_an_axis_mixes_its_positions():
    seen = fields(sequential([Softmax(), Softmax(axis=1)], (8, 6, 3)))
    assert [str(one) for one in seen.values()] == ["1x1", "all"]
    assert str(fields(sequential([Flatten(), Softmax()], (8, 6, 3)))["softmax1"]) == "all"


def test_upsampling_and_transposed_convolution_have_fractional_strides():
    seen = fields(sequential([Conv1D(2, 3), UpSampling1D(2), Conv1D(2, 3)], (20, 1)))
    assert [(one.size, one.stride) for one in seen.values()] == [
        ((3,), (Fraction(1),)),
        ((3,), (Fraction(1, 2),)),
        ((4,), (Fraction(1, 2),)),
    ]
    assert str(seen["conv2"]) == "4 every 1/2"
    assert fields(sequential([Conv1DTranspose(2, 4, strides=2)], (9, 1)))["deconv1"].size == (2,)


def test_a_join_sees_the_union_of_its_branches():
    image = Input((32, 32, 1))
    near = Conv2D(2, 3, padding="same")(image)
    far = Conv2D(2, 5, padding=((4, 0), (2, 2)))(image)
    seen = fields(graph(image, Add()([near, far])))["add1"]
    assert (seen.size, seen.offset) == ((6, 5), (-4, -2))
    for branches in ([near, far], [far, near]):
        joined = graph(image, Add()(branches))
        assert pixels_seen(joined, "add1", (9, 9)) == {"input1": ((5, 10), (7, 11))}


def test_broadcasting_and_concatenation():
    image = Input((12, 12, 2))
    gate = Dense(2, activation="sigmoid")(GlobalAveragePooling2D(keepdims=True)(image))
    assert str(fields(graph(image, Multiply()([image, gate])))["multiply1"]) == "all"
    both = Concatenate()([Conv2D(2, 3, padding="same")(image), image])
    assert str(fields(graph(image, both))["concat1"]) == "3x3"
    rows = Concatenate(axis=1)([image, image])
    assert str(fields(graph(image, rows))["concat1"]) == "all"
    line = Input((1, 12, 2))
    assert str(fields(graph([line, image], Concatenate(axis=1)([line, image])))["concat1"]) == "all"


def test_each_input_has_its_own_field():
    left, right = Input((16, 16, 1), name="left"), Input((16, 16, 1), name="right")
    joined = Add()([Conv2D(2, 3)(left), Conv2D(2, 3)(right)])
    deeper = Conv2D(2, 3)(right)
    network = graph([left, right], [joined, deeper])
    assert pixels_seen(network, "add1", (1, 2)) == {"left": ((1, 3), (2, 4)), "right": ((1, 3), (2, 4))}
    assert pixels_seen(network, "conv3", (1, 2)) == {"right": ((1, 3), (2, 4))}


def test_features_are_seen_by_range():
    network = sequential([Activation("relu"), Dense(3)], (5,))
    assert pixels_seen(network, "activation1", (2,)) == {"input1": ((2, 2),)}
    assert pixels_seen(network, "dense1", (0,)) == {"input1": ((0, 4),)}


def test_a_flattened_position_is_a_position_of_the_map():
    network = sequential([Conv2D(2, 3), Flatten()], (6, 5, 1))
    assert pixels_seen(network, "flatten1", (2 * (3 * 1 + 2) + 1,)) == {"input1": ((1, 3), (2, 4))}


def test_borders_are_exact_where_sizes_are_not():
    """The second convolution pads positions that the first never made: its corner sees less than usual."""
    network = sequential([Conv1D(1, 3, strides=2), Conv1D(1, 3, padding="same")], (6, 1))
    assert pixels_seen(network, "conv2", (1,)) == {"input1": ((0, 4),)}
    assert fields(network)["conv2"].size == (7,)


def test_positions_in_the_gaps_of_a_transposed_convolution_see_nothing():
    network = sequential([Conv1DTranspose(1, 1, strides=3)], (4, 1))
    assert [bool(pixels_seen(network, "deconv1", (p,))) for p in range(4)] == [True, False, False, True]


def test_positions_and_paths_are_checked():
    network = sequential([Conv2D(2, 3)], (6, 5, 1))
    with pytest.raises(ArgumentError) as caught:
        pixels_seen(network, "conv1", (4, 0))
    assert str(caught.value) == (
        "conv1: position (4, 0) is not on the map (4, 3); expected a position on the "
        "map.\n  Positions count from 0."
    )
    with pytest.raises(ArgumentError) as caught:
        pixels_seen(network, "conv7", (0, 0))
    assert str(caught.value) == "name: there is no layer 'conv7'; expected a path.\n  Such as input1, conv1."


def test_views_of_an_axis_by_hand():
    """Upsampling by 2, then a window of 2 with stride 3 over what a stride of 5 left."""
    coarse = AxisView(((0, 6),), 5)
    fine = through(coarse, AxisWindow(2, 1, 1, 1, 2))
    assert [fine.at(p) for p in (-1, 0, 1, 2, 3)] == [(-5, 1), (0, 6), (0, 6), (5, 11), (5, 11)]
    wide = through(fine, AxisWindow(2, 3, 1, 0))
    assert [wide.at(p) for p in range(3)] == [(0, 6), (5, 16), (15, 21)]
    assert (wide.size, wide.stride) == (12, Fraction(15, 2))


def test_views_that_get_too_irregular_are_given_up():
    assert through(IDENTITY, AxisWindow(1, 1, 1, 0, 2000)) is None
    assert union(IDENTITY, AxisView(((0, 3),), 0)) is None
    network = sequential([UpSampling1D(2000)], (3, 1))
    assert str(fields(network)["upsample1"]) == "all"


# With positive weights an output depends on a pixel exactly where its gradient is not 0.


def dependence(network) -> np.ndarray:
    """(outputs..., pixels...) True where an output position depends on an input position."""
    random = np.random.default_rng(3)
    variables = {"params": {}, "state": {}}
    for path, weights in network.declared.items():
        drawn = {
            name: random.uniform(0.1, 1.0, weight.shape).astype(np.float32)
            for name, weight in weights.items()
        }
        variables["params"][path] = drawn
    shape = network.inputs[0].shape
    x = random.uniform(0.1, 0.2, shape).astype(np.float32)

    def outputs(x: jax.Array) -> jax.Array:
        y = network.apply(variables, x[None]).output[0]
        return y.sum(axis=-1) if y.ndim > 1 else y

    found = np.asarray(jax.jit(jax.jacrev(outputs))(x)) != 0
    return found.any(axis=-1) if len(shape) > 1 else found


def boxes_match(network) -> None:
    """The promised box of every output position is the box of the gradient's support."""
    path, seen = network.program.outputs[0], dependence(network)
    name = network.inputs[0].name
    axes = seen.ndim - (len(network.inputs[0].shape) - 1 or 1)
    for position in np.ndindex(*seen.shape[:axes]):
        support = np.argwhere(seen[position])
        expected = (
            {name: tuple(zip(support.min(0).tolist(), support.max(0).tolist(), strict=True))}
            if len(support)
            else {}
        )
        assert pixels_seen(network, path, position) == expected, (path, position)


NO_GRADIENT = {"MaxPooling1D", "MaxPooling2D", "GlobalMaxPooling1D", "GlobalMaxPooling2D"}
LOOKING = [
    row
    for row in ROWS
    if len(row.inputs) == 1
    and row.make().SEES != "point"
    and row.kind.__name__ not in NO_GRADIENT
    and (row.make().SEES == "window" or row.kind.__name__ in ("Flatten", "Dense"))
]


@pytest.mark.parametrize("row", LOOKING, ids=lambda row: f"{row.kind.__name__}-{row.arguments}"[:60])
def test_every_layer_looks_where_it_says(row):
    boxes_match(sequential([row.make()], row.inputs[0]))


def chain(*layers):
    return sequential(layers, (13, 1))


CHAINS = {
    "conv, pool, conv": chain(Conv1D(1, 3), Conv1D(1, 2, strides=2), Conv1D(1, 3, padding="same")),
    "dilation and margins": chain(
        Conv1D(1, 2, dilation_rate=3), ZeroPadding1D((2, 1)), Conv1D(1, 3, padding="same")
    ),
    "down and up": chain(Conv1D(1, 3, strides=3), Conv1DTranspose(1, 4, strides=3), Conv1D(1, 2)),
    "crop, pad, up": chain(
        Cropping1D(2), UpSampling1D(3), Conv1D(1, 2, strides=2, padding="same"), ZeroPadding1D(1)
    ),
    "gaps": chain(Conv1DTranspose(1, 1, strides=2), Conv1D(1, 2, dilation_rate=2, strides=3)),
    "flatten and dense": chain(Conv1D(1, 3), Flatten(), Activation("sigmoid")),
}


@pytest.mark.parametrize("name", CHAINS)
def test_chains_of_layers_look_where_they_say(name):
    boxes_match(CHAINS[name])


def test_interior_positions_see_exactly_the_size_and_offset_of_the_table():
    network = sequential([Conv2D(1, 3), AveragePooling2D(2), Conv2D(1, (2, 3))], (16, 18, 1))
    seen, row = dependence(network), network.rows()[-1].receptive
    for position in [(1, 1), (2, 3)]:
        support = np.argwhere(seen[position])
        assert tuple(support.max(0) - support.min(0) + 1) == row.size
        starts = [offset + step * p for offset, step, p in zip(row.offset, row.stride, position, strict=True)]
        assert support.min(0).tolist() == starts

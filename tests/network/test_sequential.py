"""Layers in a row: names, where the input shape is said, sharing, and slips told with their cure."""

import pytest

from striate.errors import ArgumentError
from striate.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from striate.network import Input, Network, sequential


def message(call) -> str:
    with pytest.raises(ArgumentError) as caught:
        call()
    return str(caught.value)


def test_nodes_are_named_by_kind_and_read_the_one_before():
    network = sequential(
        [Conv2D(4, 3), MaxPooling2D(), Conv2D(4, 3), Flatten(), Dense(2)], input_shape=(12, 12, 1)
    )
    assert [(node.name, node.inputs) for node in network.nodes] == [
        ("conv1", ("input1",)),
        ("pool1", ("conv1",)),
        ("conv2", ("pool1",)),
        ("flatten1", ("conv2",)),
        ("dense1", ("flatten1",)),
    ]
    assert network.outputs == ("dense1",)


def test_wished_names_are_kept_and_numbers_give_way_to_them():
    network = sequential([Dense(2, name="dense1"), Dense(2), Dense(2, name="head")], input_shape=(3,))
    assert [node.name for node in network.nodes] == ["dense1", "dense2", "head"]


@pytest.mark.parametrize(
    ("layers", "shape"),
    [
        ([Dense(2)], (5,)),
        ([Input((5,)), Dense(2)], None),
        ([Dense(2, input_shape=(5,))], None),
        ([sequential([Dense(2)], input_shape=(5,)), Dense(3)], None),
        ([Input([5]), Dense(2, input_shape=(5,))], (5,)),
    ],
)
def test_input_shape_may_be_said_in_five_ways(layers, shape):
    assert sequential(layers, shape).inputs[0].shape == (5,)


def test_input_names_are_kept():
    assert sequential([Input((5,), name="pixels"), Dense(2)]).inputs[0].name == "pixels"


def test_shapes_that_disagree_are_refused():
    assert message(lambda: sequential([Input((5,)), Dense(2, input_shape=(6,))], (7,))) == (
        "sequential: Input says (5,); input_shape= says (7,); the first layer's input_shape= says (6,); "
        "expected one input shape.\n  Say it once."
    )


def test_a_row_without_a_shape_is_a_block_for_other_networks():
    block = sequential([Dense(2), Dense(3)])
    assert block.inputs[0].shape is None
    assert sequential([block, Dense(1)], (4,)).shapes == {
        "input1": (4,),
        "network1/dense1": (2,),
        "network1/dense2": (3,),
        "dense1": (1,),
    }
    assert str(block.errors()[0]) == (
        "input1: the input has no shape; expected the shape of one example.\n"
        "  Say input_shape=(height, width, channels) or begin with Input(shape=...)."
    )


def test_an_empty_row_gives_back_its_input():
    assert sequential([], (3,)).output_shapes == ((3,),)


def test_a_layer_listed_twice_shares_its_weights():
    dense = Dense(3)
    network = sequential([dense, Dropout(0.1), dense], (3,))
    assert [(node.name, node.weights) for node in network.nodes] == [
        ("dense1", "dense1"),
        ("dropout1", "dropout1"),
        ("dense1_2", "dense1"),
    ]
    assert network.totals.params == 12
    assert [row.shares for row in network.rows()] == [None, None, "dense1"]


def test_equal_layers_that_are_two_objects_do_not_share():
    assert sequential([Dense(3), Dense(3)], (3,)).totals.params == 24


def test_names_used_twice_are_told_together_with_wrong_shapes():
    layers = [Conv2D(4, 9), Flatten(name="a"), Dense(2, name="a")]
    assert message(lambda: sequential(layers, (5, 5, 1))) == (
        "2 problems:\n"
        "1. a: 2 layers have this name; expected a name of its own for each.\n"
        "  Give each its own name=..., or leave names out.\n"
        "2. conv1: the kernel 9x9 is larger than the image 5x5; expected an image of at least 9x9.\n"
        "  Use a smaller kernel or padding='same'."
    )


def test_strangers_in_the_list_are_all_named():
    assert message(lambda: sequential([Dense, 3, Dense(2), Input((2,))], (2,))) == (
        "3 problems:\n"
        "1. sequential, item 0: it is the class Dense; expected a layer.\n  Write Dense(...).\n"
        "2. sequential, item 1: it is an object of type int; expected a layer.\n  List "
        "layers such as Conv2D(32, 3).\n"
        "3. sequential, item 3: it is a called layer or an Input; expected a layer.\n"
        "  Input comes first; layers are listed without calling them."
    )


def test_a_called_layer_cannot_begin_the_row():
    assert message(lambda: sequential([Dense(2)(Input((2,))), Dense(2)])) == (
        "sequential: its first item is a layer's output; expected Input(shape).\n"
        "  List layers without calling them, or use graph(inputs, outputs)."
    )


def test_a_network_is_a_value():
    one, two = (sequential([Input((4,)), Dense(2)], name="small") for _ in range(2))
    assert one == two
    assert hash(one) == hash(two)
    assert repr(one) == "Network('small', 1 layer)"
    assert isinstance(one, Network)

"""Graphs drawn by calling layers: branches, sharing, several inputs and outputs, nested networks."""

import pytest

from striate.errors import ArgumentError
from striate.layers import Add, Concatenate, Conv2D, Dense, Flatten
from striate.network import Input, graph, sequential


def message(call) -> str:
    with pytest.raises(ArgumentError) as caught:
        call()
    return str(caught.value)


def test_symbols_know_their_shapes_while_the_graph_grows():
    image = Input((8, 8, 3))
    assert Conv2D(4, 3)(image).shape == (6, 6, 4)
    assert Conv2D(4, 9)(image).shape is None


def test_nodes_come_in_the_order_of_their_calls_whatever_the_outputs_are():
    image = Input((8, 8, 3))
    left = Conv2D(4, 3, name="left")(image)
    right = Conv2D(4, 3, name="right")(image)
    unused = Conv2D(4, 3, name="unused")(image)
    network = graph(image, Add()([right, left]))
    assert [node.name for node in network.nodes] == ["left", "right", "add1"]
    assert network.nodes[2].inputs == ("right", "left")
    assert unused.shape == (6, 6, 4)


def test_sums_and_products_may_be_written_with_signs():
    one, two = Input((4,)), Input((4,))
    network = graph([one, two], (one + two) * one)
    assert [(node.layer.KIND, node.inputs) for node in network.nodes] == [
        ("add", ("input1", "input2")),
        ("multiply", ("add1", "input1")),
    ]


def test_several_inputs_and_outputs_keep_their_order():
    left, right = Input((4,), name="left"), Input((6,), name="right")
    joined = Concatenate()([Dense(3)(left), Dense(3)(right)])
    network = graph([right, left], [Dense(1)(joined), joined])
    assert [spec.name for spec in network.inputs] == ["right", "left"]
    assert network.outputs == ("dense3", "concat1")
    assert network.output_shapes == ((1,), (6,))


def test_a_shared_layer_gets_one_set_of_weights():
    one, two = Input((4,)), Input((4,))
    encode = Dense(3, name="encode")
    network = graph([one, two], Add()([encode(one), encode(two)]))
    assert [(node.name, node.weights) for node in network.nodes] == [
        ("encode", "encode"),
        ("encode_2", "encode"),
        ("add1", "add1"),
    ]
    assert list(network.declared) == ["encode"]


def test_sharing_between_different_shapes_is_told():
    one, two = Input((4,)), Input((5,))
    encode = Dense(3)
    network = graph([one, two], Add()([encode(one), encode(two)]))
    assert [str(problem) for problem in network.errors()] == [
        "dense1_2: it shares 'kernel' with 'dense1' but needs it in shape (5, 3); expected shape (4, 3).\n"
        "  Give both calls the same input shape, or make a second layer."
    ]


def test_a_graph_may_begin_in_the_middle_of_another():
    image = Input((8, 8, 3))
    middle = Conv2D(4, 3)(image)
    head = graph(middle, Dense(2)(Flatten()(middle)))
    assert head.inputs[0].shape == (6, 6, 4)
    assert [node.name for node in head.nodes] == ["flatten1", "dense1"]


def test_an_output_may_be_an_input():
    middle = Conv2D(4, 3)(Input((8, 8, 3)))
    network = graph(middle, [middle, Flatten()(middle)])
    assert network.outputs == ("input1", "flatten1")
    assert len(network.nodes) == 1


def test_a_nested_network_keeps_its_paths():
    base = sequential([Conv2D(4, 3), Flatten()], (8, 8, 1), name="base")
    image = Input((8, 8, 1))
    network = graph(image, Dense(2)(base(image)))
    assert list(network.shapes) == ["input1", "base/conv1", "base/flatten1", "dense1"]
    assert list(network.declared) == ["base/conv1", "dense1"]


def test_each_output_of_a_nested_network_is_a_symbol():
    features = Input((4,))
    twins = graph(features, [Dense(2, name="left")(features), Dense(3, name="right")(features)], name="twins")
    start = Input((4,))
    left, right = twins(start)
    assert (left.shape, right.shape) == ((2,), (3,))
    network = graph(start, [Dense(1)(right), left])
    assert network.nodes[1].inputs == ("twins/right",)
    assert network.output_shapes == ((1,), (2,))


def test_a_nested_network_used_twice_shares_all_of_its_weights():
    base = sequential([Dense(2), Dense(2)], (4,), name="base")
    one, two = Input((4,)), Input((4,))
    network = graph([one, two], Add()([base(one), base(two)]))
    assert list(network.declared) == ["base/dense1", "base/dense2"]
    assert [row.shares for row in network.rows()] == [None, None, "base/dense1", "base/dense2", None]


def test_a_nested_network_for_another_shape_is_told():
    base = sequential([Dense(2)], (4,), name="base")
    network = sequential([base], (5,))
    assert [str(problem) for problem in network.errors()] == [
        "base: its input 'input1' gets shape (5,); expected shape (4,).\n"
        "  Make the network for shape (5,), or leave its input shape open."
    ]


def test_inputs_that_were_left_out_are_all_told():
    one, two, three = Input((4,), name="one"), Input((4,), name="two"), Input((4,))
    assert message(lambda: graph(one, Add()([one, two, three]))) == (
        "2 problems:\n"
        "1. Input (4,): outputs depend on it; expected it among the inputs.\n"
        "  Add it to inputs=, or leave out what depends on it.\n"
        "2. two: outputs depend on it; expected it among the inputs.\n"
        "  Add it to inputs=, or leave out what depends on it."
    )


def test_an_input_that_no_output_uses_is_an_error():
    one, two = Input((4,), name="one"), Input((4,), name="two")
    network = graph([one, two], Dense(2)(one))
    assert [str(problem) for problem in network.check()] == [
        "two: no output depends on this input; expected an input that is used.\n  Leave "
        "this input out, or connect it."
    ]


def test_names_used_twice_are_refused():
    image = Input((4,), name="a")
    assert message(lambda: graph(image, Dense(2, name="a")(image))) == (
        "a: 2 layers have this name; expected a name of its own for each.\n"
        "  Give each its own name=..., or leave names out."
    )


def test_a_graph_is_made_of_symbols():
    one = Input((4,))
    assert message(lambda: graph(one, "dense1")) == (
        "outputs: got str; expected a symbol or a list of symbols.\n"
        "  Pass what Input(shape=...) and the layers called on it gave."
    )
    assert message(lambda: graph([], one)).startswith("inputs: got nothing; expected a symbol")


@pytest.mark.parametrize(
    ("shape", "happened"),
    [
        ((None, 28, 1), "shape (None, 28, 1) has an open axis"),
        ((28, 0, 1), "shape is (28, 0, 1)"),
        ((28, 2.0), "shape is (28, 2.0)"),
        ((True,), "shape is (True,)"),
    ],
)
def test_shapes_are_whole_numbers(shape, happened):
    assert happened in message(lambda: Input(shape))


def test_an_open_axis_is_told_with_its_cure():
    assert message(lambda: Input((None, 28, 1), name="image")) == (
        "image: shape (None, 28, 1) has an open axis; expected a tuple of whole numbers >= "
        "1, without the batch axis.\n"
        "  Give every axis its size, for instance (28, 28, 1); the batch axis is left out "
        "and may have any size."
    )
    assert message(lambda: Input(28)) == (
        "Input: shape is 28; expected a tuple of whole numbers >= 1, without the batch axis.\n"
        "  Write for instance Input(shape=(28, 28, 1)): height, width, channels."
    )


def test_keras_arguments_do_no_harm():
    assert Input(shape=(4,), batch_size=32, dtype="uint8").shape == (4,)


def test_a_symbol_shows_itself_and_not_the_graph_behind_it():
    symbol = Input((8, 8, 4), name="image")
    assert repr(symbol) == "<Symbol image: (8, 8, 4)>"
    for _ in range(40):
        symbol = symbol + symbol  # 2 to the 40 paths
    assert repr(symbol) == "<Symbol Add(): (8, 8, 4)>"

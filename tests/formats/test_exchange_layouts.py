"""Layouts of weights in other frameworks: exact both ways, for every layer and every convention."""

import numpy as np
import pytest

import striate.layers as layers
from striate.errors import ArgumentError
from striate.formats import exchange
from striate.formats.exchange import layouts
from striate.formats.exchange.orders import feature_orders
from striate.layers._table import ROWS
from striate.network import Input, graph, sequential

WEIGHTED = [row for row in ROWS if row.make().weights(*row.inputs)]


def drawn(network, seed=0):
    """Random float32 numbers for every weight, without compiling anything."""
    rng = np.random.default_rng(seed)
    variables = {"params": {}, "state": {}}
    for path, weights in network.declared.items():
        for name, weight in weights.items():
            group = variables["params" if weight.trainable else "state"]
            group.setdefault(path, {})[name] = rng.normal(size=weight.shape).astype(np.float32)
    return variables


def flat(variables):
    return {
        (group, path, name): np.asarray(array)
        for group, layers in variables.items()
        for path, weights in layers.items()
        for name, array in weights.items()
    }


def assert_same(left, right):
    left, right = flat(left), flat(right)
    assert list(left) == list(right)
    for place, array in left.items():
        np.testing.assert_array_equal(array, right[place], err_msg=str(place))


@pytest.mark.parametrize("convention", exchange.CONVENTIONS)
@pytest.mark.parametrize("row", WEIGHTED, ids=lambda row: f"{row.make()!r}")
def test_every_weight_of_every_layer_comes_back_exactly(row, convention):
    inputs = [Input(shape) for shape in row.inputs]
    network = graph(inputs, row.make()(inputs))
    variables = drawn(network)
    arrays = exchange.from_variables(network, variables, convention)
    assert_same(exchange.into_variables(network, arrays, convention), variables)


def everything():
    """A network with each kind of weight, flattened pictures, branches, nesting and shared weights."""
    image = Input((6, 5, 3), name="image")
    x = layers.Conv2D(4, 3, padding="same", name="stem.0")(image)
    x = layers.BatchNormalization(name="stem.1")(x)
    x = layers.PReLU(shared_axes=(1, 2), name="stem.2")(x)
    block = sequential(
        [layers.Conv2D(4, 1, name="a"), layers.DepthwiseConv2D(3, padding="same", name="b")], name="block"
    )
    x = layers.Add()([x, block(x)])
    again = layers.Conv2D(4, 1, name="again")
    x = again(again(x))
    x = layers.Conv2D(4, 3, groups=2, name="grouped")(x)
    left = layers.Flatten()(layers.SeparableConv2D(2, 2, name="separable")(x))
    right = layers.Flatten()(layers.Conv2DTranspose(2, 2, strides=2, name="deconv")(x))
    x = layers.Concatenate()([left, right])
    x = layers.Dropout(0.5)(layers.BatchNormalization(name="bn1d")(x))
    x = layers.Dense(2 * 3 * 2, name="fc1")(x)
    x = layers.Reshape((2, 3, 2))(layers.ReLU()(x))
    return graph(image, layers.Dense(3, name="fc2")(layers.Flatten()(x)), name="everything")


@pytest.mark.parametrize("convention", exchange.CONVENTIONS)
def test_a_network_of_everything_comes_back_exactly(convention):
    network = everything()
    variables = drawn(network, 1)
    arrays = exchange.from_variables(network, variables, convention)
    mapped = exchange.map_tensors(network, arrays)
    assert_same(mapped.variables, variables)
    assert (
        mapped.convention == convention.replace("keras", "striate") if convention == "keras" else convention
    )


def test_torch_names_and_shapes_are_those_of_a_state_dict():
    network = everything()
    arrays = exchange.from_variables(network, drawn(network), "torch")
    assert {name: array.shape for name, array in arrays.items() if "block" in name or "stem" in name} == {
        "stem.0.weight": (4, 3, 3, 3),
        "stem.0.bias": (4,),
        "stem.1.weight": (4,),
        "stem.1.bias": (4,),
        "stem.1.running_mean": (4,),
        "stem.1.running_var": (4,),
        "stem.2.weight": (4,),
        "block.a.weight": (4, 4, 1, 1),
        "block.a.bias": (4,),
        "block.b.weight": (4, 1, 3, 3),
        "block.b.bias": (4,),
        "stem.1.num_batches_tracked": (),
    }
    assert arrays["grouped.weight"].shape == (4, 2, 3, 3)
    assert arrays["deconv.weight"].shape == (4, 2, 2, 2)
    assert arrays["separable.depthwise.weight"].shape == (4, 1, 2, 2)
    assert arrays["separable.pointwise.weight"].shape == (2, 4, 1, 1)


def test_a_kernel_turns_filters_first():
    kernel = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    turned = layouts.filters_first(kernel.shape).outward(kernel)
    for out in range(5):
        for channel in range(4):
            np.testing.assert_array_equal(turned[out, channel], kernel[:, :, channel, out])


def test_a_depthwise_kernel_lists_the_multiples_of_a_channel_together():
    kernel = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    turned = layouts.depthwise(kernel.shape).outward(kernel)
    for channel in range(4):
        for multiple in range(5):
            np.testing.assert_array_equal(turned[channel * 5 + multiple, 0], kernel[:, :, channel, multiple])


def test_dense_rows_behind_flatten_follow_channels_first():
    network = sequential([layers.Flatten(), layers.Dense(2, name="fc")], input_shape=(2, 3, 4))
    kernel = np.random.default_rng(3).normal(size=(24, 2)).astype(np.float32)
    variables = {"params": {"fc": {"kernel": kernel, "bias": np.zeros(2, np.float32)}}, "state": {}}
    theirs = exchange.from_variables(network, variables, "torch")["fc.weight"]
    picture = np.random.default_rng(4).normal(size=(2, 3, 4)).astype(np.float32)
    np.testing.assert_allclose(
        theirs @ picture.transpose(2, 0, 1).ravel(), picture.ravel() @ kernel, rtol=1e-5, atol=1e-5
    )


def orders_of(items, shape):
    return {
        path: order.tolist()
        for path, order in feature_orders(sequential(items, input_shape=shape).program).items()
    }


def test_orders_pass_what_only_touches_numbers_one_by_one():
    items = [
        layers.Flatten(),
        layers.ReLU(),
        layers.Dropout(0.1),
        layers.BatchNormalization(),
        layers.Dense(2),
    ]
    assert list(orders_of(items, (1, 2, 2))) == ["flatten1", "relu1", "dropout1", "norm1"]


def test_a_vector_and_a_picture_of_one_pixel_need_no_order():
    assert orders_of([layers.Dense(4), layers.Dense(2)], (6,)) == {}
    assert orders_of([layers.GlobalAveragePooling2D(), layers.Dense(2)], (3, 3, 2)) == {}
    assert orders_of([layers.Flatten(), layers.Dense(2)], (1, 1, 5)) == {}


def test_a_permute_to_channels_first_needs_no_order():
    assert (
        orders_of([layers.Permute((3, 1, 2)), layers.ReLU(), layers.Flatten(), layers.Dense(2)], (2, 3, 4))
        == {}
    )
    assert orders_of([layers.Permute((2, 1, 3)), layers.Flatten()], (1, 2, 2)) == {"flatten1": [0, 2, 1, 3]}


def test_a_dense_layer_before_a_reshape_gives_its_columns_in_their_order():
    items = [layers.Dense(4, name="fc"), layers.BatchNormalization(name="bn"), layers.Reshape((1, 2, 2))]
    assert orders_of(items, (3,)) == {"fc": [0, 2, 1, 3], "bn": [0, 2, 1, 3]}


def test_two_weights_may_not_have_one_name_elsewhere():
    block = sequential([layers.Dense(2, name="b")], name="a")
    network = sequential([block, layers.Dense(2, name="a.b")], input_shape=(2,))
    with pytest.raises(ArgumentError) as caught:
        exchange.from_variables(network, drawn(network), "torch")
    assert str(caught.value) == (
        "2 problems:\n"
        "1. a.b/kernel: it would be called 'a.b.weight' under the convention 'torch', as a/b/kernel is; "
        "expected a name of its own.\n  Rename one of the two layers.\n"
        "2. a.b/bias: it would be called 'a.b.bias' under the convention 'torch', as a/b/bias is; "
        "expected a name of its own.\n  Rename one of the two layers."
    )

"""Running: pure, compiled, recorded; keys, states, sharing and frozen layers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from striate.errors import ArgumentError, DataError, ShapeError
from striate.layers import (
    Add,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Layer,
    Rescaling,
    Result,
    Weight,
    initializers,
    regularizers,
)
from striate.network import Input, graph, sequential

SEED = 20


def draw(*shape: int) -> jax.Array:
    return jax.random.normal(jax.random.key(SEED), shape)


@pytest.fixture(scope="module")
def small():
    base = sequential([Dense(4, activation="tanh"), BatchNormalization()], (3,), name="base")
    return sequential([base, Dense(2, activation="softmax")], (3,))


@pytest.fixture(scope="module")
def variables(small):
    return small.init(SEED)


def test_variables_are_trees_by_path(variables):
    shapes = jax.tree.map(jnp.shape, variables)
    assert shapes == {
        "params": {
            "base/dense1": {"kernel": (3, 4), "bias": (4,)},
            "base/norm1": {"gamma": (4,), "beta": (4,)},
            "dense1": {"kernel": (4, 2), "bias": (2,)},
        },
        "state": {"base/norm1": {"moving_mean": (4,), "moving_variance": (4,)}},
    }


def test_running_equals_the_arithmetic_written_out(small, variables):
    numbers, x = jax.tree.map(np.asarray, variables), np.asarray(draw(5, 3))
    params, state = numbers["params"], numbers["state"]["base/norm1"]
    hidden = np.tanh(x @ params["base/dense1"]["kernel"])
    normal = (hidden - state["moving_mean"]) / np.sqrt(state["moving_variance"] + 1e-3)
    scores = np.exp(normal @ params["dense1"]["kernel"])
    expected = scores / scores.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(small.apply(variables, x).output, expected, rtol=1e-5)


def test_compiled_and_differentiated(small, variables):
    x = draw(5, 3)
    compiled = jax.jit(small.apply, static_argnames=("train", "record"))
    np.testing.assert_allclose(compiled(variables, x).output, small.apply(variables, x).output, rtol=1e-5)
    gradient = jax.grad(lambda p: small.apply({**variables, "params": p}, x).output[:, 0].sum())(
        variables["params"]
    )
    assert jax.tree.structure(gradient) == jax.tree.structure(variables["params"])
    assert all(bool(jnp.any(leaf != 0)) for leaf in jax.tree.leaves(gradient["dense1"]))


def test_running_changes_nothing_in_place_and_returns_the_whole_state(small, variables):
    before = jax.tree.map(np.array, variables)
    state = small.apply(variables, draw(5, 3), train=True).state
    assert jax.tree.structure(state) == jax.tree.structure(variables["state"])
    assert not np.array_equal(
        state["base/norm1"]["moving_mean"], before["state"]["base/norm1"]["moving_mean"]
    )
    jax.tree.map(np.testing.assert_array_equal, before, jax.tree.map(np.array, variables))
    jax.tree.map(np.testing.assert_array_equal, small.apply(variables, draw(5, 3)).state, variables["state"])


def test_record_holds_every_intermediate_in_order(small, variables):
    record = small.apply(variables, draw(5, 3), record=True).record
    assert list(record) == [
        "base/dense1/preactivation",
        "base/dense1",
        "base/norm1",
        "dense1/preactivation",
        "dense1",
    ]
    np.testing.assert_allclose(
        record["base/dense1"], jnp.tanh(record["base/dense1/preactivation"]), rtol=1e-6
    )


def test_record_holds_what_was_asked_for(small, variables):
    x = draw(5, 3)
    record = small.apply(variables, x, record=("dense1/preactivation", "base", "input1")).record
    assert list(record) == ["dense1/preactivation", "base", "input1"]
    np.testing.assert_array_equal(record["base"], small.apply(variables, x, record=True).record["base/norm1"])
    np.testing.assert_array_equal(record["input1"], x)
    with pytest.raises(ArgumentError) as caught:
        small.apply(variables, x, record=("dense9",))
    assert str(caught.value).startswith(
        "record: there is no intermediate 'dense9'; expected a name from the network."
    )


def test_a_nested_network_computes_what_it_computes_alone(small, variables):
    base = small.nodes[0].layer
    inner = {
        group: {
            path.removeprefix("base/"): weights for path, weights in tree.items() if path.startswith("base/")
        }
        for group, tree in variables.items()
    }
    x = draw(5, 3)
    alone = base.apply(inner, x).output
    np.testing.assert_array_equal(alone, small.apply(variables, x, record=("base",)).record["base"])
    flat = {
        f"{path}/{name}": array
        for tree in inner.values()
        for path, ws in tree.items()
        for name, array in ws.items()
    }
    assert set(flat) == set(base.weights((3,)))
    np.testing.assert_array_equal(alone, base.forward(flat, x).output)
    assert set(base.forward(flat, x, train=True).state) == {"norm1/moving_mean", "norm1/moving_variance"}


def test_same_seed_same_weights_and_weights_depend_on_their_path_only():
    first = sequential([Dense(4, name="a"), Dense(2, name="b")], (3,)).init(SEED)
    longer = sequential([Dense(4, name="a"), Dense(4), Dense(2, name="b")], (3,)).init(jax.random.key(SEED))
    for path in ("a", "b"):
        np.testing.assert_array_equal(first["params"][path]["kernel"], longer["params"][path]["kernel"])
    assert not np.array_equal(first["params"]["a"]["kernel"], longer["params"]["dense1"]["kernel"][:3])


def test_equal_layers_start_with_different_weights():
    params = sequential([Dense(4), Dense(4)], (4,)).init(SEED)["params"]
    assert not np.array_equal(params["dense1"]["kernel"], params["dense2"]["kernel"])


class Counter(Layer):
    """Counts its calls in one of its two states."""

    def output_shape(self, x):
        return x

    def weights(self, x):
        return {name: Weight((), initializers.Zeros(), trainable=False) for name in ("calls", "limit")}

    def forward(self, weights, x, train=False, key=None):
        return Result(x, {"calls": weights["calls"] + 1})


def test_states_that_a_layer_does_not_mention_stay():
    counter = Counter()
    network = sequential([counter, counter], (3,))
    state = network.apply(network.init(), jnp.ones((1, 3))).state
    assert jax.tree.map(float, state) == {"layer1": {"calls": 2.0, "limit": 0.0}}


def test_weights_start_as_their_initializers_say():
    network = sequential(
        [Dense(2, kernel_initializer=initializers.Constant(0.5), bias_initializer="ones")], (3,)
    )
    np.testing.assert_allclose(network.apply(network.init(), jnp.ones((1, 3))).output, [[2.5, 2.5]])


def test_each_layer_draws_with_a_key_of_its_own():
    network = sequential([Dropout(0.5, name="a"), Dropout(0.5, name="b")], (64,))
    ones, key = jnp.ones((1, 64)), jax.random.key(SEED)
    record = network.apply({}, ones, train=True, key=key, record=True).record
    assert not np.array_equal(record["a"] > 0, record["b"] > 1)
    again = network.apply({}, ones, train=True, key=key, record=True).record
    np.testing.assert_array_equal(record["b"], again["b"])
    np.testing.assert_array_equal(network.apply({}, ones, key=key).output, ones)
    with pytest.raises(ArgumentError, match="train=True without a random key"):
        network.apply({}, ones, train=True)


def test_a_shared_dropout_draws_anew_at_each_call():
    drop = Dropout(0.5)
    network = sequential([drop, drop], (64,))
    record = network.apply({}, jnp.ones((1, 64)), train=True, key=jax.random.key(SEED), record=True).record
    assert np.any((np.asarray(record["dropout1"]) > 0) & (np.asarray(record["dropout1_2"]) == 0))


def test_shared_weights_are_used_at_each_call():
    dense = Dense(2, use_bias=False)
    network = sequential([dense, dense], (2,))
    variables = {"params": {"dense1": {"kernel": jnp.array([[0.0, 1.0], [2.0, 0.0]])}}, "state": {}}
    np.testing.assert_array_equal(network.apply(variables, jnp.array([[1.0, 3.0]])).output, [[2.0, 6.0]])


def test_a_shared_batch_norm_moves_its_averages_at_each_call():
    norm = BatchNormalization(momentum=0.5, center=False, scale=False)
    one, two = Input((1,)), Input((1,))
    network = graph([one, two], Add()([norm(one), norm(two)]))
    batches = jnp.full((4, 1), 8.0), jnp.full((4, 1), 2.0)
    state = network.apply(network.init(), batches, train=True).state
    np.testing.assert_allclose(state["norm1"]["moving_mean"], [0.5 * (0.5 * 8.0) + 0.5 * 2.0])


def test_frozen_layers_keep_all_weights_in_the_state_and_a_frozen_batch_norm_infers():
    network = sequential([Dense(2, trainable=False), BatchNormalization(trainable=False)], (3,))
    variables = network.init(SEED)
    assert variables["params"] == {}
    assert set(variables["state"]["dense1"]) == {"kernel", "bias"}
    x = draw(6, 3)
    trained = network.apply(variables, x, train=True)
    np.testing.assert_array_equal(trained.output, network.apply(variables, x).output)
    jax.tree.map(np.testing.assert_array_equal, trained.state, variables["state"])


def test_a_frozen_network_freezes_what_is_nested_in_it():
    base = sequential([Dense(2), BatchNormalization()], (3,), name="base")
    frozen = type(base)(base.inputs, base.nodes, base.outputs, name="base", trainable=False)
    network = sequential([frozen, Dense(1)], (3,))
    assert list(network.init()["params"]) == ["dense1"]
    assert (network.totals.trainable, network.totals.non_trainable) == (3, 16)


def test_inputs_by_order_and_by_name_and_outputs_in_order():
    one, two = Input((2,), name="one"), Input((2,), name="two")
    network = graph([one, two], [Add()([one, two]), one])
    a, b = jnp.ones((3, 2)), jnp.zeros((3, 2))
    for x in ((a, b), [a, b], {"two": b, "one": a}):
        total, first = network.apply({}, x).output
        np.testing.assert_array_equal(total, a)
        np.testing.assert_array_equal(first, a)


def test_penalty_counts_shared_weights_once_and_frozen_ones_not():
    l2 = regularizers.L2(0.5)
    shared = Dense(2, kernel_regularizer=l2, kernel_initializer="ones")
    frozen = Dense(2, kernel_regularizer=l2, kernel_initializer="ones", trainable=False)
    network = sequential([shared, shared, frozen], (2,))
    assert float(network.penalty(network.init()["params"])) == 2.0
    assert float(sequential([Flatten()], (2,)).penalty({})) == 0.0


def test_too_many_weights_are_refused_before_any_is_drawn():
    network = sequential([Flatten(), Dense(480_000)], (400, 400, 3))
    with pytest.raises(ArgumentError) as caught:
        network.init()
    assert str(caught.value) == (
        "network: the network wants 230,400,480,000 weights; expected at most 4,294,967,296.\n"
        "  Most are in 'dense1'; make what it reads smaller."
    )


def test_a_network_with_wrong_shapes_tells_all_of_them_when_it_is_used():
    image = Input((5, 5, 1))
    network = graph(image, [Conv2D(2, 7)(image), Conv2D(2, 9)(image)])
    for use in (
        network.init,
        network.rows,
        lambda: network.shapes,
        lambda: network.apply({}, jnp.ones((1, 5, 5, 1))),
    ):
        with pytest.raises(ShapeError) as caught:
            use()
        assert [problem.where for problem in caught.value.problems] == ["conv1", "conv2"]


def test_raw_pixels_are_scaled_by_a_layer_or_refused():
    pixels = np.full((1, 2, 2, 1), 255, np.uint8)
    scaled = sequential([Rescaling(1 / 255), Flatten()], (2, 2, 1))
    np.testing.assert_allclose(scaled.apply({}, pixels).output, np.ones((1, 4)), rtol=1e-6)
    with pytest.raises(DataError) as caught:
        sequential([Flatten()], (2, 2, 1)).apply({}, pixels)
    assert str(caught.value) == (
        "input1: the array holds uint8 numbers, and no layer scales them; expected floating-point numbers.\n"
        "  Scale them, as in x.astype('float32') / 255, or begin with Rescaling(1 / 255)."
    )

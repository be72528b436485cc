"""Architectures as text: equal again when read, and nothing taken on trust."""

import json

import pytest

from striate.errors import FormatError
from striate.layers import (
    Add,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    MaxPooling2D,
    initializers,
)
from striate.network import Input, from_json, graph, sequential, to_json

CURE = "\n  Get the file again from where it came, or save it again with Striate."


def branching():
    base = sequential(
        [Conv2D(4, 3, activation="relu", name="first"), BatchNormalization()], (8, 8, 3), name="base"
    )
    block = sequential([Conv2D(4, 1), Dropout(0.5)], name="block")
    frozen = type(base)(base.inputs, base.nodes, base.outputs, name="frozen", trainable=False)
    one, two = Input((8, 8, 3), name="one"), Input((8, 8, 3), name="two")
    shared = Conv2D(4, 3, kernel_initializer=initializers.HeNormal(seed=3), bias_regularizer="l2")
    joined = Add()([base(one), base(two), frozen(one), shared(one), shared(two)])
    pooled = MaxPooling2D(edges="keep")(block(joined))
    return graph([one, two], [Dense(2)(Flatten()(pooled)), pooled], name="branching")


NETWORKS = {
    "branching": branching(),
    "empty": sequential([], (3,)),
    "block": sequential([Dense(2)]),
    "wrong shapes": sequential([Conv2D(2, 9)], (3, 3, 1)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_comes_back_equal(name):
    network = NETWORKS[name]
    text = to_json(network)
    assert from_json(text) == network
    assert from_json(text.encode()) == network
    assert to_json(from_json(text)) == text
    assert json.loads(to_json(network, indent=2)) == json.loads(text)


def test_shared_layers_come_back_shared():
    network = from_json(to_json(NETWORKS["branching"]))
    layers = {node.name: node.layer for node in network.nodes}
    assert layers["base"] is layers["base_2"]
    assert [problem for problem in network.check() if problem.severity == "error"] == []
    assert network.totals == NETWORKS["branching"].totals


def test_equal_networks_give_equal_texts():
    assert to_json(branching()) == to_json(branching())


def plain(**changes):
    """A small sound text as plain values, with changes."""
    layer = {"class_name": "Dense", "units": 2}
    node = {"name": "a", "inputs": ["x"], "layer": layer}
    inputs = [{"name": "x", "shape": [3]}]
    return {"version": 1, "name": None, "inputs": inputs, "nodes": [node], "outputs": ["a"], **changes}


def node(**changes):
    return plain(
        nodes=[{"name": "a", "inputs": ["x"], "layer": {"class_name": "Dense", "units": 2}, **changes}]
    )


def without(value, key):
    return {name: one for name, one in value.items() if name != key}


def nested(depth, inner):
    for _ in range(depth):
        inner = without(plain(nodes=[{"name": "a", "inputs": ["x"], "network": inner}]), "version")
    return {"version": 1, **inner}


MALFORMED = {
    "no object": ([], "architecture: it is []; expected a JSON object."),
    "no version": (
        without(plain(), "version"),
        "architecture: it has no version; expected the JSON text of a network.\n"
        "  Give a text that to_json wrote; for weights and architecture together, a .striate file.",
    ),
    "a version to come": (plain(version=2), "architecture: its version is 2; expected 1.\n  Update Striate."),
    "an unknown field": (
        plain(code="import os"),
        "architecture: it has an unknown field 'code'; expected the fields inputs, name, "
        "nodes, outputs, trainable.",
    ),
    "fields left out": (
        {"version": 1, "outputs": []},
        "2 problems:\n1. architecture: it has no field 'inputs'; expected the fields inputs, nodes, outputs."
        + CURE
        + "\n2. architecture: it has no field 'nodes'; expected the fields inputs, nodes, outputs.",
    ),
    "inputs that are no list": (plain(inputs={}), "architecture: inputs is {}; expected a list."),
    "a shape with a hole": (
        plain(inputs=[{"name": "x", "shape": [None, 3]}]),
        "architecture, input 0: shape is [None, 3]; expected a list of whole numbers >= 1.",
    ),
    "a negative shape": (
        plain(inputs=[{"name": "x", "shape": [-3]}]),
        "architecture, input 0: shape is [-3]; expected a list of whole numbers >= 1.",
    ),
    "a shape of flags": (
        plain(inputs=[{"name": "x", "shape": [True]}]),
        "architecture, input 0: shape is [True]; expected a list of whole numbers >= 1.",
    ),
    "an input without a name": (
        plain(inputs=[{"shape": [3]}]),
        "architecture, input 0: it has no field 'name'; expected the fields name, shape.",
    ),
    "a node that is a text": (
        plain(nodes=["a"]),
        "architecture, layer 0: it is 'a'; expected a JSON object.",
    ),
    "a name that is a number": (node(name=3), "architecture, layer 0: name is 3; expected a text."),
    "a hostile name": (
        node(name="\x1b[2J"),
        "2 problems:\n1. architecture, '\\x1b[2J': the name holds a character that paths and files cannot; "
        "expected 1 to 100 printable characters without / \\ :.\n  Write for instance name='conv1'.",
    ),
    "a path as a name": (
        node(name="../a"),
        "2 problems:\n1. architecture, '../a': the name holds a character",
    ),
    "a hostile name of the network": (
        plain(name="a\u202eb"),
        "architecture, 'a\\u202eb': the name holds a character that paths and files cannot;",
    ),
    "inputs that are no texts": (
        node(inputs=[["x"]]),
        "architecture, layer 0: one of inputs is ['x']; expected a text.",
    ),
    "no layer": (
        plain(nodes=[{"name": "a", "inputs": ["x"]}]),
        "architecture, layer 0: it has 0 of layer, network and weights; expected exactly one.",
    ),
    "a layer and borrowed weights": (
        node(weights="a"),
        "architecture, layer 0: it has 2 of layer, network and weights; expected exactly one.",
    ),
    "weights of nobody": (
        plain(nodes=[{"name": "a", "inputs": ["x"], "weights": "a"}]),
        "architecture, layer 0: it uses the weights of 'a'; expected the name of an earlier layer.",
    ),
    "an unknown layer": (
        node(layer={"class_name": "Lambda"}),
        "architecture, layer 0 'a', layer: class_name is 'Lambda'; expected one of Conv1D, Conv2D,",
    ),
    "an unknown field of a layer": (
        node(layer={"class_name": "Dense", "units": 2, "module": "os"}),
        "architecture, layer 0 'a', Dense: it has an unknown field 'module'; expected one of ",
    ),
    "a wrong value of a layer": (
        node(layer={"class_name": "Dense", "units": -1}),
        "architecture, layer 0 'a', Dense.units: got -1; expected a whole number of at least 1.",
    ),
    "a layer that is a list": (node(layer=[]), "architecture, layer 0 'a', layer: class_name is nothing;"),
    "a reference to nothing": (node(inputs=["y"]), "architecture, a: it reads 'y', which does not exist;"),
    "a cycle": (
        node(inputs=["a"]),
        "architecture, a: it reads 'a', which comes after it or is made from it;",
    ),
    "names used twice": (
        plain(nodes=plain()["nodes"] * 2),
        "architecture, a: 2 layers have this name; expected a name of its own for each.",
    ),
    "no inputs": (
        plain(inputs=[], nodes=[], outputs=[]),
        "2 problems:\n1. architecture, network: it has no input;",
    ),
    "an output that does not exist": (
        plain(outputs=["b"]),
        "architecture, network: the output 'b' does not exist; expected the name of a "
        "node.\n  Known names: a, x.",
    ),
    "a flag that is a number": (plain(trainable=1), "architecture: trainable is 1; expected true or false."),
    "too many layers": (
        plain(
            nodes=[
                {"name": f"a{i}", "inputs": ["x"], "layer": {"class_name": "Flatten"}} for i in range(10_001)
            ]
        ),
        "architecture: it has more than 10,000 layers; expected at most 10,000.",
    ),
    "nested too deep": (
        nested(12, without(plain(), "version")),
        "architecture, layer 0 'a', layer 0 'a', layer 0 'a', layer 0 'a', layer 0 'a', "
        "layer 0 'a', layer 0 'a', "
        "layer 0 'a', layer 0 'a', layer 0 'a', layer 0 'a', layer 0 'a': networks are "
        "nested deeper than 12; "
        "expected at most 12 levels.",
    ),
    "more weights than any machine holds": (
        plain(
            inputs=[{"name": "x", "shape": [2**40]}],
            nodes=node(layer={"class_name": "Dense", "units": 2**40})["nodes"],
        ),
        "architecture: the network wants 1,208,925,819,615,728,686,333,952 weights; "
        "expected at most 4,294,967,296.",
    ),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_texts_are_refused(name):
    value, expected = MALFORMED[name]
    with pytest.raises(FormatError) as caught:
        from_json(json.dumps(value))
    assert str(caught.value).startswith(expected)


TEXTS = {
    "a key twice": ('{"version": 1, "version": 1}', "the key 'version' appears twice in one object"),
    "not a number": ('{"version": NaN}', "the JSON text holds NaN"),
    "infinity by overflow": ('{"version": 1e999}', "the number 1e999 is too large"),
    "half a text": (json.dumps(plain())[:-5], "not JSON"),
    "deep lists": ("[" * 100_000, "nested deeper than 64 levels"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_texts_that_are_no_plain_json_are_refused(name):
    text, expected = TEXTS[name]
    with pytest.raises(FormatError) as caught:
        from_json(text, where="net.json")
    assert str(caught.value).startswith("net.json: ")
    assert expected in str(caught.value)


def bomb(levels: int, calls: int):
    """A short text whose networks unroll to calls ** levels layers: each calls one nested network again."""
    inner = without(plain(), "version")
    for _ in range(levels):
        nodes = [{"name": "a", "inputs": ["x"], "network": inner}]
        nodes += [{"name": f"a{i}", "inputs": ["x"], "weights": "a"} for i in range(1, calls)]
        outputs = [one["name"] for one in nodes[-1:]]
        inner = {"name": None, "inputs": [{"name": "x", "shape": [3]}], "nodes": nodes, "outputs": outputs}
    return {"version": 1, **inner}


def test_nested_repeats_cannot_blow_up():
    with pytest.raises(FormatError) as caught:
        from_json(json.dumps(bomb(10, 10)))
    assert str(caught.value) == (
        "architecture, network: it unrolls to 10,000,000,000 layers; expected at most 10,000.\n"
        "  Nest fewer networks in one another."
    )


def test_the_cap_on_weights_is_the_callers_and_nothing_is_allocated():
    text = to_json(sequential([Dense(1000)], (1000,)))
    assert from_json(text, max_parameters=1_001_000).totals.params == 1_001_000
    with pytest.raises(FormatError) as caught:
        from_json(text, max_parameters=1_000_999)
    assert str(caught.value) == (
        "architecture: the network wants 1,001,000 weights; expected at most 1,000,999.\n"
        "  Raise max_parameters= if you trust it."
    )

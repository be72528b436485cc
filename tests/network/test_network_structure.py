"""What is no graph is refused when it is made, everything at once."""

import pytest

from striate.errors import ArgumentError
from striate.layers import Dense
from striate.network import InputSpec, Network, Node
from striate.network.naming import choose_names, name_problem

ONE = (InputSpec("x", (4,)),)


def problems_of(inputs=ONE, nodes=(), outputs=("x",), **more) -> list[str]:
    with pytest.raises(ArgumentError) as caught:
        Network(inputs, nodes, outputs, **more)
    return [str(problem) for problem in caught.value.problems]


def node(name: str, *inputs: str, weights: str | None = None, units: int = 4) -> Node:
    return Node(name, Dense(units), inputs, weights or name)


def test_a_cycle_is_a_reference_to_something_later():
    assert problems_of(nodes=(node("a", "b"), node("b", "a")), outputs=("b",)) == [
        "a: it reads 'b', which comes after it or is made from it; expected the name of an input or of an "
        "earlier node.\n  List each node after the ones it reads; a network has no cycles."
    ]


def test_a_node_cannot_read_itself():
    assert problems_of(nodes=(node("a", "a"),), outputs=("a",))[0].startswith(
        "a: it reads 'a', which comes after it"
    )


def test_everything_is_told_at_once():
    nodes = (node("a", "nothing"), node("a", "x"), node("b", "x", weights="c"), node("d"))
    assert problems_of(nodes=nodes, outputs=("e",)) == [
        "a: 2 layers have this name; expected a name of its own for each.\n"
        "  Give each its own name=..., or leave names out.",
        "a: it reads 'nothing', which does not exist; expected the name of an input or of an earlier node.\n"
        "  Known names: x.",
        "b: it uses the weights of 'c'; expected an earlier node with the same layer.\n  "
        "Give it its own weights.",
        "d: it has no input; expected at least one.\n  Connect it to an input or a node.",
        "network: the output 'e' does not exist; expected the name of a node.\n  Known names: a, b, d, x.",
    ]


def test_weights_are_shared_between_equal_layers_only():
    nodes = (node("a", "x"), node("b", "a", weights="a", units=5))
    assert problems_of(nodes=nodes, outputs=("b",))[0].startswith(
        "b: it uses the weights of 'a'; expected an earlier"
    )


def test_a_network_has_inputs_and_outputs():
    assert problems_of((), (), ()) == [
        "network: it has no input; expected at least one.\n  Begin with Input(shape=...).",
        "network: it has no output; expected at least one.\n  Name the node that it gives back.",
    ]


@pytest.mark.parametrize(
    "name", ["", "a/b", "..", "\x1b[2J", "a\0", "C:", "a\\b", "a" * 101, "con\u202etrol", "\ud800"]
)
def test_names_are_harmless(name):
    assert name_problem(name) is not None
    assert len(problems_of(nodes=(node(name, "x"),))) == 1
    assert len(problems_of(name=name)) == 1


@pytest.mark.parametrize("name", ["conv 1", "Täuschung", "a.b-c", "1"])
def test_names_may_be_in_any_language(name):
    assert name_problem(name) is None


def test_names_that_cannot_be_granted_are_replaced_until_they_are_told():
    names, problems = choose_names([("a", "dense"), ("a", "dense"), ("b:c", "conv"), (None, "conv")])
    assert names == ["a", "dense1", "conv1", "conv2"]
    assert [problem.where for problem in problems] == ["'b:c'", "a"]


def test_numbers_of_numpy_become_pythons():
    numpy = pytest.importorskip("numpy")
    shape = InputSpec("x", (numpy.int64(3), numpy.int32(4))).shape
    assert shape == (3, 4)
    assert [type(size) for size in shape] == [int, int]

"""What does not fit the network is told with the likeliest cure."""

import jax.numpy as jnp
import numpy as np
import pytest

from striate.errors import ShapeError
from striate.layers import Add, Dense, Flatten
from striate.network import Input, graph, sequential

IMAGES = sequential([Flatten()], (8, 6, 3))
EXPECTED = "expected shape (N, 8, 6, 3)"


def message(call) -> str:
    with pytest.raises(ShapeError) as caught:
        call()
    return str(caught.value)


@pytest.mark.parametrize(
    ("shape", "cure"),
    [
        ((8, 6, 3), "The batch axis is missing: use x[None] for one example."),
        ((5, 3, 8, 6), "The channels come first: use x.transpose(0, 2, 3, 1)."),
        (
            (5, 8, 6, 4),
            "The number of channels differs: convert the pictures, or make the network for this shape.",
        ),
        ((5, 9, 6, 3), "Resize or crop the data, or make the network for this shape."),
        ((5, 144), "Reshape the data, or make the network for this shape."),
        ((), "Reshape the data, or make the network for this shape."),
    ],
)
def test_wrong_shapes_are_told_with_their_cure(shape, cure):
    text = message(lambda: IMAGES.apply({}, jnp.ones(shape)))
    assert text == f"input1: the array has shape {shape}; {EXPECTED}.\n  {cure}"


def test_a_missing_channel_axis_is_recognized():
    grey = sequential([Flatten()], (28, 28, 1))
    assert message(lambda: grey.apply({}, np.ones((5, 28, 28), np.float32))) == (
        "input1: the array has shape (5, 28, 28); expected shape (N, 28, 28, 1).\n"
        "  The channel axis is missing: use x[..., None]."
    )


def test_the_wrong_number_or_names_of_inputs():
    one, two = Input((2,), name="one"), Input((2,), name="two")
    network = graph([one, two], Add()([one, two]))
    x = jnp.ones((3, 2))
    assert message(lambda: network.apply({}, (x, x, x))) == (
        "x: 3 arrays were given; expected 2 arrays.\n  Give one for each of one, two."
    )
    assert message(lambda: network.apply({}, {"one": x, "three": x})) == (
        "x: the inputs are named one, three; expected one, two.\n  Name each input as the network does."
    )
    assert message(lambda: network.apply({}, (x, jnp.ones((3, 5))))).startswith(
        "two: the array has shape (3, 5)"
    )


def test_variables_of_another_network_are_compared_weight_by_weight():
    network = sequential([Dense(2), Dense(3)], (4,))
    weights = {"dense1": {"kernel": jnp.ones((4, 2)), "bias": jnp.ones(3)}, "dense3": {"kernel": jnp.ones(1)}}
    cure = "  Use the variables that this network's init or training gave."
    assert message(lambda: network.apply({"params": weights}, jnp.ones((1, 4)))) == (
        "4 problems:\n"
        f"1. params/dense1/bias: the weight has shape (3,); expected shape (2,).\n{cure}\n"
        f"2. params/dense2/kernel: the weight is missing; expected an array of shape (2, 3).\n{cure}\n"
        f"3. params/dense2/bias: the weight is missing; expected an array of shape (3,).\n{cure}\n"
        f"4. params/dense3/kernel: the network has no such weight; expected nothing here.\n{cure}"
    )

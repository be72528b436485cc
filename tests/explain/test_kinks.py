"""At every kink the engine's slope is the one that docs/kinks.md names, and the explanation says the same."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ledgers import slopes

from striate import layers as L
from striate import ops
from striate.explain import Numbers
from striate.layers.initializers import Constant
from striate.models import Input, Model, Sequential
from striate.ops.losses import EPSILON
from striate.training.losses import BinaryCrossentropy, CategoricalCrossentropy, Huber

CURVES = [
    (L.Activation("relu"), 0.0, 0.0),
    (L.ReLU(negative_slope=0.25), 0.0, 0.25),
    (L.ReLU(threshold=0.5, negative_slope=0.25), 0.5, 0.25),
    (L.ReLU(threshold=0.2), np.float32(0.2), 0.0),
    (L.Activation("relu6"), 6.0, 0.0),
    (L.ReLU(max_value=1), 1.0, 0.0),
    (L.ReLU(max_value=1), 2.0, 0.0),
    (L.Activation("leaky_relu"), 0.0, 1.0),
    (L.LeakyReLU(0.1), 0.0, 1.0),
    (L.PReLU(alpha_initializer=Constant(0.25)), 0.0, 0.25),
    (L.ELU(0.5), 0.0, 0.5),
    (L.Activation("selu"), 0.0, 1.0507009873554805 * 1.6732632423543772),
    (L.Activation("hard_sigmoid"), -3.0, 0.0),
    (L.Activation("hard_sigmoid"), 3.0, 0.0),
    (L.Activation("hard_sigmoid"), 3.5, 0.0),
    (L.Activation("hard_silu"), -3.0, 0.0),
    (L.Activation("hard_silu"), 3.0, 1.0),
    (L.Activation("softsign"), 0.0, 1.0),
]


@pytest.mark.parametrize(("layer", "at", "slope"), CURVES, ids=lambda value: str(value))
def test_slopes_of_activations_on_their_corners(layer, at, slope):
    weights = {name: w.initializer(jax.random.key(0), w.shape) for name, w in layer.weights((1,)).items()}
    engine, terms = slopes(layer, [[at]], weights)
    np.testing.assert_allclose(engine, [[slope]], rtol=1e-6)
    np.testing.assert_allclose(terms, [[slope]], rtol=1e-6)


TIES = [
    # a window of four equal numbers: the first in reading order
    (L.MaxPooling2D(), [[1, 1], [1, 1]], [[1, 0], [0, 0]]),
    (L.MaxPooling2D(), [[0, 2], [2, 1]], [[0, 1], [0, 0]]),
    # overlapping windows: a number may win several
    (L.MaxPooling2D(2, strides=1), [[1, 3, 3], [1, 3, 0]], [[0, 2, 0], [0, 0, 0]]),
    # padding never wins, also against negative numbers
    (L.MaxPooling2D(3, padding="same"), [[-5, -5], [-7, -5]], [[1, 0], [0, 0]]),
    (L.MaxPooling2D(2, edges="keep"), [[-5, -4, -3]], [[0, 1, 1]]),
    (L.GlobalMaxPooling2D(), [[0, 4], [4, 4]], [[0, 1], [0, 0]]),
    (L.L2Pooling2D(), [[0, 0], [0, 0]], [[0, 0], [0, 0]]),
    # a window of nothing but -inf behind padding: the padding comes first, and the gradient is lost
    (L.MaxPooling2D(2, strides=2, padding=1), [[-np.inf, 1.0], [1.0, 1.0]], [[0, 1], [1, 1]]),
    (L.MaxPooling2D(), [[-np.inf, -np.inf], [-np.inf, -np.inf]], [[1, 0], [0, 0]]),
]


@pytest.mark.parametrize(("layer", "picture", "gradient"), TIES, ids=lambda value: str(value))
def test_who_gets_the_gradient_of_a_maximum(layer, picture, gradient):
    x = np.array(picture, np.float32)[None, :, :, None]
    engine, terms = slopes(layer, x)
    np.testing.assert_array_equal(engine[0, :, :, 0], gradient)
    np.testing.assert_array_equal(terms[0, :, :, 0], gradient)


def test_infinite_and_missing_numbers_in_windows_are_explained_as_the_engine_has_them():
    layer = L.MaxPooling2D(2, strides=2, padding=1, name="pool")
    model = Sequential([Input((2, 2, 1)), layer])
    x = np.array([[-np.inf, 1.0], [1.0, np.nan]], np.float32)[None, :, :, None]
    numbers = Numbers(model, x)
    lost = numbers.at("pool/output[0,0,0,0]")
    assert lost.value == -np.inf == lost.remade
    assert lost.made.notes == (
        "All numbers of the window are -inf, so that the padding wins and no gradient passes.",
    )
    assert np.isnan(numbers.at("pool/output[0,1,1,0]").value)
    assert numbers.at("pool/output[0,1,1,0]").terms[0].name == "input1[0,1,1,0]"


def test_a_relu_before_a_maximum_stops_what_the_maximum_sends():
    model = Sequential([Input((2, 2, 1)), L.ReLU(name="r"), L.MaxPooling2D(), L.Flatten()])
    numbers = Numbers(model, np.array([[-1.0, 0.0], [-2.0, 0.0]])[None, :, :, None])
    np.testing.assert_array_equal(numbers.at("r/output.grad[0,:,:,0]").value, [[1, 0], [0, 0]])
    np.testing.assert_array_equal(numbers.at("input.grad[0,:,:,0]").value, np.zeros((2, 2)))


@pytest.mark.parametrize("kind", ["Maximum", "Minimum"])
def test_equal_inputs_of_a_maximum_share_its_gradient_two_by_two(kind):
    inputs = [Input((4,), name=name) for name in "abc"]
    model = Model(inputs, getattr(L, kind)(name="m")(inputs))
    sign = 1.0 if kind == "Maximum" else -1.0
    rows = [[1, 2, 1, 0], [1, 2, 1, 1], [1, 0, 2, 1]]
    x = {name: sign * np.array([row], np.float32) for name, row in zip("abc", rows, strict=True)}
    shares = {"a": [0.25, 0.5, 0, 0], "b": [0.25, 0.5, 0, 0.5], "c": [0.5, 0, 1, 0.5]}
    for column in range(4):
        numbers = Numbers(model, x, target=column)
        for name, share in shares.items():
            found = numbers.at(f"{name}.grad[0,{column}]")
            assert found.value == found.remade == share[column]


def test_absolute_values_have_the_slope_of_their_right_side_at_0():
    layer = L.Dense(2, use_bias=False, kernel_regularizer="l1", name="d")
    model = Sequential([Input((1,)), layer])
    model.set_weights([np.array([[0.0, 2.0]])])
    numbers = Numbers(model, np.array([[1.0]]), np.array([[0.0, 2.0]]), loss="mae")
    np.testing.assert_array_equal(numbers.at("d/output.grad").value, [[0.5, 0.5]])
    assert numbers.at("d/output.grad[0,1]").remade == 0.5
    price = numbers.at("d/kernel.grad[0,0]")
    assert price.value == pytest.approx(0.5 + 0.01)
    assert price.gap < 1e-6
    edge = Numbers(model, np.array([[1.0]]), np.array([[0.5, 1.5]]), loss=Huber(0.5))
    np.testing.assert_allclose(edge.at("d/output.grad").value, [[-0.25, 0.25]])
    assert edge.at("d/output.grad[0,0]").gap < 1e-6


LOW, HIGH = np.float32(EPSILON), np.float32(1 - EPSILON)


@pytest.mark.parametrize(("p", "part"), [(LOW / 2, 0), (LOW, 0.5), (HIGH, 0.5), (np.float32(1), 0), (0.5, 1)])
def test_clipped_probabilities_get_no_gradient(p, part):
    slope = jax.grad(lambda p: ops.losses.binary_crossentropy(jnp.ones((1, 1)), p)[0])(jnp.full((1, 1), p))
    assert float(slope[0, 0]) == pytest.approx(-part / float(np.clip(p, LOW, HIGH)), rel=1e-6)
    model = Sequential([Input((1,)), L.Identity(name="p")])
    found = Numbers(model, np.array([[p]]), np.array([[1.0]]), loss=BinaryCrossentropy()).at(
        "p/output.grad[0,0]"
    )
    assert found.value == float(slope[0, 0])
    assert found.gap <= 1e-6


def test_a_softmax_that_is_certain_gets_no_gradient_from_probabilities_and_one_from_logits():
    model = Sequential([Input((2,)), L.Activation("softmax", name="p")])
    x, y = np.array([[40.0, 0.0]]), np.array([[0.0, 1.0]])
    certain = Numbers(model, x, y, loss=CategoricalCrossentropy())
    for place in range(2):
        found = certain.at(f"input.grad[0,{place}]")
        assert found.value == found.remade == 0
        assert "the loss clips it" in found.made.notes[0]
    plain = Sequential([Input((2,)), L.Identity(name="z")])
    logits = Numbers(plain, x, y, loss=CategoricalCrossentropy(from_logits=True))
    np.testing.assert_allclose(logits.at("input.grad").value, [[1, -1]])

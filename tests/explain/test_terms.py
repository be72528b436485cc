"""The terms of every kind of layer against the engine: values and ways back against the layer itself."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ledgers import Given, sent

from striate import layers as L
from striate.errors import ArgumentError
from striate.explain import Numbers
from striate.explain._tracing import opened
from striate.explain.addresses.rules.base import Site
from striate.explain.addresses.rules.table import MAKERS, rule_of
from striate.layers._table import LAYERS, ROWS
from striate.models import Input, Model, Sequential
from striate.ops import ACTIVATIONS

TOLERANCE = 1e-6
SEVERAL_SITES = {"SeparableConv1D", "SeparableConv2D"}


def test_every_layer_has_a_rule():
    assert {kind.__name__ for kind in MAKERS} | SEVERAL_SITES == set(LAYERS)


def drawn(rng, layer, shapes, examples=2):
    """Inputs and weights of a layer; some inputs are equal, so that maxima have ties."""
    inputs = [np.round(rng.normal(size=(examples, *s)), 1).astype(np.float32) for s in shapes]
    weights = {}
    for name, weight in layer.weights(*shapes).items():
        positive = name in ("gamma", "moving_variance")
        array = rng.uniform(0.5, 2, weight.shape) if positive else rng.normal(size=weight.shape)
        weights[name] = array.astype(np.float32)
    return inputs, weights


def near(value, made):
    return abs(float(value) - made.value) <= TOLERANCE * made.size


SINGLE = [row for row in ROWS if row.kind.__name__ not in SEVERAL_SITES]


@pytest.mark.parametrize("row", SINGLE, ids=lambda row: f"{row.kind.__name__}-{ROWS.index(row)}")
def test_a_layer_is_its_rule_forwards_and_backwards(row):
    rng = np.random.default_rng()
    layer = opened(row.make())[0]
    inputs, weights = drawn(rng, layer, row.inputs)

    @jax.jit
    def run(inputs, weights, upstream):
        output, back = jax.vjp(lambda x, w: layer.forward(w, *x).output, inputs, weights)
        return output, *back(upstream)

    shape = (len(inputs[0]), *layer.output_shape(*row.inputs))
    upstream = rng.normal(size=shape).astype(np.float32)
    output, slopes, weight_slopes = run(inputs, weights, upstream)
    order = [n for n in ("moving_mean", "moving_variance") if n in weights]
    order += [n for n in weights if n not in order]
    reads = [f"x{k}" for k in range(len(inputs))] + order
    values = dict(zip(reads, [*inputs, *(weights[n] for n in order)], strict=True), z=output)
    rule = rule_of(layer, row.inputs, tuple(output.shape[1:]))
    site, ledger = Site("z", rule, tuple(reads)), Given(values, {"z": upstream})
    for _ in range(8):
        place = tuple(int(rng.integers(s)) for s in output.shape)
        made = rule.made(ledger, site, place)
        assert near(output[place], made), (place, made.value, float(output[place]))
    found = dict(zip(reads, [*slopes, *(weight_slopes[n] for n in order)], strict=True))
    for position, path in enumerate(reads):
        for _ in range(8):
            place = tuple(int(rng.integers(s)) for s in found[path].shape)
            total, size = sent(site, ledger, position, place)
            assert abs(total - float(found[path][place])) <= TOLERANCE * size, (path, place)
            rule.remarks(ledger, site, position, place)


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_an_activation_is_its_curve(name):
    rng = np.random.default_rng()
    layer, x = L.Activation(name), rng.normal(size=(4, 6)).astype(np.float32) * 4
    output, back = jax.vjp(ACTIVATIONS[name], jnp.asarray(x))
    upstream = rng.normal(size=x.shape).astype(np.float32)
    (slopes,) = back(jnp.asarray(upstream))
    rule = rule_of(layer, ((6,),), (6,))
    site, ledger = Site("z", rule, ("x",)), Given({"x": x, "z": output}, {"z": upstream})
    for place in np.ndindex(x.shape):
        assert near(output[place], rule.made(ledger, site, place)), x[place]
        total, size = sent(site, ledger, 0, place)
        assert abs(total - float(slopes[place])) <= TOLERANCE * size, x[place]


@pytest.mark.parametrize("name", ["relu", "gelu", "silu", "softplus", "mish", "tanh", "elu", "softmax"])
def test_numbers_that_are_not_finite_are_explained_without_a_warning(name):
    x = np.array([[np.inf, -np.inf, np.nan, 1e30, -1e30]], np.float32)
    numbers = Numbers(Sequential([Input((5,)), L.Activation(name, name="a")]), x, target=0)
    for place in range(5):
        for text in (f"a/output[0,{place}]", f"input.grad[0,{place}]"):
            explained = numbers.at(text)
            explained.text(), explained.latex(), explained.to_json(), explained.pixels
            both = np.array([explained.value, explained.remade])
            assert np.isfinite(explained.value) == np.isfinite(both).all(), text
            assert not np.isfinite(both).all() or explained.gap <= TOLERANCE


def test_a_layer_of_your_own_has_numbers_but_no_terms():
    class Twice(L.Identity):
        def forward(self, weights, *inputs, train=False, key=None):
            return super().forward(weights, *inputs)._replace(output=2 * inputs[0])

    model = Sequential([Input((2,)), Twice(name="mine"), L.Dense(1, name="d")])
    numbers = Numbers(model, np.array([[3.0, 4.0]]))
    assert numbers.at("mine/output[0,1]").value == 8.0
    assert numbers.at("d/output[0,0]").gap <= TOLERANCE
    for text in ("mine/output[0,1]", "input.grad[0,0]"):
        with pytest.raises(ArgumentError) as refused:
            numbers.at(text).text()
        assert str(refused.value) == (
            "mine/output: nothing is known of Twice; expected a layer of Striate.\n"
            "  Its values and gradients can be read, but not their terms."
        )


@pytest.fixture(scope="module")
def two_stages():
    """A separable convolution, a batch norm and dropout, in training."""
    x = Input((5, 5, 2))
    y = L.SeparableConv2D(3, 3, strides=2, padding="same", depth_multiplier=2, activation="tanh", name="s")(x)
    y = L.Dropout(0.4, name="drop")(L.BatchNormalization(name="norm", axis=2)(y))
    y = L.Dense(4, activation="softmax", name="p")(L.GaussianNoise(0.2, name="noise")(L.Flatten()(y)))
    model = Model(x, y, seed=3)
    model.compile(loss="categorical_crossentropy")
    return model


@pytest.fixture(scope="module")
def numbers(two_stages):
    rng = np.random.default_rng()
    x = rng.normal(size=(3, 5, 5, 2)).astype(np.float32)
    y = np.eye(4, dtype=np.float32)[rng.integers(0, 4, 3)]
    return Numbers(two_stages, x, y, train=True, key=jax.random.key(1))


def test_values_are_those_of_the_engine_bit_for_bit(two_stages, numbers):
    x, key = numbers.reading.x, jax.random.key(1)
    applied = jax.jit(lambda v, x: two_stages.network.apply(v, x, train=True, key=key, record=True).record)
    for name, array in applied(two_stages.variables, x).items():
        path = name if "/" in name else f"{name}/output"
        np.testing.assert_array_equal(numbers.at(path).value, array, err_msg=path)


def test_gradients_are_those_of_training(two_stages, numbers):
    steps = two_stages.compiled().programs.steps
    batch = (
        two_stages.compiled().wanted().prepare(np.asarray(numbers.reading.x), numbers.goal.targets["target"])
    )
    variables, key = two_stages.variables, jax.random.key(1)
    grad = jax.jit(jax.value_and_grad(lambda p: steps.loss(p, variables["state"], batch, True, key)[0]))
    loss, grads = grad(variables["params"])
    assert numbers.at("loss").value == pytest.approx(float(loss), rel=1e-6)
    for path, weights in grads.items():
        for name, array in weights.items():
            found = numbers.at(f"{path}/{name}.grad").value
            np.testing.assert_allclose(found, array, rtol=1e-4, atol=1e-7, err_msg=f"{path}/{name}")


INSIDE = [
    "s/depthwise",
    "s/preactivation",
    "norm/mean",
    "norm/variance",
    "norm/output",
    "drop/output",
    "p/share",
]


@pytest.mark.parametrize("path", [*INSIDE, "noise/output", "s/depthwise_kernel", "norm/gamma", "norm/beta"])
def test_what_lies_inside_layers_sums_up_as_well(numbers, path):
    rng = np.random.default_rng()
    for grad in ("", ".grad"):
        for _ in range(6):
            shape = numbers.at(path).shape
            index = ",".join(str(int(rng.integers(s))) for s in shape)
            explained = numbers.at(f"{path}{grad}[{index}]")
            assert explained.gap <= TOLERANCE, explained.text()


def test_every_address_in_a_term_can_be_asked_and_has_that_value(numbers):
    asked = ["s/preactivation[0,1,1,2]", "norm/output[1,0,1,2]", "p/output[0,3]", "s/depthwise.grad[2,1,1,3]"]
    asked += [
        "loss",
        "p/kernel.grad[5,1]",
        "norm/variance.grad[1]",
        "drop/output[0,0,1,2]",
        "noise/output[1,4]",
    ]
    for text in asked:
        for term in numbers.at(text).terms[:20]:
            for factor in term.factors:
                for address in factor.addresses:
                    again = numbers.at(str(address))
                    assert again.address == address
                    assert factor.form != "{}" or again.value == pytest.approx(factor.value, rel=1e-6), text


def test_softmax_and_crossentropy_stand_together(numbers):
    label = int(numbers.at("target[1]").value.argmax())
    names = [term.name for term in numbers.at(f"p/preactivation.grad[1,{label}]").terms]
    assert names == [f"1/3 × p/output[1,{label}]", "-1/3"]
    assert [t.name for t in numbers.at(f"p/preactivation.grad[1,{(label + 1) % 4}]").terms] == [
        f"1/3 × p/output[1,{(label + 1) % 4}]"
    ]


def test_shared_weights_have_terms_from_every_use_and_from_their_price():
    layer, x = L.Dense(3, kernel_regularizer="l1_l2", name="d"), Input((3,))
    model = Model(x, L.Add(name="sum")([layer(x), layer(layer(x))]), seed=1)
    model.compile(loss="mse")
    rng = np.random.default_rng()
    asked = Numbers(model, rng.normal(size=(2, 3)), rng.normal(size=(2, 3)))
    explained = asked.at("d/kernel.grad[0,1]")
    sources = {str(term.factors[0].name).split("[")[0] for term in explained.terms}
    assert sources == {"input1", "d_2/output", "0.01", "0.02"}
    assert len(explained.terms) == 3 * 2 + 2
    assert explained.gap <= TOLERANCE


def test_without_targets_gradients_are_of_the_winning_score():
    model = Sequential([Input((4,)), L.Dense(3, activation="softmax", name="p")])
    x = np.random.default_rng().normal(size=(2, 4)).astype(np.float32)
    asked = Numbers(model, x)
    winners = asked.at("p/preactivation").value.argmax(1)
    kernel = asked.at("p/kernel").value
    np.testing.assert_allclose(asked.at("input.grad").value, kernel[:, winners].T, rtol=1e-6)
    assert asked.at(f"p/preactivation.grad[0,{winners[0]}]").terms[0].name == "1"
    names = [f"p/preactivation[{n},{winner}]" for n, winner in enumerate(winners)]
    words = f"The gradient of the winning scores, {names[0]}, {names[1]}."
    assert words in asked.at("input.grad[0,0]").text()
    chosen = Numbers(model, x, target=2).at("input.grad").value
    np.testing.assert_allclose(chosen, np.repeat(kernel[:, 2:].T, 2, 0), rtol=1e-6)


def test_a_loss_of_your_own_and_several_outputs():
    x = Input((4,))
    left, right = L.Dense(3, activation="softmax", name="left")(x), L.Dense(2, name="right")(x)
    model = Model(x, [left, right], seed=2)
    own = {"left": "sparse_categorical_crossentropy", "right": lambda y, p: jnp.abs(p - y) ** 3}
    model.compile(loss=own, loss_weights={"left": 0.5, "right": 2.0})
    rng = np.random.default_rng()
    y = [np.array([0, 2]), rng.normal(size=(2, 2)).astype(np.float32)]
    asked = Numbers(model, rng.normal(size=(2, 4)), y)
    for text in ("loss", "left/preactivation.grad[1,2]", "right/output.grad[0,1]", "input.grad[1,3]"):
        assert asked.at(text).gap <= TOLERANCE, text
    assert asked.at("target/left[1]").value == 2


def test_a_frozen_batch_norm_uses_its_moving_statistics_in_training():
    layers = [Input((3,)), L.BatchNormalization(trainable=False, name="n"), L.Dense(2, name="d")]
    asked = Numbers(Sequential(layers), np.ones((2, 3), np.float32), train=True)
    names = [term.name for term in asked.at("n/output[0,1]").terms]
    assert names[0].startswith("(input1[0,1] - n/moving_mean[1]) × 1 / sqrt(n/moving_variance[1]")


def test_terms_of_unlike_layers_of_equal_fields_are_not_mixed_up():
    """Equal networks share programs, and unlike ones do not."""
    x = np.random.default_rng().normal(size=(1, 4, 4, 1)).astype(np.float32)
    for layer in (L.MaxPooling2D(name="p"), L.AveragePooling2D(name="p"), L.L2Pooling2D(name="p")):
        asked = Numbers(Sequential([Input((4, 4, 1)), dataclasses.replace(layer)]), x)
        assert asked.at("p/output[0,1,1,0]").gap <= TOLERANCE

"""What every layer promises, tested over every row of the table of layers."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import striate.layers as layers
from striate.layers._base import Layer
from striate.layers._rules import rules_of
from striate.layers._table import LAYERS, ROWS

BATCH = 2
KEY = jax.random.key(7, impl="unsafe_rbg")
"""A key of the kind that compiles fastest; what is drawn does not matter here."""

FAST = {"xla_backend_optimization_level": 0}
FIRST = {row.kind: row for row in reversed(ROWS)}


def name_of(row):
    return f"{row.make()!r} {' '.join(map(str, row.inputs))}"


def seed_of(row):
    """A seed of its own for every row."""
    return sum(map(ord, name_of(row)))


def draw(rng, shape, dtype=jnp.float32):
    return jnp.asarray(rng.normal(size=shape).astype(np.float32)).astype(dtype)


def case(row, dtype=jnp.float32):
    """The layer, random numbers for its weights (variances are positive), and random inputs."""
    rng, layer = np.random.default_rng(seed_of(row)), row.make()
    weights = {
        name: jnp.abs(draw(rng, weight.shape, dtype))
        if "variance" in name
        else draw(rng, weight.shape, dtype)
        for name, weight in layer.weights(*row.inputs).items()
    }
    return layer, weights, tuple(draw(rng, (BATCH, *shape), dtype) for shape in row.inputs)


def loss(layer, trained, kept, inputs, train):
    """One number that depends on every output, each in its own way."""
    result = layer.forward({**trained, **kept}, *inputs, train=train, key=KEY)
    ramp = jnp.arange(result.output.size, dtype=jnp.float32).reshape(result.output.shape) % 7 - 2.5
    return jnp.sum(result.output * ramp.astype(result.output.dtype)), result


def split(layer, weights, row):
    """Trainable weights and the others."""
    declared = layer.weights(*row.inputs)
    trained = {name: weight for name, weight in weights.items() if declared[name].trainable}
    return trained, {name: weight for name, weight in weights.items() if name not in trained}


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_shapes_and_gradients_are_as_promised(row):
    layer, weights, inputs = case(row)
    trained, kept = split(layer, weights, row)
    slope = jax.value_and_grad(functools.partial(loss, layer, train=True), (0, 2), has_aux=True)
    (_, result), gradients = jax.jit(slope, compiler_options=FAST)(trained, kept, inputs)
    assert result.output.shape == (BATCH, *layer.output_shape(*row.inputs))
    assert {name: array.shape for name, array in result.state.items()} == {
        name: array.shape for name, array in kept.items()
    }
    for name, gradient in [*gradients[0].items(), *enumerate(gradients[1])]:
        assert np.isfinite(gradient).all(), name
        assert np.abs(gradient).max() > 0, name


@pytest.mark.parametrize("row", FIRST.values(), ids=name_of)
def test_compiled_equals_eager(row):
    layer, weights, inputs = case(row)
    run = functools.partial(layer.forward, train=True, key=KEY)
    eager, compiled = run(weights, *inputs), jax.jit(run)(weights, *inputs)
    np.testing.assert_allclose(compiled.output, eager.output, rtol=1e-5, atol=1e-5)
    assert jax.tree.structure(compiled) == jax.tree.structure(eager)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16], ids=["float32", "bfloat16"])
@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_types_are_kept(row, dtype):
    layer, weights, inputs = case(row, dtype)
    trained, kept = split(layer, weights, row)
    for train in (False, True):
        slope = jax.grad(functools.partial(loss, layer, train=train), (0, 2), has_aux=True)
        gradients, result = jax.eval_shape(slope, trained, kept, inputs)
        assert result.output.dtype == dtype
        assert all(array.dtype == dtype for array in jax.tree.leaves((gradients, result)))


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_weights_are_drawn_as_promised(row):
    layer = row.make()
    for dtype in (jnp.float32, jnp.bfloat16):
        for weight in layer.weights(*row.inputs).values():
            draw_one = functools.partial(weight.initializer, shape=weight.shape, dtype=dtype)
            drawn = jax.eval_shape(draw_one, KEY)
            assert (drawn.shape, drawn.dtype) == (weight.shape, dtype)


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_a_layer_is_a_value(row):
    layer, twin = row.make(), row.make()
    assert layer == twin
    assert hash(layer) == hash(twin)
    assert layer != dataclasses.replace(layer, name="another")
    with pytest.raises(dataclasses.FrozenInstanceError):
        layer.name = "changed"


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_the_representation_makes_the_layer_again(row):
    names = {**vars(layers.initializers), **vars(layers.regularizers), **vars(layers)}
    text = repr(row.make())
    call = compile(text, "<repr>", "eval", dont_inherit=True)
    assert eval(call, {"__builtins__": {}}, names) == row.make()  # noqa: S307 - our own text


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_nothing_is_drawn_and_nothing_changes_outside_training(row):
    layer, weights, inputs = case(row)
    result = jax.eval_shape(lambda: layer.forward(weights, *inputs))
    assert dict(result.state) == {}
    assert result.output.shape[1:] == layer.output_shape(*row.inputs)


@pytest.mark.parametrize("name", ["Conv2D", "Dense", "AveragePooling2D", "BatchNormalization", "Rescaling"])
def test_bfloat16_is_near_float32(name):
    row = next(row for row in ROWS if row.kind.__name__ == name)
    layer, weights, inputs = case(row)
    halves = jax.tree.map(lambda array: array.astype(jnp.bfloat16), (weights, inputs))
    exact, rough = layer.forward(weights, *inputs).output, layer.forward(halves[0], *halves[1]).output
    assert rough.dtype == jnp.bfloat16
    np.testing.assert_allclose(rough.astype(jnp.float32), exact, rtol=0.05, atol=0.1)


def test_every_exported_layer_is_in_the_table():
    exported = {
        name
        for name in layers.__all__
        if isinstance(getattr(layers, name), type) and issubclass(getattr(layers, name), Layer)
    }
    second = {name for name in exported if getattr(layers, name).__name__ != name}
    assert exported - second - {"Layer"} == set(LAYERS)
    assert {"MaxPool2D", "AvgPool2D", "GlobalAvgPool2D", "Convolution2D"} <= second
    assert all(LAYERS[name] is getattr(layers, name) for name in LAYERS)


@pytest.mark.parametrize("kind", LAYERS.values(), ids=LAYERS)
def test_every_field_has_a_rule_and_every_kind_a_name(kind):
    assert {field.name for field in dataclasses.fields(kind)} <= set(rules_of(kind))
    assert kind.KIND.replace("_", "").isalpha()
    assert kind.KIND != Layer.KIND
    assert kind.SEES in ("point", "window", "all")


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_only_layers_that_see_a_window_have_one(row):
    layer = row.make()
    assert (layer.window(*row.inputs) is not None) == (layer.SEES == "window")
    assert layer.macs(*row.inputs) >= 0


def test_input_shape_belongs_to_every_layer():
    for row in ROWS:
        layer = row.kind(**row.arguments, input_shape=list(row.inputs[0]))
        assert layer.input_shape == row.inputs[0]

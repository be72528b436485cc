"""Every optimizer and option against Keras on JAX, the rules of the fields, and the names."""

from __future__ import annotations

import inspect

import jax
import jax.numpy as jnp
import keras
import numpy as np
import optax
import pytest

from striate.errors import ArgumentError
from striate.layers._rules import rules_of
from striate.training import optimizers, schedules
from striate.training._registry import to_config
from striate.training.optimizers import SGD, Adam, AdamW, Muon, Optimizer

SHAPES = {"dense": {"kernel": (5, 3), "bias": (3,)}, "conv": {"kernel": (2, 2, 3, 4)}}
STEPS = 10
OURS = "exclude_from_weight_decay"

CASES = {
    "sgd": ("SGD", {}),
    "momentum": ("SGD", {"momentum": 0.9}),
    "nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "sgd-decay": ("SGD", {"momentum": 0.9, "weight_decay": 0.1}),
    "rmsprop": ("RMSprop", {}),
    "rmsprop-momentum": ("RMSprop", {"momentum": 0.8, "rho": 0.8}),
    "rmsprop-centered": ("RMSprop", {"centered": True, "epsilon": 1e-3}),
    "rmsprop-both": ("RMSprop", {"centered": True, "momentum": 0.5, "weight_decay": 0.01}),
    "adam": ("Adam", {}),
    "adam-epsilon": ("Adam", {"epsilon": 0.1, "beta_1": 0.8, "beta_2": 0.95}),
    "amsgrad": ("Adam", {"amsgrad": True, "beta_2": 0.5}),
    "adamw": ("AdamW", {}),
    "adamw-decay": ("AdamW", {"weight_decay": 0.3, "learning_rate": 0.1}),
    "adamax": ("Adamax", {"epsilon": 0.01}),
    "nadam": ("Nadam", {"epsilon": 0.01}),
    "adagrad": ("Adagrad", {"learning_rate": 0.1, "epsilon": 0.01}),
    "adadelta": ("Adadelta", {"learning_rate": 1.0, "epsilon": 1e-3}),
    "lion": ("Lion", {"weight_decay": 0.01}),
    "clipnorm": ("SGD", {"clipnorm": 1.0}),
    "global_clipnorm": ("SGD", {"global_clipnorm": 0.5}),
    "global_clipnorm-idle": ("SGD", {"global_clipnorm": 500.0}),
    "clipvalue": ("Adam", {"clipvalue": 0.2}),
    "no-clip-at-zero": ("SGD", {"clipnorm": 0.0}),
}


def draw(rng, scale=1.0):
    return {
        layer: {
            name: (scale * rng.standard_normal(shape)).astype(np.float32) for name, shape in weights.items()
        }
        for layer, weights in SHAPES.items()
    }


@pytest.fixture(scope="module")
def problem():
    rng = np.random.default_rng(2)
    return draw(rng), [draw(rng, scale) for scale in np.geomspace(1e-3, 3, STEPS)]


def ours(optimizer, params, gradients):
    """Steps of the loop's own arithmetic: p - rate * u."""
    direction = optimizer.direction()

    @jax.jit
    def step(params, state, grads, rate):
        u, state = direction.update(grads, state, params)
        return jax.tree.map(lambda p, u: p - rate * u, params, u), state

    params = jax.tree.map(jnp.asarray, params)
    state = direction.init(params)
    for grads, rate in zip(gradients, optimizer.rates(np.arange(len(gradients))), strict=True):
        params, state = step(params, state, grads, rate)
    return jax.tree.leaves(params)


def theirs(optimizer, params, gradients):
    variables = [keras.Variable(leaf) for leaf in jax.tree.leaves(params)]
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        for grads in gradients:
            optimizer.apply([jnp.asarray(leaf) for leaf in jax.tree.leaves(grads)], variables)
        return [np.asarray(variable) for variable in variables]


def assert_close(ours, theirs, rtol=1e-6):
    for one, other in zip(ours, theirs, strict=True):
        scale = np.abs(other).max()
        np.testing.assert_allclose(one, other, rtol=rtol, atol=rtol * scale)


@pytest.mark.parametrize("case", CASES)
def test_ten_steps_equal_those_of_keras(case, problem):
    name, options = CASES[case]
    mine = ours(getattr(optimizers, name)(**options), *problem)
    reference = theirs(getattr(keras.optimizers, name)(**options), *problem)
    assert_close(mine, reference)
    assert any(np.abs(m - p).max() > 1e-4 for m, p in zip(mine, jax.tree.leaves(problem[0]), strict=True))


@pytest.mark.parametrize("name", optimizers._REGISTRY.classes)
def test_arguments_and_defaults_are_those_of_keras(name):
    mine = inspect.signature(getattr(optimizers, name)).parameters
    theirs = inspect.signature(getattr(keras.optimizers, name)).parameters
    positional = [key for key, each in mine.items() if each.kind is each.POSITIONAL_OR_KEYWORD]
    assert positional == list(theirs)[: len(positional)]
    defaults = {
        key: each.default for key, each in mine.items() if key not in ("exclude_layers", OURS, "rate_factors")
    }
    assert defaults == {key: theirs[key].default for key in defaults}


def test_muon_equals_keras_on_dense_kernels_and_vectors(problem):
    params = {"dense": problem[0]["dense"]}
    gradients = [{"dense": grads["dense"]} for grads in problem[1]]
    for options in ({}, {"nesterov": False, "rms_rate": None, "adam_lr_ratio": 0.5, "weight_decay": None}):
        mine = ours(Muon(0.02, **options), params, gradients)
        assert_close(mine, theirs(keras.optimizers.Muon(0.02, **options), params, gradients), 2e-5)


def test_muon_takes_a_convolution_as_the_matrix_of_its_patches(problem):
    params, gradients = {"k": problem[0]["conv"]["kernel"]}, [{"k": g["conv"]["kernel"]} for g in problem[1]]
    flat = [{"k": g["k"].reshape(12, 4)} for g in gradients]
    (whole,) = ours(Muon(0.02), params, gradients)
    (matrix,) = ours(Muon(0.02), {"k": params["k"].reshape(12, 4)}, flat)
    np.testing.assert_allclose(whole.reshape(12, 4), matrix, rtol=1e-6)


def test_muon_leaves_excluded_layers_and_single_columns_to_adamw(problem):
    params, gradients = problem
    column = {"depth": {"kernel": np.ones((2, 2, 3, 1), np.float32)}}
    steps = [{"depth": {"kernel": g["conv"]["kernel"][..., :1]}} for g in gradients]
    assert_close(ours(Muon(), column, steps), ours(AdamW(), column, steps))
    assert_close(
        ours(Muon(exclude_layers=("conv", "dense")), params, gradients), ours(AdamW(), params, gradients)
    )


def test_orthogonalize_brings_singular_values_near_one():
    from striate.training._muon import orthogonalize

    matrix = jnp.asarray(np.random.default_rng(3).standard_normal((7, 4)), jnp.float32)
    values = np.linalg.svd(orthogonalize(matrix, (3.4445, -4.7750, 2.0315), 5), compute_uv=False)
    assert values.min() > 0.6
    assert values.max() < 1.3


def test_the_direction_has_the_sign_of_the_gradient_and_no_rate():
    direction = SGD(123.0).direction()
    params = {"w": jnp.ones(2)}
    u, _ = direction.update({"w": jnp.array([2.0, -3.0])}, direction.init(params), params)
    np.testing.assert_array_equal(u["w"], [2.0, -3.0])


def test_weight_decay_passes_over_excluded_names(problem):
    params, _ = problem
    zeros = [jax.tree.map(np.zeros_like, params)]
    after = ours(SGD(1.0, weight_decay=0.5, exclude_from_weight_decay=("bias", "conv/")), params, zeros)
    conv, bias, kernel = jax.tree.leaves(params)
    for got, expected in zip(after, [conv, bias, kernel / 2], strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-6)


def test_a_changing_rate_multiplies_the_whole_momentum():
    sgd = SGD(schedules.PiecewiseConstantDecay((0,), (1.0, 0.1)), momentum=0.5)
    (after,) = ours(sgd, [np.zeros(1, np.float32)], [[np.ones(1, np.float32)]] * 2)
    np.testing.assert_allclose(after, [-1.0 - 0.1 * 1.5], rtol=1e-6)


def test_rates_are_float32_from_numbers_schedules_and_functions():
    assert SGD(0.5).rates(np.arange(3)).tolist() == [0.5, 0.5, 0.5]
    assert SGD(lambda step: 1 / (1 + step)).rates(np.array([0, 1, 3])).tolist() == [1.0, 0.5, 0.25]
    rates = SGD(schedules.CosineDecay(0.1, 4)).rates(np.arange(5))
    assert rates.dtype == np.float32
    np.testing.assert_allclose(rates, 0.05 * (1 + np.cos(np.pi * np.arange(5) / 4)), atol=1e-8)


def test_direction_is_an_optax_transformation_of_arrays_only(problem):
    state = Adam(amsgrad=True, clipnorm=1.0).direction().init(problem[0])
    assert isinstance(Adam().direction(), optax.GradientTransformation)
    assert all(isinstance(leaf, jax.Array | np.ndarray) for leaf in jax.tree.leaves(state))


@pytest.mark.parametrize(
    "name", ["sgd", "SGD", "rmsprop", "RMSprop", "adam", "AdamW", "lion", "muon", "adagrad"]
)
def test_names_are_found_in_any_case(name):
    assert type(optimizers.get(name)).__name__.lower() == name.lower()


def test_get_passes_objects_and_calls_classes():
    mine = SGD(0.3)
    assert optimizers.get(mine) is mine
    assert optimizers.get(Adam) == Adam()


def test_an_unknown_name_lists_the_names():
    with pytest.raises(ArgumentError) as caught:
        optimizers.get("adm")
    assert str(caught.value) == (
        "optimizer: 'adm' is not known; expected one of SGD, RMSprop, Adam, AdamW, Adagrad, Adadelta, "
        "Adamax, Nadam, Lion, Muon.\n  Did you mean 'adam'?"
    )
    with pytest.raises(ArgumentError, match=r"Give one of these names or an object of striate\.optimizers\."):
        optimizers.get(7)


def test_config_and_back():
    for name in optimizers._REGISTRY.classes:
        thing = getattr(optimizers, name)(schedules.CosineDecay(0.1, 5), clipnorm=2)
        assert optimizers.get(to_config(thing)) == thing


def test_a_config_with_a_strange_field_is_refused():
    with pytest.raises(ArgumentError) as caught:
        optimizers.get({"class_name": "Lion", "rho": 0.3, "os": "rm"})
    assert str(caught.value) == (
        "optimizer Lion: 'rho', 'os' is not one of its arguments; expected some of learning_rate, "
        "weight_decay, clipnorm, clipvalue, global_clipnorm, exclude_from_weight_decay, rate_factors, "
        "beta_1, beta_2.\n"
        "  Take the argument out, or correct its name."
    )


def test_two_ways_of_clipping_are_refused():
    with pytest.raises(ArgumentError) as caught:
        Adam(clipnorm=1.0, clipvalue=0.5)
    assert str(caught.value) == (
        "Adam: clipnorm and clipvalue are both given; expected one way of clipping.\n"
        "  Keep one of them and take the others out."
    )


def test_all_wrong_fields_are_named_at_once():
    with pytest.raises(ArgumentError) as caught:
        SGD(-1, momentum=2)
    assert str(caught.value) == (
        "2 problems:\n"
        "1. SGD.learning_rate: got -1; expected a number of at least 0 or a schedule.\n"
        "  Give for instance 0.001 or schedules.CosineDecay(0.001, 1000).\n"
        "2. SGD.momentum: got 2; expected a finite number from 0 to 1.\n"
        "  Choose a number such as 0.9; 0 is plain descent."
    )


@pytest.mark.parametrize("name", optimizers._REGISTRY.classes)
def test_every_rule_refuses_what_it_says_is_wrong(name):
    cls: type[Optimizer] = getattr(optimizers, name)
    for field, rule in rules_of(cls).items():
        for value in rule.wrong:
            with pytest.raises(ArgumentError, match=f"{name}.{field}: got"):
                cls(**{field: value})

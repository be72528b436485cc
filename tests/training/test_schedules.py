"""Every schedule against Keras over many steps, its configuration, and what it refuses."""

from __future__ import annotations

import inspect
import json

import jax
import keras
import numpy as np
import pytest

from striate.errors import ArgumentError
from striate.layers._rules import rules_of
from striate.training import schedules
from striate.training.schedules import OneCycle, PiecewiseConstantDecay

STEPS = np.array([0, 1, 3, 7, 9, 10, 11, 19, 20, 21, 30, 35, 40, 70, 75, 150, 1000])

CASES = {
    "exponential": ("ExponentialDecay", (0.1, 10, 0.5), {}),
    "exponential-stairs": ("ExponentialDecay", (0.1, 10, 0.5), {"staircase": True}),
    "inverse": ("InverseTimeDecay", (0.1, 10, 0.5), {}),
    "inverse-stairs": ("InverseTimeDecay", (0.1, 10, 0.5), {"staircase": True}),
    "piecewise": ("PiecewiseConstantDecay", ([10, 20, 70], [0.4, 0.3, 0.2, 0.1]), {}),
    "line": ("PolynomialDecay", (0.1, 20), {}),
    "polynomial": ("PolynomialDecay", (0.1, 20, 0.01, 2.0), {}),
    "polynomial-cycle": ("PolynomialDecay", (0.1, 20, 0.01, 0.5), {"cycle": True}),
    "cosine": ("CosineDecay", (0.1, 40), {}),
    "cosine-alpha": ("CosineDecay", (0.1, 40, 0.2), {}),
    "cosine-warmup": ("CosineDecay", (0.01, 40, 0.1), {"warmup_target": 0.2, "warmup_steps": 20}),
    "cosine-no-warmup-steps": ("CosineDecay", (0.01, 40), {"warmup_target": 0.2}),
    "restarts": ("CosineDecayRestarts", (0.1, 10), {}),
    "restarts-equal": ("CosineDecayRestarts", (0.1, 10, 1.0, 0.8, 0.1), {}),
    "restarts-low": ("CosineDecayRestarts", (0.1, 10, 2.0, 0.5), {}),
}


@pytest.mark.parametrize("case", CASES)
def test_rates_equal_those_of_keras(case):
    name, arguments, options = CASES[case]
    mine = getattr(schedules, name)(*arguments, **options)(STEPS)
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        theirs = getattr(keras.optimizers.schedules, name)(*arguments, **options)
        expected = jax.jit(jax.vmap(theirs))(STEPS)
    assert mine.dtype == np.float32
    # Keras computes in float32, which moves a cosine by 1e-7 of its height.
    np.testing.assert_allclose(mine, expected, rtol=2e-6, atol=2e-7)
    assert len(set(mine)) > 3


@pytest.mark.parametrize("name", [name for name in schedules._REGISTRY.classes if name != "OneCycle"])
def test_arguments_and_defaults_are_those_of_keras(name):
    mine = inspect.signature(getattr(schedules, name)).parameters
    theirs = inspect.signature(getattr(keras.optimizers.schedules, name)).parameters
    assert list(mine) == [key for key in theirs if key != "name"]
    assert {key: each.default for key, each in mine.items()} == {key: theirs[key].default for key in mine}


def test_one_step_gives_a_number_and_many_their_shape():
    schedule = schedules.CosineDecay(0.1, 10)
    assert schedule(5).shape == ()
    assert float(schedule(5)) == pytest.approx(0.05)
    assert schedule(np.zeros((2, 3), int)).shape == (2, 3)


def test_one_cycle_climbs_to_its_top_and_falls_to_its_end():
    cycle = OneCycle(0.4, 100)
    rates = cycle(np.arange(101))
    assert rates[0] == pytest.approx(0.4 * 0.04)
    assert rates.argmax() == 30
    assert rates[30] == pytest.approx(0.4)
    assert rates[100] == pytest.approx(0.4 * 4e-6)
    assert np.all(np.diff(rates[:31]) > 0)
    assert np.all(np.diff(rates[30:]) < 0)
    # Halfway up and down a half cosine is at its middle height.
    assert rates[15] == pytest.approx(0.4 * (0.04 + 0.96 / 2))
    assert rates[65] == pytest.approx(0.4 * (4e-6 + (1 - 4e-6) / 2), rel=1e-5)


def test_one_cycle_in_lines_without_warmup_and_after_its_end():
    line = OneCycle(1.0, 10, warmup=0.0, end_fraction=0.0, linear=True)
    np.testing.assert_allclose(line(np.array([0, 5, 10, 20])), [1.0, 0.5, 0.0, 0.0], atol=1e-7)
    assert float(OneCycle(1.0, 10, warmup=1.0)(10)) == pytest.approx(1.0)


def test_a_config_is_json_and_gives_the_schedule_back():
    for name, arguments, options in CASES.values():
        schedule = getattr(schedules, name)(*arguments, **options)
        assert schedules.get(json.loads(json.dumps(schedule.get_config()))) == schedule
        assert schedules.get(schedule) is schedule


def test_boundaries_and_values_that_do_not_fit():
    with pytest.raises(ArgumentError) as caught:
        PiecewiseConstantDecay((20, 10), (0.1, 0.2))
    assert str(caught.value) == (
        "2 problems:\n"
        "1. PiecewiseConstantDecay: there are 2 boundaries and 2 values; "
        "expected one value more than boundaries.\n"
        "  Add or take away a value.\n"
        "2. PiecewiseConstantDecay: the boundaries are (20, 10); expected boundaries that rise.\n"
        "  Sort them."
    )


def test_an_unknown_schedule_lists_the_names():
    with pytest.raises(ArgumentError) as caught:
        schedules.get({"class_name": "CosinDecay"})
    assert str(caught.value) == (
        "schedule: 'CosinDecay' is not known; expected one of ExponentialDecay, InverseTimeDecay, "
        "PiecewiseConstantDecay, PolynomialDecay, CosineDecay, CosineDecayRestarts, OneCycle.\n"
        "  Did you mean 'cosinedecay'?"
    )


@pytest.mark.parametrize("name", schedules._REGISTRY.classes)
def test_every_rule_refuses_what_it_says_is_wrong(name):
    cls = getattr(schedules, name)
    needed = {key: (1, 2) if each.default is each.empty else each.default
              for key, each in inspect.signature(cls).parameters.items()}  # fmt: skip
    for field, rule in rules_of(cls).items():
        for value in rule.wrong:
            with pytest.raises(ArgumentError, match=f"{name}.{field}: got"):
                cls(**{**needed, field: value})

"""Gradients against difference quotients in float64, and what is summed from them against sums by hand."""

from dataclasses import replace

import numpy as np
import pytest
from attribution_networks import binary, plain, reading_of, residual
from numpy_network import aimed, difference_quotient, scores

from striate.errors import ArgumentError, ShapeError
from striate.explain.attribution import (
    _rows,
    gradient,
    input_times_gradient,
    integrated_gradients,
    smoothgrad,
)
from striate.explain.attribution._aim import aim_at
from striate.explain.attribution.integrated import RULES, quadrature

NETWORKS = [plain, residual, binary]


@pytest.fixture(scope="module", params=NETWORKS)
def reading(request):
    return reading_of(request.param)


def slopes(reading, x):
    """The gradient of the aimed scores at other pictures, in float64."""
    weights = aim_at(reading, 0).weights
    return difference_quotient(lambda x: aimed(reading, weights, x), np.asarray(x, np.float64))


def test_scores_are_those_of_numpy(reading):
    given = {reading.network.inputs[0].name: reading.x}
    expected = scores(reading.network, reading.variables, given)
    np.testing.assert_allclose(reading.scores, expected, rtol=1e-4, atol=1e-5)


def test_gradient_is_the_difference_quotient(reading):
    expected = slopes(reading, reading.x)
    np.testing.assert_allclose(gradient(reading, 0).values, expected, rtol=1e-3, atol=1e-4)
    np.testing.assert_array_equal(
        gradient(reading, 0, absolute=True).values, abs(gradient(reading, 0).values)
    )
    times = input_times_gradient(reading, 0).values
    np.testing.assert_allclose(times, expected * np.asarray(reading.x), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("rule", RULES)
def test_integrated_gradients_are_the_weighted_mean_of_gradients_on_the_way(rule):
    reading = reading_of(plain)
    x, base = np.asarray(reading.x, np.float64), np.random.default_rng(5).normal(size=(10, 8, 2)) / 4
    places, shares = quadrature(rule, 3)
    mean = sum(
        share * slopes(reading, base + t * (x - base)) for t, share in zip(places, shares, strict=True)
    )
    found = integrated_gradients(reading, 0, steps=3, baseline=base, rule=rule)
    np.testing.assert_allclose(found.values, (x - base) * mean, rtol=2e-3, atol=5e-4)


@pytest.mark.parametrize("rule", RULES)
def test_quadrature_integrates_a_constant_and_the_line_where_it_should(rule):
    places, shares = quadrature(rule, 8)
    assert shares.sum() == pytest.approx(1)
    assert places.min() >= 0
    assert places.max() <= 1
    exact = {"left": 0.4375, "right": 0.5625}.get(rule, 0.5)
    assert (places * shares).sum() == pytest.approx(exact)


def test_gauss_legendre_is_exact_for_high_powers():
    places, shares = quadrature("gauss-legendre", 4)
    assert (places**7 * shares).sum() == pytest.approx(1 / 8)


@pytest.mark.parametrize("make", [plain, residual])
def test_integrated_gradients_are_complete(make):
    reading = reading_of(make)
    found = integrated_gradients(reading, steps=500, baseline="mean", rule="midpoint")
    total = found.values.reshape(len(found.values), -1).sum(1)
    size = np.abs(found.values).reshape(len(found.values), -1).sum(1)
    np.testing.assert_allclose(total, found.facts["difference"], atol=2e-3 * size.max())


def test_steps_do_not_depend_on_how_many_run_together(monkeypatch):
    """7 steps of 3 pictures: all together, two and two, and one picture after the other."""
    reading = reading_of(plain)
    whole = integrated_gradients(reading, 0, steps=7).values
    for most in (8, 2):
        monkeypatch.setattr(_rows, "MOST", most)
        np.testing.assert_allclose(
            integrated_gradients(reading, 0, steps=7).values, whole, rtol=1e-4, atol=1e-6
        )


def test_smoothgrad_without_noise_is_the_gradient_and_with_noise_its_mean():
    reading = reading_of(plain)
    np.testing.assert_allclose(
        smoothgrad(reading, 0, samples=2, noise=0).values, gradient(reading, 0).values, rtol=1e-5, atol=1e-6
    )
    first = smoothgrad(reading, 0, samples=4, seed=1).values
    np.testing.assert_array_equal(first, smoothgrad(reading, 0, samples=4, seed=1).values)
    assert abs(first - smoothgrad(reading, 0, samples=4, seed=2).values).max() > 0


def test_one_sigmoid_unit_has_two_classes():
    reading = reading_of(binary)
    first, second = gradient(reading, 0), gradient(reading, 1)
    np.testing.assert_allclose(first.values, -second.values)
    np.testing.assert_allclose(first.aim.probabilities + second.aim.probabilities, 1, rtol=1e-6)
    answers = (np.asarray(reading.output)[:, 0] > 0.5).astype(int)
    np.testing.assert_array_equal(aim_at(reading).classes, answers)


def test_aims_by_number_name_and_picture():
    reading = reading_of(plain)
    np.testing.assert_array_equal(aim_at(reading).classes, np.asarray(reading.scores).argmax(1))
    assert aim_at(reading, [0, 3, 1]).classes.tolist() == [0, 3, 1]
    named = replace(reading, class_names=("owl", "bat", "cat", "dog"))
    assert aim_at(named, "cat").names == ("cat", "cat", "cat")
    with pytest.raises(ArgumentError) as refused:
        aim_at(named, "cats")
    assert str(refused.value) == (
        "target: there is no class 'cats'; expected the name or number of a class.\n  Did you mean 'cat'?"
    )


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (
            4,
            "target: got 4; expected a class from 0 to 3, or its name.\n"
            "  Leave target out to explain the answer, or choose one of the classes.",
        ),
        (
            [0, 1],
            "target: got 2 classes; expected 3, one a picture.\n"
            "  Give one class for all pictures, or one for each.",
        ),
        (
            "cat",
            "target: got 'cat', and the model does not name its classes; expected a number from 0 to 3.\n"
            "  Give a class number, or name the classes: model.class_names = (...).",
        ),
    ],
)
def test_wrong_targets_are_refused(target, message):
    with pytest.raises(ArgumentError) as refused:
        gradient(reading_of(plain), target)
    assert str(refused.value) == message


def test_wrong_options_are_refused():
    reading = reading_of(plain)
    with pytest.raises(ArgumentError) as refused:
        integrated_gradients(reading, steps=0)
    assert str(refused.value) == (
        "steps: got 0; expected a whole number of at least 1.\n  Write for instance steps=16."
    )
    with pytest.raises(ArgumentError, match="one of 'gauss-legendre', 'trapezoid'"):
        integrated_gradients(reading, rule="simpson")
    with pytest.raises(ShapeError) as refused:
        integrated_gradients(reading, baseline=np.zeros((3, 3, 2)))
    assert str(refused.value) == (
        "baseline: it has shape (3, 3, 2); expected shape (10, 8, 2).\n"
        "  Give a number, or a picture of the same size in the network's own scale."
    )

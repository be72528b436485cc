"""Activation maximisation, dreams and caricatures raise what they say they raise."""

import io

import numpy as np
import pytest
import rich
from rich.console import Console
from seeing_networks import pictures, scaled, small

from striate import datasets, layers
from striate.errors import ArgumentError, DataError
from striate.explain import (
    Moves,
    caricature,
    channel,
    direction,
    dream,
    energy,
    likeness,
    maximise,
    neuron,
    read,
    score,
)
from striate.explain.seeing._ascent import climber
from striate.explain.seeing.dreaming import usual_layer
from striate.models import Input, Sequential

STEPS = {"steps": 48}


@pytest.fixture(scope="module")
def model():
    return small()


@pytest.fixture(scope="module")
def digits():
    """A network whose last layer was fitted to real digits by least squares, and its scores for them."""
    (x, y), _ = datasets.mnist.load_data()
    model = small(channels=1, side=28)
    values = read(model, x[:800, ..., None]).values
    flat = np.asarray(values["flat"], np.float64)
    wanted = np.eye(4)[np.minimum(y[:800], 3)]
    kernel = np.linalg.solve(flat.T @ flat + 30 * np.eye(flat.shape[1]), flat.T @ wanted)
    model.set_weights([*model.get_weights()[:-2], kernel, np.zeros(4)])
    return model, flat @ kernel, np.minimum(y[:800], 3)


def seen(model, colours, layer):
    """The values of a layer for colours from 0 to 1."""
    return np.asarray(read(model, scaled(255 * np.asarray(colours)).astype(np.float32)).values[layer])


def test_it_goes_far_beyond_the_best_of_a_data_set(digits):
    model, scores, labels = digits
    assert (scores.argmax(1) == labels).mean() > 0.9
    made = maximise(model, score(range(4)), steps=192)
    assert (made.gains > 1.4 * scores.max(0)).all()
    assert (made.gains / scores.max(0)).mean() > 2
    there = seen(model, made.pictures, "answer/preactivation")
    np.testing.assert_allclose(there.diagonal(), made.gains, rtol=1e-3)
    assert there.argmax(1).tolist() == [0, 1, 2, 3]
    assert made.pictures.shape == (4, 28, 28, 1)
    assert 0 <= made.pictures.min() <= made.pictures.max() <= 1


def test_the_same_seed_gives_the_same_picture_bit_for_bit(model):
    first, second = (maximise(model, channel("b", 0), seed=5, **STEPS) for _ in range(2))
    np.testing.assert_array_equal(first.pictures, second.pictures)
    other = maximise(model, channel("b", 0), seed=6, **STEPS)
    assert np.abs(first.pictures - other.pictures).max() > 0.1


def test_where_the_looks_fall_changes_nothing(model):
    told = []
    watched = maximise(model, channel("b", 0), progress=lambda *facts: told.append(facts), seed=5, **STEPS)
    assert [step for step, *_ in told] == [step for step, _ in watched.curve]
    assert told[-1][:2] == (48, 48)
    assert watched.curve[-1][1] > watched.curve[0][1]
    np.testing.assert_array_equal(
        maximise(model, channel("b", 0), seed=5, **STEPS).pictures, watched.pictures
    )


def test_a_bar_tells_how_far_it_is(model, monkeypatch):
    screen = Console(force_terminal=True, file=io.StringIO(), width=110)
    monkeypatch.setattr(rich, "_console", screen)
    made = maximise(model, channel("b", 0), progress=True, seed=5, **STEPS)
    drawn = screen.file.getvalue()
    assert "b channel 0" in drawn
    assert "48/48" in drawn
    assert f"objective {made.curve[-1][1]:.4g}" in drawn


@pytest.mark.parametrize("make", [maximise, lambda m, o: dream(m, pictures(1)[0], o, octaves=1)])
def test_weights_that_are_no_numbers_are_noticed(make):
    model = small()
    model.set_weights([w * np.nan for w in model.get_weights()])
    with pytest.raises(DataError) as refused:
        make(model, channel("b", 0))
    assert str(refused.value).startswith("objective: it is nan at step ")
    assert str(refused.value).endswith(
        "; expected a finite number.\n  Look for NaN among the weights, or give a smaller rate."
    )


def test_one_program_serves_every_channel_rate_and_number_of_steps(model):
    maximise(model, channel("b", 1), **STEPS)
    before = climber.cache_info().misses
    maximise(model, channel("b", 4), steps=7, rate=0.1, moves=Moves(0, 1, 0), colours="plain")
    maximise(small(seed=9), channel("b", 2), seed=3, **STEPS)
    assert climber.cache_info().misses == before


def test_minus_an_objective_lowers_it(model):
    up, down = (maximise(model, sign * channel("b", 2), **STEPS) for sign in (1, -1))
    values = [seen(model, made.pictures, "b")[..., 2].mean() for made in (up, down)]
    assert values[1] < 0.05 < 0.5 < values[0]
    assert down.gains[0] == pytest.approx(-values[1], abs=1e-4)


def test_each_score_is_that_before_the_softmax_and_has_its_own_picture(model):
    made = maximise(model, score(("bee", 3)), **STEPS)
    scores = seen(model, made.pictures, "answer/preactivation")
    np.testing.assert_allclose(scores[[0, 1], [1, 3]], made.gains, rtol=1e-3)
    assert scores[0, 1] > scores[1, 1]
    assert scores[1, 3] > scores[0, 3]
    assert made.captions == ("score bee", "score 3")


def test_a_neuron_counts_at_its_position_alone(model):
    made = maximise(model, neuron("b/preactivation", 1, (1, 4)), moves=Moves(0, 1, 0), **STEPS)
    assert made.gains[0] == pytest.approx(seen(model, made.pictures, "b/preactivation")[0, 1, 4, 1], rel=1e-3)
    middle = maximise(model, neuron("b/preactivation", 1), **STEPS)
    assert middle.captions == ("b/preactivation channel 1 at centre",)
    assert middle.gains[0] == pytest.approx(
        seen(model, middle.pictures, "b/preactivation")[0, 3, 3, 1], rel=1e-3
    )


def test_a_direction_is_dot_product_times_cosine(model):
    vector = np.random.default_rng().normal(size=6).astype(np.float32)
    made = maximise(model, direction("b/preactivation", vector, power=2), **STEPS)
    a = seen(model, made.pictures, "b/preactivation")[0].reshape(-1, 6).astype(np.float64)
    dot = a @ vector
    cosine = dot / np.linalg.norm(a, axis=1) / np.linalg.norm(vector)
    assert made.gains[0] == pytest.approx((dot * np.maximum(cosine, 0.1) ** 2).mean(), rel=1e-3)


def test_a_sum_of_terms_is_their_sum(model):
    together = 2 * channel("b", 1) - 0.5 * score(2) + energy("a")
    made = maximise(model, together, **STEPS)
    values = read(model, scaled(255 * made.pictures).astype(np.float32)).values
    parts = (
        2 * values["b"][..., 1].mean()
        - 0.5 * values["answer/preactivation"][0, 2]
        + 0.5 * (values["a"] ** 2).mean()
    )
    assert made.gains[0] == pytest.approx(float(parts), rel=1e-3)
    assert made.title == "Made for 2 x b channel 1, -0.5 x score 2, a energy"


def test_diversity_makes_pictures_that_differ_more(model):
    alike = maximise(model, channel("b", 1), diversity=3, variety=0.0, **STEPS)
    apart = maximise(model, channel("b", 1), diversity=3, variety=4.0, **STEPS)

    def likenesses(made):
        grams = [
            np.einsum("pc,pd->cd", a.reshape(-1, 6), a.reshape(-1, 6))
            for a in seen(model, made.pictures, "b")
        ]
        units = [(g / np.linalg.norm(g)).ravel() for g in grams]
        return np.mean([units[i] @ units[j] for i in range(3) for j in range(i)])

    assert likenesses(apart) < likenesses(alike) - 0.02
    assert apart.pictures.shape == (3, 14, 14, 3)


def test_an_early_layer_takes_pictures_of_another_size(model):
    made = maximise(model, channel("a", 0), size=(20, 9), **STEPS)
    assert made.pictures.shape == (1, 20, 9, 3)
    assert made.gains[0] > made.curve[0][1]


def test_it_can_begin_with_a_picture(model):
    picture = pictures(1)[0]
    made = maximise(model, channel("b", 0), start=picture, steps=1, rate=0.0)
    shown = np.clip(picture / 255, 0.01, 0.99)
    assert np.abs(made.pictures[0] - shown).mean() < 0.02


def test_an_objective_in_the_dark_finds_its_way_out():
    model = Sequential([Input((10, 10, 1)), layers.Conv2D(4, 3, activation="relu", name="a")], seed=3)
    kernel, bias = model.get_weights()
    model.set_weights([kernel, bias - np.abs(kernel).sum((0, 1, 2)) * 0.2])
    grey = read(model, np.full((1, 10, 10, 1), 0.5, np.float32)).values["a"]
    made = maximise(model, channel("a", 0), steps=96, rate=0.2, moves=Moves(0, 1, 0))
    assert float(grey[..., 0].max()) == 0
    assert made.gains[0] > 0.01


def test_diversity_needs_maps():
    model = Sequential([Input((4, 4, 1)), layers.Flatten(), layers.Dense(3)], name="flat")
    with pytest.raises(ArgumentError) as refused:
        maximise(model, score(0), diversity=2)
    assert str(refused.value) == (
        "diversity: no layer that the objective needs has maps; expected a layer with maps, (H, W, C).\n"
        "  Leave diversity out, and change the seed instead."
    )
    assert maximise(model, score((0, 2)), **STEPS).pictures.shape == (2, 4, 4, 1)


def test_a_dream_of_a_photograph_has_more_of_what_was_wanted(model):
    photograph = pictures(1, side=40)[0, :33]
    told = []
    made = dream(
        model,
        photograph,
        energy("b"),
        octaves=2,
        steps=4,
        rate=0.03,
        progress=lambda *facts: told.append(facts),
    )
    assert made.picture.shape == made.source.shape == (33, 40, 3)
    assert made.sizes == ((24, 29), (33, 40))
    assert [step for step, *_ in told] == list(range(1, 9))

    def wanted(colours):
        tiles = [colours[i : i + 14, j : j + 14] for i in (0, 14) for j in (0, 14)]
        return (seen(model, np.stack(tiles), "b") ** 2).mean()

    assert wanted(made.picture) > 1.5 * wanted(made.source)
    again = dream(model, photograph, energy("b"), octaves=2, steps=4, rate=0.03)
    np.testing.assert_array_equal(again.picture, made.picture)
    assert 0 <= made.picture.min() <= made.picture.max() <= 1


def test_a_dream_looks_two_thirds_up_and_takes_any_objective(model):
    assert usual_layer(model.network) == "pool"
    photograph = pictures(1, side=20)[0]
    assert dream(model, photograph, score("ant"), octaves=1, steps=1).title == "A dream of score ant"
    flat = Sequential([Input((4, 4, 1)), layers.Flatten(), layers.Dense(3)], name="flat")
    with pytest.raises(ArgumentError) as refused:
        dream(flat, photograph)
    assert str(refused.value) == (
        "flat: no layer has maps; expected a convolutional network.\n"
        "  Look at its weights with templates instead."
    )


def test_a_caricature_points_the_way_of_the_picture_and_further(model):
    quarters = 255 * np.random.default_rng().integers(0, 2, (2, 2, 3), np.uint8)
    picture = quarters.repeat(7, 0).repeat(7, 1)
    made = caricature(model, picture, ["a", "b"], steps=256)
    assert list(made.made) == ["a", "b"]
    target = seen(model, picture[None] / 255, "b")[0].ravel()
    negative = seen(model, 1 - picture[None] / 255, "b")[0].ravel()
    own = seen(model, made.made["b"].pictures, "b")[0].ravel()

    def cosine(a):
        return a @ target / np.linalg.norm(a) / np.linalg.norm(target)

    assert cosine(own) > cosine(negative)
    assert own @ target > target @ target
    assert len(made.parts()) == 4


def test_likeness_is_measured_as_it_says(model):
    picture = pictures(1)[0]
    made = maximise(model, likeness("b", picture, power=1), **STEPS)
    a, b = (
        seen(model, x, "b")[0].reshape(-1, 6).astype(np.float64) for x in (made.pictures, picture[None] / 255)
    )
    dot = (a * b).sum(1)
    cosine = dot / np.sqrt((a**2).sum(1) + 1e-12) / np.sqrt((b**2).sum(1) + 1e-12)
    assert made.gains[0] == pytest.approx((dot * np.maximum(cosine, 0.1)).mean(), rel=1e-3)

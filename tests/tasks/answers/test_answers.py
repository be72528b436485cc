"""Kinds of answer, their measures against scikit-learn's, and honest intervals."""

import json

import jax.numpy as jnp
import numpy as np
import pytest
from sklearn import metrics as reference

from striate.errors import ArgumentError, DataError, FormatError
from striate.tasks import answers
from striate.tasks.answers.measures import first, measure


def by_name(scored):
    return {each.name: each for each in scored.measures}


@pytest.fixture
def random():
    return np.random.default_rng()


def chances_of(random, count, classes):
    raw = random.exponential(size=(count, classes)) + 0.01
    return raw / raw.sum(axis=1, keepdims=True)


def test_measures_of_classes_are_those_of_scikit_learn(random):
    chances, truth = chances_of(random, 300, 4), random.integers(0, 4, 300)
    known = random.integers(1, 4, 500)
    scored = answers.Multinomial(("a", "b", "c", "d")).score(chances, truth, known)
    found, said = by_name(scored), chances.argmax(axis=1)
    assert found["accuracy"].value == pytest.approx(reference.accuracy_score(truth, said))
    assert found["balanced accuracy"].value == pytest.approx(reference.balanced_accuracy_score(truth, said))
    assert found["log loss"].value == pytest.approx(reference.log_loss(truth, chances, labels=range(4)))
    majority = np.bincount(known).argmax()
    assert found["accuracy"].baseline == pytest.approx((truth == majority).mean())
    np.testing.assert_array_equal(scored.confusion, reference.confusion_matrix(truth, said))
    assert scored.cell(1, 2).tolist() == sorted(
        np.flatnonzero((truth == 1) & (said == 2)), key=lambda i: -chances[i].max()
    )


def test_the_area_under_the_curve_counts_ties_as_half(random):
    truth = random.integers(0, 2, 200)
    yes = np.round(0.3 * truth + random.uniform(size=200), 1)
    scored = answers.Binary(("no", "yes")).score(np.clip(yes, 0, 1)[:, None], truth, truth)
    wanted = reference.roc_auc_score(truth, np.clip(yes, 0, 1))
    found = by_name(scored)["area under ROC"]
    assert found.value == pytest.approx(wanted)
    assert found.low < wanted < found.high


def test_measures_of_labels_are_those_of_scikit_learn(random):
    chances, truth = random.uniform(size=(150, 5)), random.integers(0, 2, (150, 5))
    scored = answers.MultiLabel(tuple("abcde")).score(chances, truth, truth)
    found, said = by_name(scored), chances > 0.5
    assert found["F1"].value == pytest.approx(reference.f1_score(truth, said, average="micro"))
    assert found["all labels right"].value == pytest.approx(reference.accuracy_score(truth, said))
    assert found["label accuracy"].value == pytest.approx(1 - reference.hamming_loss(truth, said))


def test_measures_of_numbers_are_those_of_scikit_learn(random):
    truth = random.normal(50, 9, 200)
    answer = answers.choose("continuous", ["angle"], truth)
    raw = answer.prepare(truth)[:, 0] + random.normal(0, 0.3, 200)
    found = by_name(answer.score(raw[:, None], truth, truth))
    said = raw * answer.spread + answer.middle
    assert found["mean absolute error"].value == pytest.approx(reference.mean_absolute_error(truth, said))
    assert found["root mean square error"].value == pytest.approx(
        reference.mean_squared_error(truth, said) ** 0.5
    )
    assert found["R²"].value == pytest.approx(reference.r2_score(truth, said))
    assert found["mean absolute error"].baseline == pytest.approx(np.abs(truth - truth.mean()).mean())
    assert found["mean absolute error"].beats_baseline


def test_measures_of_counts_are_those_of_scikit_learn(random):
    truth = random.poisson(3, 300)
    rate = np.maximum(truth + random.normal(0, 0.8, 300), 0.1)
    found = by_name(answers.Count(("digits",)).score(rate[:, None], truth, truth))
    assert found["Poisson deviance"].value == pytest.approx(reference.mean_poisson_deviance(truth, rate))
    assert found["exactly right"].value == pytest.approx((np.round(rate) == truth).mean())


def test_intervals_hold_the_truth_about_as_often_as_they_say(random):
    hits = 0
    for seed in range(200):
        columns = random.binomial(1, 0.7, size=(80, 1)).astype(float)
        found = measure("share", columns, None, first, seed=seed)
        hits += found.low <= 0.7 <= found.high
    assert 0.88 <= hits / 200 <= 0.99


def test_a_margin_is_paired(random):
    """A model that is right where the baseline is, and a little more: wide intervals, narrow margin."""
    base = random.binomial(1, 0.5, size=(400, 1)).astype(float)
    better = base.copy()
    better[np.flatnonzero(base == 0)[:12]] = 1
    found = measure("accuracy", better, base, first)
    assert found.margin[0] == pytest.approx(0.03)
    assert found.beats_baseline
    assert found.low < found.baseline
    assert not measure("accuracy", base, base, first).beats_baseline


def test_lower_is_better_turns_the_margin_around():
    error, worse = np.full((50, 1), 1.0), np.full((50, 1), 3.0)
    found = measure("error", error, worse, first, higher_is_better=False)
    assert found.margin == (2.0, 2.0, 2.0)


def test_a_model_that_says_the_truth_about_itself_is_calibrated(random):
    said = random.uniform(size=20_000)
    honest = answers.calibrate(said, random.uniform(size=20_000) < said)
    boastful = answers.calibrate(said, random.uniform(size=20_000) < said**2)
    assert honest.error < 0.02
    assert boastful.error == pytest.approx(1 / 2 - 1 / 3, abs=0.02)
    assert honest.counts.sum() == 20_000


def test_equal_promises_share_a_bin():
    found = answers.calibrate(np.array([0.5] * 90 + [0.9] * 10), np.zeros(100))
    assert found.counts.tolist() == [90, 10]


def test_the_calibration_error_is_the_sum_over_bins(random):
    said, so = random.uniform(size=90), random.integers(0, 2, 90)
    found = answers.calibrate(said, so, bins=6)
    order = np.argsort(said).reshape(6, 15)
    wanted = sum(15 / 90 * abs(said[some].mean() - so[some].mean()) for some in order)
    assert found.error == pytest.approx(wanted)


SAMPLES = {
    "binary": (("no", "yes"), np.array([0, 1, 1])),
    "multinomial": (("a", "b", "c"), np.array([0, 2, 1])),
    "multilabel": (("a", "b"), np.array([[0, 1], [1, 1], [0, 0]])),
    "continuous": (("angle",), np.array([-3.0, 0.5, 8.0])),
    "count": (("digits",), np.array([0, 4, 2])),
}


@pytest.mark.parametrize("kind", answers.KINDS)
def test_every_kind_learns_its_targets_and_comes_back_from_json(kind):
    names, targets = SAMPLES[kind]
    answer = answers.choose(kind, names, targets)
    assert answers.from_json(json.loads(json.dumps(answer.to_json()))) == answer
    prepared, head = answer.prepare(targets), answer.head()
    problems = answer.loss().check_targets(prepared, head.output_shape((4,)))
    assert problems == []
    outputs = jnp.asarray(np.full((3, answer.units), 0.4), jnp.float32)
    assert np.isfinite(answer.loss(0.1)(prepared, outputs))
    scored = answer.score(np.asarray(outputs), targets, targets)
    assert json.dumps(scored.to_json(), allow_nan=True)
    assert scored.headline()
    assert answer.say(np.asarray(outputs[0])).text
    assert len(scored.mistakes(2)) <= 2


def test_a_headline_names_the_baseline():
    scored = answers.Multinomial(("cat", "dog")).score(np.eye(2)[[0, 1, 1, 1]], [0, 1, 1, 0], [1, 1, 0])
    assert scored.headline().startswith("accuracy 75.00 % on 4 test pictures (95 % interval ")
    assert scored.headline().endswith("; always saying 'dog' gets 50.00 %")


@pytest.mark.parametrize(
    ("kind", "names", "targets", "text"),
    [
        (
            "multinominal",
            ["a"],
            [0],
            "target: there is no kind 'multinominal'; expected one of binary, multinomial, multilabel, "
            "continuous, count.\n  Did you mean multinomial?",
        ),
        (
            "count",
            ["n"],
            [1, 2.5],
            "targets: row 1 holds 2.5; expected whole numbers from 0 for a count.\n"
            "  Use --target continuous.",
        ),
        (
            "continuous",
            ["n"],
            [2.0, 2.0],
            "targets: all are equal; expected numbers that differ.\n  There is nothing to learn.",
        ),
        (
            "binary",
            ["a", "b", "c"],
            [0, 1, 2],
            "targets: there are 3 classes; expected two classes for a binary answer.\n"
            "  Use --target multinomial.",
        ),
    ],
)
def test_targets_that_do_not_fit_their_kind(kind, names, targets, text):
    with pytest.raises((ArgumentError, DataError)) as refused:
        answers.choose(kind, names, np.asarray(targets))
    assert str(refused.value) == text


@pytest.mark.parametrize(
    "values",
    [
        None,
        {},
        {"kind": "binary", "names": ["a"]},
        {"kind": "binary", "names": ["a", "b"], "more": 1},
        {"kind": "lambda", "names": ["a", "b"]},
        {"kind": "continuous", "names": ["a"], "middle": 0, "spread": 0, "error": "mse"},
        {"kind": "continuous", "names": ["a"], "middle": True, "spread": 1, "error": "mse"},
        {"kind": "continuous", "names": ["a"], "middle": 0, "spread": 1, "error": ["mse"]},
    ],
)
def test_forged_answers_are_refused(values):
    with pytest.raises(FormatError):
        answers.from_json(values)


def test_a_rank_among_equals_goes_by_number_so_that_always_saying_one_class_is_no_feat():
    truth = np.arange(10).repeat(20)
    scored = answers.Multinomial(tuple("abcdefghij")).score(np.full((200, 10), 0.1), truth, np.arange(10))
    for name, share in (("top 3 accuracy", 0.3), ("top 5 accuracy", 0.5)):
        assert by_name(scored)[name].value == by_name(scored)[name].baseline == pytest.approx(share)

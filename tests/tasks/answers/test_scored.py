"""Scores of classes: against hand-made numbers, scikit-learn, and the definition of the interval."""

import json

import numpy as np
import pytest
from sklearn import metrics

from striate.errors import ArgumentError
from striate.tasks.answers import Continuous, Multinomial
from striate.tasks.answers.measures import wilson

WILSON = {  # Newcombe 1998, Statistics in Medicine 17, table I, method 3
    (81, 263): (0.2553, 0.3662),
    (15, 148): (0.0624, 0.1605),
    (0, 20): (0.0000, 0.1611),
    (1, 29): (0.0061, 0.1718),
}


@pytest.fixture
def answers():
    """300 random answers about four classes, and the labels."""
    random = np.random.default_rng(8)
    raw = random.random((300, 4)) ** 2 + 0.001
    return raw / raw.sum(axis=1, keepdims=True), random.integers(0, 4, 300)


def score(probabilities, labels):
    names = tuple(map(str, range(probabilities.shape[1])))
    return Multinomial(names).score(probabilities, labels, labels)


@pytest.mark.parametrize("counts", WILSON)
def test_the_interval_has_the_published_values(counts):
    assert wilson(*counts) == pytest.approx(WILSON[counts], abs=5e-5)
    low, high = wilson(counts[1] - counts[0], counts[1])
    assert (1 - high, 1 - low) == pytest.approx(WILSON[counts], abs=5e-5)


def test_against_scikit_learn(answers):
    probabilities, labels = answers
    scored = score(probabilities, labels)
    guesses = probabilities.argmax(axis=1)
    assert scored.value("accuracy") == metrics.accuracy_score(labels, guesses)
    assert scored.value("log loss") == pytest.approx(metrics.log_loss(labels, probabilities))
    np.testing.assert_array_equal(scored.confusion, metrics.confusion_matrix(labels, guesses))
    np.testing.assert_allclose(scored.recall, metrics.recall_score(labels, guesses, average=None))
    np.testing.assert_allclose(scored.precision, metrics.precision_score(labels, guesses, average=None))
    wanted = metrics.top_k_accuracy_score(labels, probabilities, k=3)
    assert scored.value("top 3 accuracy") == pytest.approx(wanted)


def test_the_surest_mistakes_come_first(answers):
    probabilities, labels = answers
    scored = score(probabilities, labels)
    rows = scored.mistakes(10)
    sure = probabilities.max(axis=1)[rows]
    assert sure.tolist() == sorted(sure, reverse=True)
    wrong = probabilities.argmax(axis=1) != labels
    assert len(rows) == 10
    assert wrong[rows].all()
    assert sure[0] == probabilities[wrong].max()


def test_classes_without_pictures_and_answers_never_given():
    scored = score(np.array([[0.9, 0.1, 0.0], [0.8, 0.2, 0.0]]), np.array([0, 1]))
    assert scored.recall.tolist()[:2] == [1.0, 0.0]
    assert np.isnan(scored.recall[2])
    assert np.isnan(scored.precision[1:]).all()


def test_a_sure_mistake_costs_much_but_not_infinitely_much():
    scored = score(np.array([[1.0, 0.0]]), np.array([1]))
    assert scored.value("log loss") == pytest.approx(-np.log(1e-7))


def test_equal_numbers_rank_as_their_classes_are_numbered():
    scored = score(np.full((5, 6), 1 / 6), np.arange(5))
    assert [scored.value(f"top {k} accuracy") for k in (3, 5)] == [0.6, 1.0]
    assert scored.value("accuracy") == 0.2


def test_json_is_plain(answers):
    values = score(*answers).to_json()
    assert values["accuracy_low"] < values["accuracy"] < values["accuracy_high"]
    assert [type(values[name]) for name in ("examples", "loss", "accuracy")] == [int, float, float]
    assert values["top_3_accuracy"] >= values["accuracy"]
    assert sum(map(sum, values["confusion"])) == 300


def test_numbers_that_cannot_be_computed_become_null():
    """R² of equal numbers has no variance to explain."""
    scored = Continuous(("angle",)).score(np.array([[0.5], [0.25]]), np.ones(2), np.ones(2))
    text = json.dumps(scored.to_json(), allow_nan=False)
    measures = {each["name"]: each for each in json.loads(text)["measures"]}
    assert measures["R²"]["value"] is None


def test_numbers_have_no_classes():
    scored = Continuous(("angle",)).score(np.array([[0.5], [0.25]]), np.ones(2), np.ones(2))
    with pytest.raises(ArgumentError, match="scores: continuous answers have no classes"):
        _ = scored.recall

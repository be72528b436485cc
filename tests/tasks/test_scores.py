"""Scores: against hand-made numbers, scikit-learn, and the definition of the interval."""

import numpy as np
import pytest
from sklearn import metrics
from task_fixtures import *  # noqa: F403

from striate.tasks import score
from striate.tasks.scores import wilson

WILSON = {  # Newcombe 1998, Statistics in Medicine 17, table I, method 3
    (81, 263): (0.2553, 0.3662),
    (15, 148): (0.0624, 0.1605),
    (0, 20): (0.0000, 0.1611),
    (1, 29): (0.0061, 0.1718),
}


@pytest.mark.parametrize("counts", WILSON)
def test_the_interval_has_the_published_values(counts):
    assert wilson(*counts) == pytest.approx(WILSON[counts], abs=5e-5)
    low, high = wilson(counts[1] - counts[0], counts[1])
    assert (1 - high, 1 - low) == pytest.approx(WILSON[counts], abs=5e-5)


def test_against_scikit_learn(answers):
    probabilities, labels = answers
    scores = score(probabilities, labels)
    guesses = probabilities.argmax(axis=1)
    assert scores.accuracy == metrics.accuracy_score(labels, guesses)
    assert scores.loss == pytest.approx(metrics.log_loss(labels, probabilities))
    np.testing.assert_array_equal(scores.confusion, metrics.confusion_matrix(labels, guesses))
    np.testing.assert_allclose(scores.recall, metrics.recall_score(labels, guesses, average=None))
    np.testing.assert_allclose(scores.precision, metrics.precision_score(labels, guesses, average=None))
    assert scores.top == {3: pytest.approx(metrics.top_k_accuracy_score(labels, probabilities, k=3))}


def test_the_surest_mistakes_come_first(answers):
    probabilities, labels = answers
    mistakes = score(probabilities, labels, most=10).mistakes
    assert len(mistakes) == 10
    sure = [mistake.probability for mistake in mistakes]
    assert sure == sorted(sure, reverse=True)
    wrong = probabilities.argmax(axis=1) != labels
    assert sure[0] == probabilities[wrong].max()
    for mistake in mistakes:
        assert labels[mistake.index] == mistake.label != mistake.guess
        assert probabilities[mistake.index, mistake.guess] == mistake.probability


def test_classes_without_pictures_and_answers_never_given():
    scores = score(np.array([[0.9, 0.1, 0.0], [0.8, 0.2, 0.0]]), np.array([0, 1]))
    assert scores.recall.tolist()[:2] == [1.0, 0.0]
    assert np.isnan(scores.recall[2])
    assert np.isnan(scores.precision[1:]).all()


def test_a_sure_mistake_costs_much_but_not_infinitely_much():
    scores = score(np.array([[1.0, 0.0]]), np.array([1]))
    assert scores.loss == pytest.approx(-np.log(1e-7))


def test_equal_numbers_are_no_rank():
    scores = score(np.full((5, 6), 1 / 6), np.arange(5))
    assert scores.top == {3: 1.0, 5: 1.0}
    assert scores.correct == 1


def test_json_is_plain(answers):
    values = score(*answers).to_json()
    assert values["accuracy_low"] < values["accuracy"] < values["accuracy_high"]
    assert [type(values[name]) for name in ("examples", "loss", "accuracy")] == [int, float, float]
    assert sum(map(sum, values["confusion"])) == 300

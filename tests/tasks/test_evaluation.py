"""Evaluation: the parts of a data set, models of every kind of output, and models that do not fit."""

import numpy as np
import pytest
from task_fixtures import *  # noqa: F403

import striate as st
from striate.errors import ArgumentError, DataError
from striate.layers import Activation, Dense, Flatten, Softmax
from striate.network import Input, graph, sequential
from striate.tasks import evaluate, load_classifier, make_classifier
from striate.tasks.classifier import gives_probabilities


def flat(*layers, inputs=(28, 28, 1)):
    return st.Model.from_network(sequential([Flatten(), *layers], input_shape=inputs), seed=1)


def test_parts_of_a_data_set(finished):
    test = evaluate(finished.folder.path, "mnist", "test", 200)
    train = evaluate(finished.folder.model, "mnist", "train", 200)
    assert (test.split, train.split) == ("test", "train")
    assert test.scores.loss != train.scores.loss
    assert test.to_json()["class_names"] == list("0123456789")
    with pytest.raises(ArgumentError, match=r"--limit: got 0; expected a whole number from 1"):
        evaluate(finished.folder.path, "mnist", limit=0)


ENDS = {
    "softmax": ([Dense(10, activation="softmax")], True),
    "softmax layer": ([Dense(10), Softmax()], True),
    "softmax activation": ([Dense(10), Activation("softmax")], True),
    "logits": ([Dense(10)], False),
    "relu": ([Dense(10, activation="relu")], False),
}


@pytest.mark.parametrize("kind", ENDS)
def test_every_kind_of_output_becomes_probabilities(kind):
    layers, already = ENDS[kind]
    model = flat(*layers)
    assert gives_probabilities(model.network) is already
    x = np.random.default_rng(0).random((7, 28, 28, 1), np.float32)
    rows = make_classifier(model).probabilities(x)
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-6)
    raw = model.predict(x, verbose=0)
    assert (rows.argmax(axis=1) == raw.argmax(axis=1)).all()


@pytest.mark.parametrize("activation", ["sigmoid", "linear"])
def test_one_output_means_two_classes(activation):
    model = flat(Dense(1, activation=activation))
    x = np.random.default_rng(0).random((5, 28, 28, 1), np.float32)
    classifier = make_classifier(model, ("no", "yes"))
    rows = classifier.probabilities(x)
    raw = np.asarray(model.predict(x, verbose=0), np.float64)[:, 0]
    yes = raw if activation == "sigmoid" else 1 / (1 + np.exp(-raw))
    np.testing.assert_allclose(rows, np.stack([1 - yes, yes], axis=1))
    assert classifier.class_names == ("no", "yes")


def test_what_is_no_classifier():
    x = Input((4,))
    two = st.Model.from_network(graph(x, [Dense(2)(x), Dense(3)(x)], "twins"))
    with pytest.raises(DataError) as caught:
        make_classifier(two)
    assert str(caught.value) == (
        "twins: it has 1 inputs and outputs of the shapes (2,), (3,); expected one input and one number for "
        "each class.\n  Use it from Python instead: st.load(path).predict(x)."
    )


def test_names_that_do_not_fit_become_numbers():
    assert make_classifier(flat(Dense(3)), ("a", "b")).class_names == ("0", "1", "2")
    assert make_classifier(flat(Dense(3)), ("a", "b", "c")).class_names == ("a", "b", "c")


def test_a_model_without_preprocessing_gets_numbers_from_0_to_1(tmp_path):
    model = flat(Dense(10, activation="softmax"))
    model.save(tmp_path / "plain.striate")
    scores = evaluate(load_classifier(tmp_path / "plain.striate"), "mnist", limit=100).scores
    (_, _), (x, y) = st.datasets.mnist.load_data()
    rows = model.predict(x[:100, ..., None].astype(np.float32) / 255, verbose=0)
    assert scores.correct == int((rows.argmax(axis=1) == y[:100]).sum())
    own = rows[np.arange(100), y[:100]].astype(np.float64)
    assert scores.loss == pytest.approx(-np.log(np.clip(own, 1e-7, 1)).mean(), rel=1e-6)


def test_a_flat_input_is_fed_flat():
    network = sequential([Dense(10, activation="softmax")], input_shape=(784,))
    classifier = make_classifier(st.Model.from_network(network))
    assert evaluate(classifier, "mnist", limit=10).scores.examples == 10


def test_data_that_do_not_fit_the_model(finished, monkeypatch):
    monkeypatch.setattr(st.datasets.cifar10, "load_data", lambda: pytest.fail("nothing may be fetched"))
    with pytest.raises(DataError, match="its pictures are 32x32x3 and the model takes 28x28x1"):
        evaluate(finished.folder.path, "cifar10")
    with pytest.raises(ArgumentError, match="Did you mean mnist"):
        evaluate(finished.folder.path, "minst")

"""Evaluation: the parts of a data set, models of every kind of output, and models that do not fit."""

import numpy as np
import pytest
from task_fixtures import *  # noqa: F403

import striate as st
from striate.errors import ArgumentError, DataError
from striate.layers import Activation, Dense, Flatten, Softmax
from striate.network import Input, graph, sequential
from striate.tasks import evaluate, load_trained, make_trained
from striate.tasks.answers import Binary
from striate.tasks.trained import ends_in_chances


def flat(*layers, inputs=(28, 28, 1)):
    return st.Model.from_network(sequential([Flatten(), *layers], input_shape=inputs), seed=1)


def test_parts_of_a_data_set(finished):
    test = evaluate(finished.folder.path, "mnist", "test", 200)
    train = evaluate(finished.folder.model, "mnist", "train", 200)
    assert (test.split, train.split) == ("test", "train")
    assert test.scored.value("log loss") != train.scored.value("log loss")
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
    assert ends_in_chances(model.network) is already
    x = np.random.default_rng(0).random((7, 28, 28, 1), np.float32)
    rows = make_trained(model).outputs(x)
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-6)
    raw = model.predict(x, verbose=0)
    assert (rows.argmax(axis=1) == raw.argmax(axis=1)).all()


@pytest.mark.parametrize("activation", ["sigmoid", "linear"])
def test_one_output_means_two_classes(activation):
    model = flat(Dense(1, activation=activation))
    x = np.random.default_rng(0).random((5, 28, 28, 1), np.float32)
    trained = make_trained(model, ("no", "yes"))
    rows = trained.answer.chances(trained.outputs(x))
    raw = np.asarray(model.predict(x, verbose=0), np.float64)[:, 0]
    yes = raw if activation == "sigmoid" else 1 / (1 + np.exp(-raw))
    np.testing.assert_allclose(rows, np.stack([1 - yes, yes], axis=1))
    assert trained.answer == Binary(("no", "yes"))


def test_what_is_no_classifier():
    x = Input((4,))
    two = st.Model.from_network(graph(x, [Dense(2)(x), Dense(3)(x)], "twins"))
    with pytest.raises(DataError) as caught:
        make_trained(two)
    assert str(caught.value) == (
        "twins: it has 1 inputs and outputs of the shapes (2,), (3,); expected one input and one number for "
        "each class.\n  Use it from Python instead: st.load(path).predict(x)."
    )


def test_names_that_do_not_fit_become_numbers():
    assert make_trained(flat(Dense(3)), ("a", "b")).answer.names == ("0", "1", "2")
    assert make_trained(flat(Dense(3)), ("a", "b", "c")).answer.names == ("a", "b", "c")


def test_a_model_without_preprocessing_gets_numbers_from_0_to_1(tmp_path):
    model = flat(Dense(10, activation="softmax"))
    model.save(tmp_path / "plain.striate")
    scored = evaluate(load_trained(tmp_path / "plain.striate"), "mnist", limit=100).scored
    (_, _), (x, y) = st.datasets.mnist.load_data()
    rows = model.predict(x[:100, ..., None].astype(np.float32) / 255, verbose=0)
    assert scored.value("accuracy") == (rows.argmax(axis=1) == y[:100]).mean()
    own = rows[np.arange(100), y[:100]].astype(np.float64)
    assert scored.value("log loss") == pytest.approx(-np.log(np.clip(own, 1e-7, 1)).mean(), rel=1e-6)


def test_a_flat_input_is_fed_flat():
    network = sequential([Dense(10, activation="softmax")], input_shape=(784,))
    trained = make_trained(st.Model.from_network(network))
    assert evaluate(trained, "mnist", limit=10).scored.examples == 10


def test_data_that_do_not_fit_the_model(finished, monkeypatch):
    monkeypatch.setattr(st.datasets.cifar10, "load_data", lambda: pytest.fail("nothing may be fetched"))
    with pytest.raises(DataError, match="its pictures are 32x32x3 and the model takes 28x28x1"):
        evaluate(finished.folder.path, "cifar10")
    with pytest.raises(ArgumentError, match="Did you mean mnist"):
        evaluate(finished.folder.path, "minst")

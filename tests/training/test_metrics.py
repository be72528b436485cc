"""Every metric against Keras over random data, with and without weights, in batches of unequal size."""

from __future__ import annotations

import inspect
import re

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from keras.src.trainers.compile_utils import get_metric

from striate.errors import ArgumentError
from striate.layers._rules import rules_of
from striate.training import losses, metrics
from striate.training._registry import snake_case, to_config

N, C = 53, 4
BATCHES = (24, 24, 5)

CASES = {
    "accuracy": ("Accuracy", {}, "index", "guess"),
    "binary": ("BinaryAccuracy", {}, "yes", "score"),
    "binary-columns": ("BinaryAccuracy", {"threshold": 0.3}, "yeses", "scores"),
    "categorical": ("CategoricalAccuracy", {}, "one_hot", "scores"),
    "sparse": ("SparseCategoricalAccuracy", {}, "index", "scores"),
    "top": ("TopKCategoricalAccuracy", {"k": 2}, "one_hot", "coarse"),
    "sparse-top": ("SparseTopKCategoricalAccuracy", {"k": 2}, "index", "coarse"),
    "mae": ("MeanAbsoluteError", {}, "value", "scores"),
    "mse": ("MeanSquaredError", {}, "value", "scores"),
    "rmse": ("RootMeanSquaredError", {}, "value", "scores"),
    "auc": ("AUC", {}, "yes", "score"),
    "auc-coarse": ("AUC", {"num_thresholds": 5}, "yes", "coarse_score"),
    "auc-columns": ("AUC", {"label_weights": (0.1, 0.9, 0.3, 0.2)}, "yeses", "scores"),
    "auc-labels": ("AUC", {"multi_label": True, "num_labels": C}, "yeses", "scores"),
    "auc-labels-weighted": (
        "AUC",
        {"multi_label": True, "num_labels": C, "label_weights": (0.1, 0.9, 0.3, 0.2)},
        "yeses",
        "scores",
    ),
    "auc-own": ("AUC", {"thresholds": (0.7, 0.2, 0.25)}, "yes", "score"),
    "auc-own-labels": (
        "AUC",
        {"thresholds": (0.7, 0.2), "multi_label": True, "num_labels": C},
        "yeses",
        "scores",
    ),
    "auc-logits": ("AUC", {"from_logits": True}, "yes", "logit"),
    "auc-minor": ("AUC", {"summation_method": "minoring"}, "yes", "score"),
    "auc-major": ("AUC", {"summation_method": "majoring"}, "yes", "score"),
    "pr": ("AUC", {"curve": "PR"}, "yes", "score"),
    "pr-labels": ("AUC", {"curve": "PR", "multi_label": True, "num_labels": C}, "yeses", "scores"),
    "pr-minor": ("AUC", {"curve": "PR", "summation_method": "minoring"}, "yes", "score"),
    "precision": ("Precision", {}, "yes", "score"),
    "precision-several": ("Precision", {"thresholds": [0.2, 0.5, 0.7]}, "yeses", "scores"),
    "precision-top": ("Precision", {"top_k": 2}, "one_hot", "scores"),
    "precision-top-threshold": ("Precision", {"top_k": 2, "thresholds": 0.4}, "one_hot", "scores"),
    "precision-class": ("Precision", {"class_id": 2, "thresholds": 0.3}, "one_hot", "scores"),
    "recall": ("Recall", {}, "yes", "score"),
    "recall-several": ("Recall", {"thresholds": [0.2, 0.5, 0.7]}, "yeses", "scores"),
    "recall-top": ("Recall", {"top_k": 3}, "one_hot", "scores"),
    "recall-class": ("Recall", {"class_id": 0, "thresholds": 0.1}, "one_hot", "scores"),
    "f1": ("F1Score", {}, "one_hot", "scores"),
    "f1-micro": ("F1Score", {"average": "micro"}, "one_hot", "scores"),
    "f1-macro": ("F1Score", {"average": "macro"}, "one_hot", "scores"),
    "f1-weighted": ("F1Score", {"average": "weighted", "threshold": 0.3}, "yeses", "scores"),
}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(5)
    scores = rng.dirichlet(np.ones(C), N).astype(np.float32)
    labels = np.where(rng.random(N) < 0.5, scores.argmax(1), rng.integers(0, C, N))
    score = rng.random((N, 1)).astype(np.float32)
    return {
        "scores": scores,
        "coarse": np.round(scores * 4) / 4,
        "score": score,
        "coarse_score": np.round(score * 8) / 8,
        "logit": 4 * score - 2,
        "guess": rng.integers(0, C, N).astype(np.float32),
        "index": labels,
        "one_hot": np.eye(C, dtype=np.float32)[labels],
        "yes": (rng.random((N, 1)) < score).astype(np.float32),
        "yeses": rng.integers(0, 2, (N, C)).astype(np.float32),
        "value": rng.standard_normal((N, C)).astype(np.float32),
        "weights": rng.uniform(0, 2, N).astype(np.float32),
    }


update = jax.jit(lambda metric, *arguments: metric.update(*arguments), static_argnums=0)


def in_batches(metric, y, p, weights=None):
    """The result over batches of unequal size, compiled; weights are 1 where none are given."""
    weights = np.ones(N, np.float32) if weights is None else weights
    state, start = metric.init(), 0
    for size in BATCHES:
        part = slice(start, start + size)
        state = update(metric, state, y[part], p[part], weights[part])
        start += size
    return metric.result(state)


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("case", CASES)
def test_results_equal_those_of_keras(case, weighted, data):
    name, options, target, prediction = CASES[case]
    y, p, weights = data[target], data[prediction], data["weights"] if weighted else None
    mine = getattr(metrics, name)(**options)
    mine = mine.for_output(p.shape[1:]) if p.ndim > 1 else mine
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        keras_options = {k: list(v) if isinstance(v, tuple) else v for k, v in options.items()}
        theirs = getattr(keras.metrics, name)(**keras_options)
        theirs.update_state(y, p, sample_weight=weights)
        expected = np.asarray(theirs.result())
    result = in_batches(mine, y, p, weights)
    assert isinstance(result, float) == (expected.ndim == 0)
    np.testing.assert_allclose(result, expected, rtol=3e-6)
    assert np.all(expected > 0)


@pytest.mark.parametrize("name", metrics._REGISTRY.classes)
def test_an_empty_state_gives_zero_and_weights_of_zero_count_nothing(name, data):
    metric = getattr(metrics, name)().for_output((C,))
    assert np.all(np.asarray(metric.result(metric.init())) == 0)
    y, p = _fitting(name, data)
    nothing = in_batches(metric, y, p, 0 * data["weights"])
    assert np.all(np.asarray(nothing) == 0)


def _fitting(name, data):
    if name in ("Accuracy", "BinaryAccuracy"):
        return data["index"], data["guess"]
    return data["index"] if name.startswith("Sparse") else data["one_hot"], data["scores"]


@pytest.mark.parametrize("case", ["binary", "rmse", "auc", "precision-top", "f1"])
def test_without_weights_every_example_counts_as_one(case, data):
    name, options, target, prediction = CASES[case]
    metric = getattr(metrics, name)(**options).for_output((C,))
    state = metric.update(metric.init(), data[target], data[prediction])
    expected = in_batches(metric, data[target], data[prediction])
    np.testing.assert_allclose(metric.result(state), expected, rtol=1e-6)


def test_states_of_two_halves_add_up(data):
    metric = metrics.AUC()
    y, p = data["yes"], data["score"]
    both = jax.tree.map(
        jnp.add, metric.update(metric.init(), y[:20], p[:20]), metric.update(metric.init(), y[20:], p[20:])
    )
    assert metric.result(both) == pytest.approx(in_batches(metric, y, p), abs=1e-12)


def test_confusion_matrix_counts_rows_of_truth(data):
    y, p, weights = data["index"], data["scores"], data["weights"]
    expected = np.zeros((C, C))
    for truth, guess, weight in zip(y, p.argmax(1), weights, strict=True):
        expected[truth, guess] += weight
    np.testing.assert_allclose(in_batches(metrics.ConfusionMatrix(C), y, p, weights), expected, rtol=1e-5)
    np.testing.assert_allclose(
        in_batches(metrics.ConfusionMatrix(C), data["one_hot"], p, weights), expected, rtol=1e-5
    )


def test_confusion_matrix_of_yes_and_no(data):
    table = in_batches(metrics.get("confusion_matrix", output_shape=(1,)), data["yes"], data["score"])
    assert isinstance(table, np.ndarray)
    yes, said = data["yes"] > 0, data["score"] > 0.5
    assert table.tolist() == [
        [(~yes & ~said).sum(), (~yes & said).sum()],
        [(yes & ~said).sum(), (yes & said).sum()],
    ]


def test_mean_is_the_weighted_mean_of_predictions(data):
    result = in_batches(metrics.Mean(), data["yes"], data["score"], data["weights"])
    assert result == pytest.approx(np.average(data["score"][:, 0], weights=data["weights"]), rel=1e-6)


def test_class_numbers_serve_where_keras_wants_rows(data):
    for metric in (
        metrics.F1Score(num_classes=C),
        metrics.Precision(),
        metrics.AUC(),
        metrics.MeanSquaredError(),
    ):
        rows = in_batches(metric, data["one_hot"], data["scores"])
        np.testing.assert_allclose(in_batches(metric, data["index"], data["scores"]), rows)


def test_accuracy_of_pictures_of_classes_counts_every_point():
    y = np.array([[[0, 1], [1, 1]]])
    p = np.array([[[[0.9, 0.1], [0.9, 0.1]], [[0.2, 0.8], [0.3, 0.7]]]], np.float32)
    metric = metrics.SparseCategoricalAccuracy()
    assert metric.result(metric.update(metric.init(), y, p)) == 0.75
    assert metric.result(metric.update(metric.init(), y[..., None], p)) == 0.75


@pytest.mark.parametrize(
    ("loss", "shape", "cls"),
    [
        ("sparse_categorical_crossentropy", (10,), metrics.SparseCategoricalAccuracy),
        ("categorical_crossentropy", (10,), metrics.CategoricalAccuracy),
        ("binary_crossentropy", (1,), metrics.BinaryAccuracy),
        ("mse", (1,), metrics.BinaryAccuracy),
        ("mse", (10,), metrics.CategoricalAccuracy),
        ("binary_crossentropy", (10,), metrics.CategoricalAccuracy),
    ],
)
@pytest.mark.parametrize("name", ["accuracy", "acc"])
def test_accuracy_means_what_keras_means(name, loss, shape, cls):
    metric = metrics.get(name, losses.get(loss), shape)
    assert type(metric) is cls
    assert metric.name == name
    rng = np.random.default_rng(0)
    p = rng.random((3, *shape), np.float32)
    y = rng.integers(0, 2, 3) if loss.startswith("sparse") else rng.random((3, *shape), np.float32)
    with jax.numpy_dtype_promotion("standard"):
        theirs = get_metric(name, y, p)
    assert type(theirs).__name__ == cls.__name__
    assert theirs.name == name


def test_accuracy_of_logits_has_its_threshold_at_zero():
    metric = metrics.get("accuracy", losses.BinaryCrossentropy(from_logits=True), (1,))
    assert metric == metrics.BinaryAccuracy(0.0, name="accuracy")


@pytest.mark.parametrize("name", metrics._REGISTRY.classes)
def test_names_in_histories_are_those_of_keras(name):
    mine = getattr(metrics, name)()
    theirs = getattr(keras.metrics, name, None)
    # F1Score's name is an argument's default; the others number theirs, "auc_3".
    if theirs is not None:
        assert mine.name == re.sub(r"(?<!f1)_\d+$", "", theirs().name)
    if name != "Accuracy":  # the string means the accuracy that fits the output
        assert type(metrics.get(mine.name)) is type(mine)
    assert metrics.get(snake_case(name)).name == snake_case(name)


@pytest.mark.parametrize(
    "name", ["AUC", "Precision", "Recall", "F1Score", "TopKCategoricalAccuracy", "BinaryAccuracy"]
)
def test_arguments_and_defaults_are_those_of_keras(name):
    mine = inspect.signature(getattr(metrics, name)).parameters
    theirs = inspect.signature(getattr(keras.metrics, name)).parameters
    shared = [key for key in mine if key not in ("name", "num_classes")]
    assert {key: mine[key].default for key in shared} == {key: theirs[key].default for key in shared}


def test_a_loss_serves_as_a_metric(data):
    trained = losses.SparseCategoricalCrossentropy(from_logits=True)
    metric = metrics.get("sparse_categorical_crossentropy", trained, (C,))
    expected = float(trained(data["index"], data["scores"]))
    assert metric.name == "sparse_categorical_crossentropy"
    assert in_batches(metric, data["index"], data["scores"]) == pytest.approx(expected, rel=1e-6)
    plain = metrics.get("poisson", trained, (C,))
    assert plain == metrics.LossMean(losses.Poisson(), name="poisson")


def test_config_and_back():
    for name in metrics._REGISTRY.classes:
        thing = getattr(metrics, name)(name="mine").for_output((3,))
        assert metrics.get(to_config(thing)) == thing


def test_an_unknown_name_lists_the_names():
    with pytest.raises(ArgumentError) as caught:
        metrics.get("acurracy")
    assert str(caught.value) == (
        "metric: 'acurracy' is not known; expected one of Accuracy, BinaryAccuracy, CategoricalAccuracy, "
        "SparseCategoricalAccuracy, TopKCategoricalAccuracy, SparseTopKCategoricalAccuracy, AUC, Precision, "
        "Recall, F1Score, MeanAbsoluteError, MeanSquaredError, RootMeanSquaredError, ConfusionMatrix, Mean.\n"
        "  Did you mean 'accuracy'?"
    )


def test_a_metric_that_counts_by_class_says_when_it_does_not_know_how_many():
    with pytest.raises(ArgumentError) as caught:
        metrics.F1Score().init()
    assert str(caught.value) == (
        "F1Score: num_classes is not known yet; expected the number of classes.\n"
        "  Write F1Score(num_classes=10), or let compile() find it from the network's output."
    )


@pytest.mark.parametrize("name", metrics._REGISTRY.classes)
def test_every_rule_refuses_what_it_says_is_wrong(name):
    cls = getattr(metrics, name)
    for field, rule in rules_of(cls).items():
        for value in (each for each in rule.wrong if field != "name" or each):
            with pytest.raises(ArgumentError, match=f"{name}.{field}: got"):
                cls(**{field: value})

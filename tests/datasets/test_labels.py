"""From what folders and tables say to targets, and the kind of answer with its reason."""

import numpy as np
import pytest

from striate.datasets.folders._cells import as_labels, as_number, as_text, is_list
from striate.datasets.folders.labels import class_counts, make_targets, strata
from striate.errors import ArgumentError, DataError

MEND = "\n  Mend the labels, or ask for another kind of answer with target='…'."


def targets(answers, columns=("label",), asked=None):
    files = [f"{number}.png" for number in range(len(answers))]
    return make_targets(files, answers, columns, asked)


def refused(answers, columns=("label",), asked=None):
    with pytest.raises(DataError) as caught:
        targets(answers, columns, asked)
    return str(caught.value)


GUESSES = [
    (["b", "a", "b"], (), "binary", "there are two classes, a and b; b counts as yes"),
    (["3", "4", "3"], (), "binary", "there are two classes, 3 and 4; 4 counts as yes"),
    (["a", "b", "c", "a"], (), "multinomial", "there are 3 classes, one for each picture"),
    (["x|y", "x", ""], ("tags",), "multilabel", "pictures have several labels each"),
    ([["x"], []], ("tags",), "multilabel", "pictures have several labels each"),
    (["0", "1", "1"], ("ill",), "binary", "its numbers are 0 and 1 only"),
    ([True, False], ("ill",), "binary", "there are two classes, false and true; true counts as yes"),
    (["0", "3", "12"], ("count",), "count", "the column count holds whole numbers from 0 up"),
    (["0", "3", "12"], ("n_cells",), "count", "the column n_cells holds whole numbers from 0 up"),
    (["0", "3", "12"], ("Cell_Count",), "count", "the column Cell_Count holds whole numbers from 0 up"),
    (["0", "-3", "12"], ("count",), "continuous", "the column count holds 3 different numbers"),
    (["0", "3.5", "12"], ("count",), "continuous", "the column count holds 3 different numbers"),
    (["0", "3", "12", "3"], ("age",), "continuous", "the column age holds 3 different numbers"),
    ([0.5, 2, 2], ("angle",), "continuous", "the column angle holds 2 different numbers"),
    (["7", "3", "7", "1"], ("digit",), "multinomial", "there are 3 classes, one for each picture"),
    (["7", "3", "x"], ("age",), "multinomial", "there are 3 classes, one for each picture"),
]


@pytest.mark.parametrize(("answers", "columns", "kind", "reason"), GUESSES)
def test_the_kind_is_guessed_and_the_reason_said(answers, columns, kind, reason):
    found = targets(answers, columns)
    assert (found.kind, found.reason) == (kind, reason)


def test_classes_are_numbered_in_the_order_of_their_names():
    found = targets(["dog", "cat", "10", "9"], ())
    assert found.class_names == ("10", "9", "cat", "dog")
    assert (found.values.tolist(), found.values.dtype) == ([3, 2, 0, 1], np.int32)


def test_several_labels():
    found = targets(["red|round", "", " round "], ("tags",))
    assert found.class_names == ("red", "round")
    assert (found.values.tolist(), found.values.dtype) == ([[1, 1], [0, 0], [0, 1]], np.uint8)
    assert class_counts(found, np.array([0, 2])) == {"red": 1, "round": 2}
    assert (
        refused(["a|a", "b|c"]) == f"column label: a label twice for 0.png; expected each label once.{MEND}"
    )


def test_numbers():
    found = targets(["1.5", "-2e1", 3], ("angle",))
    assert (found.values.tolist(), found.values.dtype) == ([1.5, -20.0, 3.0], np.float32)
    assert (found.class_names, found.names) == ((), ("angle",))


def test_several_columns():
    found = targets([("1.5", "2"), (0, 4)], ("x", "y"))
    assert (found.kind, found.reason) == ("continuous", "there are 2 columns of numbers")
    assert (found.values.tolist(), found.names) == ([[1.5, 2.0], [0.0, 4.0]], ("x", "y"))
    found = targets([("1", "0"), ("0", "0")], ("sun", "rain"))
    assert (found.kind, found.reason) == ("multilabel", "its columns hold 0 and 1 only")
    assert (found.values.tolist(), found.class_names) == ([[1, 0], [0, 0]], ("sun", "rain"))
    assert "expected one column for a binary answer" in refused([("1", "2")], ("x", "y"), "binary")
    assert "expected 0 or 1 in each column" in refused([("1", "2")], ("x", "y"), "multilabel")


def test_the_kind_may_be_asked_for():
    assert targets(["0", "3", "3"], ("age",), "multinomial").class_names == ("0", "3")
    assert targets(["1", "2", "2"], (), "count").values.tolist() == [1.0, 2.0, 2.0]
    assert targets(["10", "2", "2"], (), "continuous").names == ("number",)
    assert targets(["a", "b", "b"], ("l",), "multilabel").values.tolist() == [[1, 0], [0, 1], [0, 1]]
    assert targets(["0", "1", "1"], ("x",), "continuous").reason == "it was asked for"
    with pytest.raises(ArgumentError) as caught:
        targets(["a", "b"], asked="regression")
    assert str(caught.value) == (
        "target: found 'regression'; expected one of binary, multinomial, multilabel, continuous, count.\n"
        "  Choose one of them."
    )


REFUSED = [
    (["a", "", "b", ""], None, "column label: no label for 1.png, 3.png; expected a label for each picture"),
    (["a", "a"], None, "column label: all pictures are of one class, a; expected at least two classes"),
    (["a", "b", "c"], "binary",
     "column label: there are 3 classes (a, b, c); expected two classes for a binary answer"),
    (["1", "x"], "continuous", "column label: no number for 1.png; expected a number for each picture"),
    (["1", "nan", "-inf", "1e39"], None,
     "column label: a number that is not finite for 1.png, 2.png, 3.png; expected finite numbers"),
    (["1", "-1", "1.5"], "count",
     "column label: no whole number from 0 up for 1.png, 2.png; expected counts: 0, 1, 2, …"),
    ([[], []], None, "column label: there are 0 labels; expected 1 to 65,536 labels"),
    ([f"name {n}" for n in range(11)], None,
     "column label: each picture has a class of its own; expected several pictures of each class"),
]  # fmt: skip


@pytest.mark.parametrize(("answers", "asked", "message"), REFUSED)
def test_what_cannot_be_learned_is_refused_with_files(answers, asked, message):
    assert refused(answers, ("label",), asked) == f"{message}.{MEND}"


def test_one_class_folder_is_not_enough():
    assert refused(["a", "a"], ()).startswith("class folders: all pictures are of one class, a;")


def test_too_many_classes_are_refused(monkeypatch):
    monkeypatch.setattr("striate.datasets.folders.labels.MAX_CLASSES", 2)
    assert "there are 3 classes; expected at most 2" in refused(["a", "b", "c", "a"])


def test_cells():
    assert [as_number(cell) for cell in ("", "1_0", "0x1", "1,5", "٣", [], None)] == [None] * 7
    assert as_number(" +.5e-1 ") == 0.05
    assert as_number("-Infinity") == -np.inf
    assert as_text(2.5) == "2.5"
    assert as_text(["a", "b"]) == "a|b"
    assert as_labels(7) == ["7"]
    assert (is_list("a|b"), is_list("a"), is_list(1)) == (True, False, False)


def test_strata_of_classes_labels_and_numbers():
    assert strata(targets(["b", "a", "b"], ())).tolist() == [1, 0, 1]
    several = strata(targets(["common|rare", "common", "", "common"], ("l",)))
    assert several.tolist() == [0, 1, 2, 1]
    values = np.random.default_rng(0).normal(size=400)
    tenths = strata(targets(list(map(float, values)), ("x",)))
    assert np.bincount(tenths).tolist() == [40] * 10
    assert all(values[tenths == number].max() <= values[tenths == number + 1].min() for number in range(9))
    assert set(strata(targets([1.0, 2.0, 5.5], ("x",))).tolist()) == {0}

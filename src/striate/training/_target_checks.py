"""Checks of labels on the host, once, before anything is compiled: compiled losses cannot complain."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from striate.errors import Problem
from striate.training._input_checks import finite_problem

Shape = tuple[int, ...]


def target_problems(
    names: Iterable[str], arrays: Iterable[np.ndarray], shapes: Iterable[Shape], kinds: Iterable[str]
) -> list[Problem]:
    """Everything that keeps these targets from being compared with the outputs.

    Args:
        names: what messages call each array.
        arrays: (N, ...) each.
        shapes: of one example of each output.
        kinds: "index", "one_hot", "probability", "value" or "none", for each output.
    """
    checks = {"index": _index_problem, "one_hot": _one_hot_problem, "probability": _probability_problem}
    problems = []
    for name, array, shape, kind in zip(names, arrays, shapes, kinds, strict=True):
        if kind != "none":
            problem = checks.get(kind, _value_problem)(name, array, shape)
            problems += [problem] if problem is not None else []
    return problems


def with_target_form(array: np.ndarray, shape: Shape, kind: str) -> np.ndarray:
    """The targets as the losses want them: int32 class numbers, or float32 of the output's shape.

    Targets of a loss of the user's own keep their shape, but (N,) beside an output of (N, 1) becomes
    (N, 1): their difference would be (N, N).
    """
    if kind == "index":
        return array.reshape((len(array), *shape[:-1])).astype(np.int32)
    if kind == "none":
        array = array[..., None] if shape[-1:] == (1,) and array.shape[1:] == shape[:-1] else array
        return array.astype(np.float32 if array.dtype.kind == "f" else np.int32)
    return array.reshape((len(array), *shape)).astype(np.float32)


def _index_problem(name: str, array: np.ndarray, shape: Shape) -> Problem | None:
    classes = shape[-1]
    if array.shape[1:] not in (shape[:-1], (*shape[:-1], 1)) or array.dtype.kind not in "biuf":
        return Problem(
            name,
            f"got an array of shape {array.shape} of {array.dtype}",
            f"one class number for each example, {_shown(shape[:-1])}",
            "Rows of probabilities (one-hot) want the loss categorical_crossentropy.",
        )
    wrong = ~((array >= 0) & (array <= classes - 1))
    if array.dtype.kind == "f":
        wrong |= array != np.floor(array)
    expected = f"whole numbers from 0 to {classes - 1} for an output of {classes} classes"
    return _row_problem(name, array, wrong, "label", expected, _label_cure(array, classes))


def _label_cure(array: np.ndarray, classes: int) -> str:
    if array.size and array.min() == 1 and array.max() == classes:
        return "These labels count from 1: subtract 1."
    return "Mend the labels, or give the last layer one unit for each class."


def _one_hot_problem(name: str, array: np.ndarray, shape: Shape) -> Problem | None:
    if array.shape[1:] != shape:
        cure = "Reshape the targets, or build the network for this shape."
        if array.shape[1:] in (shape[:-1], (*shape[:-1], 1)):
            cure = (
                "Class numbers want the loss sparse_categorical_crossentropy, "
                f"or st.utils.to_categorical(y, {shape[-1]})."
            )
        expected = f"a row of {shape[-1]} probabilities for each example, {_shown(shape)}"
        return Problem(name, f"got an array of shape {array.shape}", expected, cure)
    return _row_problem(
        name, array, ~((array >= 0) & (array <= 1)), "number", "probabilities between 0 and 1",
        "Make one-hot rows with st.utils.to_categorical.",
    )  # fmt: skip


def _probability_problem(name: str, array: np.ndarray, shape: Shape) -> Problem | None:
    return _fitting_problem(name, array, shape) or _row_problem(
        name, array, ~((array >= 0) & (array <= 1)), "label", "numbers between 0 and 1",
        "Labels of -1 and 1 become (y + 1) / 2.",
    )  # fmt: skip


def _value_problem(name: str, array: np.ndarray, shape: Shape) -> Problem | None:
    return _fitting_problem(name, array, shape) or finite_problem(name, array)


def _fitting_problem(name: str, array: np.ndarray, shape: Shape) -> Problem | None:
    """The targets have the output's shape, give or take a last axis of one."""
    fits = array.shape[1:] in (shape, (*shape, 1)) or (shape[-1:] == (1,) and array.shape[1:] == shape[:-1])
    if fits and array.dtype.kind in "biuf":
        return None
    return Problem(
        name,
        f"got an array of shape {array.shape} of {array.dtype}",
        f"the shape of the output, {_shown(shape)}",
        "Reshape the targets, or build the network for this shape.",
    )


def _row_problem(
    name: str, array: np.ndarray, wrong: np.ndarray, noun: str, expected: str, cure: str
) -> Problem | None:
    """The first row with a wrong number, and how many other rows have one."""
    rows = wrong.reshape(len(array), -1).any(axis=1) if len(array) else np.zeros(0, bool)
    if not rows.any():
        return None
    row = int(np.argmax(rows))
    value = array[row].reshape(-1)[int(np.argmax(wrong[row].reshape(-1)))].item()
    others = int(rows.sum()) - 1
    more = f" ({others} other row{'s are' if others > 1 else ' is'} wrong too)" if others else ""
    return Problem(name, f"row {row} holds the {noun} {value}{more}", expected, cure)


def _shown(shape: Shape) -> str:
    """A batch of this shape as a person writes it: (N,) or (N, 10)."""
    return f"(N, {', '.join(map(str, shape))})" if shape else "(N,)"

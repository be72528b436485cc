"""Checks of inputs before anything is compiled: shapes, channels, raw bytes, numbers that are not finite."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from striate.errors import Problem

Shape = tuple[int, ...]
_ROWS_AT_ONCE = 4096


def with_rank(array: np.ndarray, shape: Shape) -> np.ndarray:
    """Add or drop a last axis of one, as Keras does: (N, 28, 28) serves a network of (28, 28, 1)."""
    if array.ndim == len(shape) and shape and shape[-1] == 1 and array.shape[1:] == shape[:-1]:
        return array[..., None]
    if array.ndim == len(shape) + 2 and array.shape[-1] == 1 and array.shape[1:-1] == shape:
        return array[..., 0]
    return array


def input_problems(
    names: Iterable[str], arrays: Iterable[np.ndarray], shapes: Iterable[Shape], scaled: bool
) -> list[Problem]:
    """Everything that keeps these arrays from entering the network.

    Args:
        names: what messages call each array.
        arrays: (N, ...) each.
        shapes: of one example, for each input of the network.
        scaled: whether something scales raw uint8 pictures.
    """
    problems = []
    for name, array, shape in zip(names, arrays, shapes, strict=True):
        problem = _type_problem(name, array) or _shape_problem(name, array, shape)
        problem = problem or _raw_problem(name, array, scaled) or finite_problem(name, array)
        if problem is not None:
            problems.append(problem)
    return problems


def finite_problem(name: str, array: np.ndarray) -> Problem | None:
    """The first example that holds a NaN or an infinity."""
    row = first_nonfinite_row(array)
    if row is None:
        return None
    return Problem(
        name,
        f"example {row} holds a number that is not finite (NaN or infinity)",
        "finite numbers",
        "Find out where it comes from, and drop or mend such examples.",
    )


def first_nonfinite_row(array: np.ndarray) -> int | None:
    """The index of the first example with a NaN or an infinity; None when there is none."""
    if not np.issubdtype(array.dtype, np.floating):
        return None
    for start in range(0, len(array), _ROWS_AT_ONCE):
        part = array[start : start + _ROWS_AT_ONCE]
        with np.errstate(all="ignore"):
            if np.isfinite(part.sum()):
                continue
        finite = np.isfinite(part).reshape(len(part), -1).all(axis=1)
        if not finite.all():
            return start + int(np.argmin(finite))
    return None


def _type_problem(name: str, array: np.ndarray) -> Problem | None:
    if array.dtype.kind in "biuf" or array.dtype.name == "bfloat16":
        return None
    return Problem(
        name,
        f"the array holds {array.dtype}",
        "numbers",
        "Give arrays of numbers; examples of different shapes must be brought to one shape first.",
    )


def _shape_problem(name: str, array: np.ndarray, shape: Shape) -> Problem | None:
    if array.ndim == len(shape) + 1 and array.shape[1:] == shape:
        return None
    return Problem(
        name,
        f"got an array of shape {array.shape}",
        f"(N, {', '.join(map(str, shape))})",
        _shape_cure(name, array.shape, shape),
    )


def _shape_cure(name: str, found: Shape, shape: Shape) -> str:
    """The likely mistake behind two shapes that differ."""
    if found == shape:
        return f"A batch axis is missing: give {name}[None] for one example."
    if len(found) == len(shape) + 1 and len(shape) > 1:
        if found[1:] == (shape[-1], *shape[:-1]):
            return f"Channels first? np.moveaxis({name}, 1, -1) puts them last."
        if found[1:-1] == shape[:-1]:
            return (
                f"The data have {found[-1]} channels and the network wants {shape[-1]}: convert one of them."
            )
    return "Reshape the data, or build the network for this shape."


def _raw_problem(name: str, array: np.ndarray, scaled: bool) -> Problem | None:
    if array.dtype != np.uint8 or scaled:
        return None
    return Problem(
        name,
        "these are raw uint8 pictures (0 to 255) and nothing in the model scales them",
        "a model.preprocessing or a first Rescaling or Normalization layer, or floats",
        "Put st.layers.Rescaling(1 / 255) first, or give x.astype('float32') / 255.",
    )

"""What `fit` is given, brought to one form: tuples of host arrays, one for each input and each output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from striate.errors import ArgumentError, DataError, Problem


class Batch(NamedTuple):
    """Examples and what is wanted of them; all arrays have the examples as their first axis.

    Args:
        inputs: one array for each input of the network, (N, ...).
        targets: one array for each output, or () when nothing is wanted (prediction).
        weights: one (N,) float array for each output, or () when every example counts as one.
    """

    inputs: tuple[Any, ...]
    targets: tuple[Any, ...] = ()
    weights: tuple[Any, ...] = ()


def count(batch: Batch) -> int:
    """The number of examples."""
    return int(batch.inputs[0].shape[0])


def rows(batch: Batch, start: int, stop: int) -> Batch:
    """The examples from `start` up to `stop`, without copying."""
    return Batch(*(tuple(array[start:stop] for array in arrays) for arrays in batch))


def is_array_like(value: Any) -> bool:
    """Whether `value` is one array, rather than a collection of arrays."""
    return hasattr(value, "__array__") or (hasattr(value, "shape") and hasattr(value, "dtype"))


def are_batches(x: Any, y: Any) -> bool:
    """Whether `x` brings its own batches: there is no y, and x is neither an array nor a dict of them."""
    if y is not None or x is None or is_array_like(x) or isinstance(x, Mapping):
        return False
    if isinstance(x, list | tuple):
        return bool(x) and isinstance(x[0], list | tuple)
    return hasattr(x, "__iter__") or (hasattr(x, "__getitem__") and hasattr(x, "__len__"))


def gather(value: Any, names: Sequence[str], where: str) -> tuple[np.ndarray, ...]:
    """One host array for each name, from an array, a list or tuple of arrays, or a mapping by name.

    Args:
        value: what the user gave.
        names: the names of the network's inputs or outputs.
        where: "x", "y" or "sample_weight", for the messages.

    Raises:
        DataError: a name is missing or the number of arrays differs.
    """
    if value is None:
        raise DataError(Problem(where, "nothing was given", "an array", "Give the data."))
    if isinstance(value, Mapping):
        return _gather_mapping(value, names, where)
    if len(names) == 1:
        alone = isinstance(value, list | tuple) and len(value) == 1 and is_array_like(value[0])
        return (np.asarray(value[0] if alone else value),)
    if not isinstance(value, list | tuple) or len(value) != len(names):
        found = f"{len(value)} arrays" if isinstance(value, list | tuple) else "one array"
        raise DataError(
            Problem(
                where,
                f"got {found}",
                f"{len(names)} arrays: {', '.join(names)}",
                "Give a list with one array for each, in this order, or a dict by name.",
            )
        )
    return tuple(np.asarray(array) for array in value)


def _gather_mapping(value: Mapping[str, Any], names: Sequence[str], where: str) -> tuple[np.ndarray, ...]:
    if set(value) != set(names):
        found = ", ".join(map(str, value)) or "nothing"
        raise DataError(
            Problem(
                where,
                f"the dict names {found}",
                f"exactly {', '.join(names)}",
                "Use these names as its keys.",
            )
        )
    return tuple(np.asarray(value[name]) for name in names)


def split_last(batch: Batch, fraction: float) -> tuple[Batch, Batch]:
    """The examples before and after the split: the last `fraction`, before any shuffling, is for validation.

    Raises:
        ArgumentError: the fraction is not between 0 and 1, or leaves one side empty.
    """
    total = count(batch)
    middle = int(total * (1 - fraction)) if 0 < fraction < 1 else 0
    if not 0 < middle < total:
        raise ArgumentError(
            Problem(
                "validation_split",
                f"{fraction!r} of {total} examples leaves nothing on one side",
                "a fraction between 0 and 1 that leaves examples on both sides",
                "Use for instance validation_split=0.1, or give validation_data.",
            )
        )
    return rows(batch, 0, middle), rows(batch, middle, total)


def unpack(item: Any, where: str = "x") -> tuple[Any, Any, Any]:
    """(x, y, sample_weight) of one item of an iterable of batches.

    Raises:
        DataError: the item is not (x, y) or (x, y, sample_weight).
    """
    if isinstance(item, list | tuple) and 1 <= len(item) <= 3:
        x, y, weight = (*item, None, None)[:3]
        return x, y, weight
    expected = "a tuple (x, y) or (x, y, sample_weight)"
    raise DataError(
        Problem(where, f"a batch is {_described(item)}", expected, "Let the iterable bring tuples.")
    )


def _described(item: Any) -> str:
    if isinstance(item, list | tuple):
        return f"a {type(item).__name__} of {len(item)}"
    return f"of type {type(item).__name__}"

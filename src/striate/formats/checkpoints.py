"""The state of an unfinished training, complete enough to go on as if nothing had happened."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from striate.errors import ArgumentError, FormatError, Problem
from striate.formats._entry_rules import printable, value_text
from striate.formats._header import make_header, raise_all, refuse
from striate.formats._places import shown
from striate.formats._plain import plain_json
from striate.formats._seal import FIELD, begin_seal, check_seal, seal_problems, sealed_text
from striate.formats.atomic import write_atomically
from striate.formats.safetensors_file import (
    checked_arrays,
    chunks,
    opened,
    read_arrays,
    read_header,
)
from striate.network._strict_json import parse_json

KEY = "striate_checkpoint"
FORMAT_VERSION = 1
_FIELDS = {"format_version", "record", FIELD}
_TEMPLATE_CURE = "Resume with the network, the optimizer and the settings the checkpoint was made with."


def save_checkpoint(path: str | os.PathLike[str], tree: Any, record: Mapping[str, Any]) -> None:
    """Write a checkpoint, atomically: at every moment the path holds the whole previous or the whole new one.

    Unlike a model, a checkpoint is kept as it is: numbers that are not finite are kept too.

    Args:
        path: the file, usually with the ending `.striate`.
        tree: any pytree of arrays: mappings, lists, tuples, named tuples, such as an optimizer's state.
        record: everything else, in JSON values, all finite.

    Raises:
        ArgumentError: arrays or values that cannot be kept, all at once.
        StriateError: the file cannot be written; the previous one is untouched.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_checkpoint(f"{folder}/a.striate", {"w": np.ones(2), "opt": (np.zeros(1),)}, {"epoch": 3})
    ...     arrays, record = load_checkpoint(f"{folder}/a.striate")
    >>> sorted(arrays), record
    (['opt/0', 'w'], {'epoch': 3})
    """
    where = shown(path)
    arrays = checked_arrays(flatten(tree))
    plain = plain_json(record, "record", null_for_nonfinite=False)
    _, layout = make_header(arrays, {}, where)
    values = {"format_version": FORMAT_VERSION, "record": plain}
    metadata = {KEY: sealed_text(values, layout, arrays)}
    _read_values(metadata, where)  # what could not be read again must not be written
    raw, header = make_header(arrays, metadata, where)
    write_atomically(path, chunks(raw, header, arrays))


def load_checkpoint(path: str | os.PathLike[str]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read a checkpoint.

    Returns:
        The arrays, each named by the way to it in the tree that was saved ("opt/0/mu"), and the record.

    Raises:
        FormatError: it is not such a file, or not as it was saved.
    """
    where = shown(path)
    with opened(path) as file:
        header = read_header(file, where)
        values = _read_values(header.metadata, where)
        digest = begin_seal(values, header)
        arrays = dict(read_arrays(file, header, where, digest))
    check_seal(values, digest, where)
    return arrays, values["record"]


def restore_tree(template: Any, arrays: Mapping[str, np.ndarray], where: str = "checkpoint") -> Any:
    """Put the arrays of a checkpoint back into a tree of the kind that was saved.

    Args:
        template: a tree of the same structure; of its arrays only shapes and number types matter.
        arrays: by name, as `load_checkpoint` gives them.
        where: what an error message calls them.

    Returns:
        The template with the arrays of the checkpoint.

    Raises:
        FormatError: all missing, extra and different arrays, at once.

    >>> restore_tree({"w": np.zeros(2)}, {"w": np.array([1.0, 2.0])})
    {'w': array([1., 2.])}
    """
    wanted = flatten(template)
    problems = []
    for name in sorted({*wanted, *arrays}):
        place = f"{where}, {printable(name)}"
        if name not in arrays:
            problems.append(Problem(place, "it is missing", _kind(wanted[name]), _TEMPLATE_CURE))
        elif name not in wanted:
            problems.append(Problem(place, "this run knows no such array", "none", _TEMPLATE_CURE))
        elif _kind(arrays[name]) != _kind(wanted[name]):
            happened = f"it is {_kind(arrays[name])}"
            problems.append(Problem(place, happened, _kind(wanted[name]), _TEMPLATE_CURE))
    raise_all(problems)
    structure = jax.tree.structure(template)
    return jax.tree.unflatten(structure, [arrays[name] for name in wanted])


def flatten(tree: Any) -> dict[str, np.ndarray]:
    """The arrays of a tree by name, in the tree's order.

    Raises:
        ArgumentError: two arrays would have one name, or something in the tree is no array.

    >>> list(flatten({"a": [np.zeros(1), np.zeros(2)]}))
    ['a/0', 'a/1']
    """
    arrays: dict[str, np.ndarray] = {}
    problems = []
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        name = "/".join(_step(key) for key in path) or "tree"
        if name in arrays:
            problems.append(
                Problem(name, "two arrays have this name", "one", "Rename a key that holds a '/'.")
            )
        if isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            happened, cure = "found a random key", "Keep jax.random.key_data(key)."
            problems.append(Problem(name, happened, "an array of numbers", cure))
        elif not hasattr(leaf, "__array__") and not isinstance(leaf, bool | int | float):
            happened = f"found {type(leaf).__name__}"
            problems.append(Problem(name, happened, "an array", "Keep other values in the record."))
        else:
            arrays[name] = np.asarray(leaf)
    if problems:
        raise ArgumentError(problems)
    return arrays


def _step(key: Any) -> str:
    """One step of the way to an array: a key, an index or the name of a field."""
    for attribute in ("key", "idx", "name"):
        if hasattr(key, attribute):
            return str(getattr(key, attribute))
    return str(key)


def _kind(array: np.ndarray) -> str:
    """Number type and shape, for a message."""
    return f"{array.dtype} {list(array.shape)}"


def _read_values(metadata: Mapping[str, str], where: str) -> dict[str, Any]:
    """The text of a checkpoint, with all its fields."""
    if set(metadata) != {KEY}:
        happened = f"its metadata are {value_text(sorted(metadata))}"
        cure = "Give the checkpoint of a run; a model file is no checkpoint."
        raise FormatError(Problem(where, happened, f"exactly [{KEY!r}], as in a checkpoint", cure))
    values = parse_json(metadata[KEY], f"{where}, record")
    version = values.get("format_version") if isinstance(values, dict) else None
    if type(version) is not int or version != FORMAT_VERSION:
        refuse(f"{where}, record", f"the format version is {value_text(version)}", f"{FORMAT_VERSION}")
    if set(values) != _FIELDS or not isinstance(values["record"], dict):
        refuse(f"{where}, record", f"its fields are {value_text(sorted(values))}", f"{sorted(_FIELDS)}")
    raise_all(seal_problems(values[FIELD], where))
    return values

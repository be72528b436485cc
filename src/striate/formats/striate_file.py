"""A model in one file, as data: a safetensors file of the weights, with everything else in one JSON text."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from striate.errors import ArgumentError, FormatError, Problem, StriateError
from striate.formats._header import Header, make_header, raise_all
from striate.formats._places import shown
from striate.formats._promises import (
    Promise,
    agreement_problems,
    flat_arrays,
    nested_variables,
    promised_tensors,
    set_problems,
)
from striate.formats._record import KEY, Record, class_name_problems, read_record, read_values, record_values
from striate.formats._seal import begin_seal, check_seal, sealed_text
from striate.formats.atomic import write_atomically
from striate.formats.safetensors_file import (
    chunks,
    nonfinite_problems,
    opened,
    read_arrays,
    read_header,
)
from striate.images import Preprocessing
from striate.network import Network
from striate.network.json_text import MAX_PARAMETERS

_SAVE_CURE = "Save the variables of this very network."
_LOAD_CURE = "Get the file again from where it came, or save it again with Striate."


@dataclass(frozen=True)
class SavedModel:
    """What a model file holds.

    Args:
        network: the architecture.
        variables: {"params": {path: {weight: array}}, "state": {...}}, float32.
        preprocessing: how pictures become its input, or None.
        class_names: of its outputs in order, or None.
        training: how it was made, as plain JSON values, or None.
    """

    network: Network
    variables: dict[str, Any]
    preprocessing: Preprocessing | None = None
    class_names: tuple[str, ...] | None = None
    training: dict[str, Any] | None = None


def save_model(
    path: str | os.PathLike[str],
    network: Network,
    variables: Mapping[str, Any],
    *,
    preprocessing: Preprocessing | None = None,
    class_names: Sequence[str] | None = None,
    training: Mapping[str, Any] | None = None,
) -> None:
    """Write a model file, atomically; the same model gives the same bytes.

    The file is a safetensors file with the float32 tensors `params/<path>/<weight>` and
    `state/<path>/<weight>`, and one JSON text under the metadata key "striate". (Keras writes a zip archive,
    PyTorch a pickle inside of one.)

    Args:
        path: the file, usually with the ending `.striate`.
        network: the architecture.
        variables: what `network.init` gave or training made of it.
        preprocessing: how pictures become its input.
        class_names: of its outputs in order; two for a single output: no and yes.
        training: how it was made, in JSON values; numbers that are not finite are kept as null.

    Raises:
        ArgumentError: variables, preprocessing or class names that do not fit the network, all at once.
        FormatError: numbers that are not finite, with the names of their tensors.
        StriateError: the file cannot be written; the previous one is untouched.
    """
    where = shown(path)
    arrays = _fitting_arrays(network, variables, where)
    problems = class_name_problems(class_names, where)
    problems = problems or agreement_problems(network, preprocessing, class_names, where)
    if problems:
        raise ArgumentError(problems)
    raise_all(nonfinite_problems(arrays, where))
    names = None if class_names is None else tuple(class_names)
    record = Record(network, preprocessing, names, None if training is None else dict(training))
    _, layout = make_header(arrays, {}, where)
    metadata = {KEY: sealed_text(record_values(record), layout, arrays)}
    read_record(read_values(metadata, where), where)  # what could not be read again must not be written
    raw, header = make_header(arrays, metadata, where)
    write_atomically(path, chunks(raw, header, arrays))


def load_model(path: str | os.PathLike[str], *, max_parameters: int = MAX_PARAMETERS) -> SavedModel:
    """Read a model file: data only, no code of any kind is run or imported.

    Nothing is allocated before the header, the record, the architecture, the number of parameters and the set
    of tensors have been checked; the contents must be the ones that were saved (SHA-256) and finite.

    Args:
        path: the file.
        max_parameters: a model with more weights is refused.

    Returns:
        The network, its variables and all that was saved with them.

    Raises:
        FormatError: it is not such a file; all missing, extra and mis-shaped tensors are told at once.

    >>> import tempfile
    >>> from striate.layers import Dense
    >>> from striate.network import sequential
    >>> network = sequential([Dense(2)], input_shape=(3,))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_model(f"{folder}/small.striate", network, network.init(0), class_names=["no", "yes"])
    ...     saved = load_model(f"{folder}/small.striate")
    >>> saved.network == network, saved.class_names
    (True, ('no', 'yes'))
    """
    where = shown(path)
    with opened(path) as file:
        header = read_header(file, where)
        values = read_values(header.metadata, where)
        with _only_own_errors(where):
            record = read_record(values, where, max_parameters)
            promises = _checked_promises(record, header, where)
        digest = begin_seal(values, header)
        arrays = dict(read_arrays(file, header, where, digest))
    check_seal(values, digest, where)
    raise_all(nonfinite_problems(arrays, where))
    on_device = {name: jnp.asarray(arrays.pop(name)) for name in list(arrays)}
    variables = nested_variables(on_device, promises)
    return SavedModel(record.network, variables, record.preprocessing, record.class_names, record.training)


@contextlib.contextmanager
def _only_own_errors(where: str) -> Iterator[None]:
    """Architectures from a file may have numbers that no layer was made for, such as sizes of 5000 digits."""
    try:
        yield
    except StriateError:
        raise
    except (ArithmeticError, RecursionError, ValueError) as error:
        happened = f"it cannot be worked out ({type(error).__name__})"
        expected = "sizes that a computer can hold"
        raise FormatError(Problem(f"{where}, architecture", happened, expected, _LOAD_CURE)) from error


def _checked_promises(record: Record, header: Header, where: str) -> dict[str, Promise]:
    """The tensors of the architecture, once it is known that the file holds exactly these."""
    promises = promised_tensors(record.network, where)
    found = {entry.name: (entry.dtype.name, entry.shape) for entry in header.entries}
    raise_all(set_problems(found, promises, where, _LOAD_CURE))
    raise_all(agreement_problems(record.network, record.preprocessing, record.class_names, where))
    return promises


def _fitting_arrays(network: Network, variables: Mapping[str, Any], where: str) -> dict[str, np.ndarray]:
    """The variables by their names in the file, exactly those that the architecture wants."""
    try:
        arrays = flat_arrays(variables)
    except (AttributeError, TypeError) as error:
        expected = "{'params': {path: {weight: array}}, 'state': {...}}"
        raise ArgumentError(
            Problem("variables", "they are not nested as expected", expected, _SAVE_CURE)
        ) from error
    found = {name: (array.dtype.name, array.shape) for name, array in arrays.items()}
    if problems := set_problems(found, promised_tensors(network, where), where, _SAVE_CURE):
        raise ArgumentError(problems)
    return {name: np.ascontiguousarray(array, "<f4").reshape(array.shape) for name, array in arrays.items()}

"""Everything about a model that is not a weight, as one strict JSON text."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from striate.errors import FormatError, Problem
from striate.formats._entry_rules import printable, value_text
from striate.formats._header import refuse
from striate.formats._plain import plain_json
from striate.formats._seal import FIELD, seal_problems
from striate.images import Preprocessing
from striate.network import Network, from_json, to_json
from striate.network._strict_json import canonical_json, parse_json
from striate.network.json_text import MAX_PARAMETERS

KEY = "striate"
"""The name of the text among the metadata of the file."""
FORMAT_VERSION = 1
MAX_CLASSES = 100_000
MAX_CLASS_NAME = 1000
FIELDS = (
    "format_version",
    "architecture",
    "architecture_sha256",
    "preprocessing",
    "class_names",
    "training",
    FIELD,
)
_CURE = "Get the file again from where it came, or save it again with Striate."


@dataclass(frozen=True)
class Record:
    """What the text of a model file says.

    Args:
        network: the architecture.
        preprocessing: how pictures become its input, or None.
        class_names: of its outputs in order, or None.
        training: how it was made, as plain JSON values, or None.
    """

    network: Network
    preprocessing: Preprocessing | None
    class_names: tuple[str, ...] | None
    training: dict[str, Any] | None


def record_values(record: Record) -> dict[str, Any]:
    """A record as plain JSON values."""
    architecture = parse_json(to_json(record.network), "architecture")
    training = record.training
    return {
        "format_version": FORMAT_VERSION,
        "architecture": architecture,
        "architecture_sha256": _sha256(architecture),
        "preprocessing": None if record.preprocessing is None else record.preprocessing.to_json(),
        "class_names": None if record.class_names is None else list(record.class_names),
        "training": None if training is None else plain_json(training, "training", null_for_nonfinite=True),
    }


def read_values(metadata: Mapping[str, str], where: str) -> dict[str, Any]:
    """The fields of the record among the metadata of a file, not yet looked into.

    Raises:
        FormatError: the record is missing or newer than this Striate, or has other fields.
    """
    if set(metadata) != {KEY}:
        happened = f"its metadata are {value_text(sorted(metadata))}"
        cure = "Save a model with model.save(...); plain safetensors files and checkpoints are no models."
        raise FormatError(Problem(where, happened, f"exactly [{KEY!r}], as in a model file", cure))
    values = parse_json(metadata[KEY], f"{where}, record")
    _check_version(values, where)
    missing = [field for field in FIELDS if field not in values]
    unknown = [printable(field) for field in values if field not in FIELDS]
    if missing or unknown:
        happened = f"fields missing: {missing or 'none'}, fields unknown: {unknown[:10] or 'none'}"
        refuse(f"{where}, record", happened, f"exactly the fields {list(FIELDS)}")
    return values


def read_record(values: Mapping[str, Any], where: str, max_parameters: int = MAX_PARAMETERS) -> Record:
    """The record that the fields tell of.

    Raises:
        FormatError: all wrong fields at once.
    """
    problems: list[Problem] = []
    network = _architecture(values, where, max_parameters, problems)
    preprocessing = _preprocessing(values["preprocessing"], where, problems)
    names, training = values["class_names"], values["training"]
    problems += _class_problems(names, where)
    if not isinstance(training, dict | None):
        problems.append(_wrong(f"{where}, training", training, "a JSON object or null"))
    problems += seal_problems(values[FIELD], where)
    if problems or network is None:
        raise FormatError(problems)
    return Record(network, preprocessing, None if names is None else tuple(names), training)


def class_name_problems(names: Any, where: str) -> list[Problem]:
    """What is wrong with class names; any characters may be in them, whoever shows them must be careful."""
    listed = list(names) if isinstance(names, Sequence) and not isinstance(names, str) else names
    return _class_problems(listed, where)


def _check_version(values: Any, where: str) -> None:
    """Only the version this Striate knows."""
    version = values.get("format_version") if isinstance(values, dict) else None
    if type(version) is not int or version < 1:
        refuse(f"{where}, record", f"the format version is {value_text(version)}", f"{FORMAT_VERSION}")
    if version > FORMAT_VERSION:
        happened = f"the format version is {version}, newer than this Striate"
        raise FormatError(
            Problem(f"{where}, record", happened, f"at most {FORMAT_VERSION}", "Install a newer Striate.")
        )


def _architecture(
    values: Mapping[str, Any], where: str, max_parameters: int, problems: list[Problem]
) -> Network | None:
    """The network, whose text must be the one that was hashed."""
    architecture = values["architecture"]
    if _sha256(architecture) != values["architecture_sha256"]:
        happened = "it is not the text whose SHA-256 the file holds"
        problems.append(
            Problem(f"{where}, architecture", happened, "the architecture as it was saved", _CURE)
        )
        return None
    try:
        text, place = canonical_json(architecture), f"{where}, architecture"
        return from_json(text, where=place, max_parameters=max_parameters)
    except FormatError as error:
        problems += error.problems
        return None


def _preprocessing(value: Any, where: str, problems: list[Problem]) -> Preprocessing | None:
    """The preprocessing, or None."""
    if value is None:
        return None
    try:
        return Preprocessing.from_json(value, f"{where}, preprocessing")
    except FormatError as error:
        problems += error.problems
        return None


def _class_problems(names: Any, where: str) -> list[Problem]:
    """A list of texts, or null."""
    place = f"{where}, class_names"
    if names is None:
        return []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return [_wrong(place, names, "a list of texts or null")]
    if not 0 < len(names) <= MAX_CLASSES:
        return [Problem(place, f"there are {len(names)} names", f"1 to {MAX_CLASSES}", _CURE)]
    if any(not 0 < len(name) <= MAX_CLASS_NAME for name in names):
        return [Problem(place, "a name is empty or too long", f"1 to {MAX_CLASS_NAME} characters", _CURE)]
    return []


def _wrong(where: str, value: Any, expected: str) -> Problem:
    """A value of another kind."""
    return Problem(where, f"found {value_text(value)}", expected, _CURE)


def _sha256(architecture: Any) -> str:
    """The SHA-256 of the canonical text of an architecture, in hexadecimal digits."""
    return hashlib.sha256(canonical_json(architecture).encode("utf-8")).hexdigest()

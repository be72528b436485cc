"""Everything about a model that is not a weight, as one strict JSON text."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from striate.errors import FormatError, Problem, StriateError
from striate.formats._entry_rules import printable
from striate.formats._header import refuse
from striate.formats._plain import plain_json
from striate.images import Preprocessing
from striate.network import Network, from_json, to_json
from striate.network._strict_json import canonical_json, parse_json

KEY = "striate"
"""The name of the text among the metadata of the file."""
FORMAT_VERSION = 1
MAX_CLASSES = 100_000
MAX_CLASS_NAME = 1000
FIELDS = (
    "format_version",
    "architecture",
    "architecture_sha256",
    "weights_sha256",
    "preprocessing",
    "class_names",
    "training",
)
_CURE = "Get the file again from where it came, or save it again with Striate."


@dataclass(frozen=True)
class Record:
    """What the text of a model file says.

    Args:
        network: the architecture.
        weights_sha256: of the bytes of all tensors, in hexadecimal digits.
        preprocessing: how pictures become its input, or None.
        class_names: of its outputs in order, or None.
        training: how it was made, as plain JSON values, or None.
    """

    network: Network
    weights_sha256: str
    preprocessing: Preprocessing | None
    class_names: tuple[str, ...] | None
    training: dict[str, Any] | None


def record_text(record: Record) -> str:
    """The JSON text of a record; equal records give equal text."""
    architecture = parse_json(to_json(record.network), "architecture")
    training = record.training
    values = {
        "format_version": FORMAT_VERSION,
        "architecture": architecture,
        "architecture_sha256": _sha256(architecture),
        "weights_sha256": record.weights_sha256,
        "preprocessing": None if record.preprocessing is None else record.preprocessing.to_json(),
        "class_names": None if record.class_names is None else list(record.class_names),
        "training": None if training is None else plain_json(training, "training", null_for_nonfinite=True),
    }
    return canonical_json(values)


def read_record(metadata: Mapping[str, str], where: str) -> Record:
    """The record among the metadata of a file.

    Raises:
        FormatError: it is missing, newer than this Striate, or wrong; all wrong fields at once.
    """
    if set(metadata) != {KEY}:
        happened = f"its metadata are {printable(sorted(metadata))}"
        cure = "Save a model with model.save(...); plain safetensors files and checkpoints are no models."
        raise FormatError(Problem(where, happened, f"exactly [{KEY!r}], as in a model file", cure))
    values = parse_json(metadata[KEY], f"{where}, record")
    _check_version(values, where)
    missing = [field for field in FIELDS if field not in values]
    unknown = [printable(field) for field in values if field not in FIELDS]
    if missing or unknown:
        happened = f"fields missing: {missing or 'none'}, fields unknown: {unknown[:10] or 'none'}"
        refuse(f"{where}, record", happened, f"exactly the fields {list(FIELDS)}")
    problems: list[Problem] = []
    network = _architecture(values, where, problems)
    preprocessing = _preprocessing(values["preprocessing"], where, problems)
    problems += [
        *_digest_problems(values["weights_sha256"], where),
        *_class_problems(values["class_names"], where),
    ]
    if not isinstance(values["training"], dict | None):
        problems.append(_wrong(f"{where}, training", values["training"], "a JSON object or null"))
    if problems or network is None:
        raise FormatError(problems)
    names = values["class_names"]
    classes = None if names is None else tuple(names)
    return Record(network, values["weights_sha256"], preprocessing, classes, values["training"])


def class_name_problems(names: Any, where: str) -> list[Problem]:
    """What is wrong with class names; any characters may be in them, whoever shows them must be careful."""
    listed = list(names) if isinstance(names, Sequence) and not isinstance(names, str) else names
    return _class_problems(listed, where)


def _check_version(values: Any, where: str) -> None:
    """Only the version this Striate knows."""
    version = values.get("format_version") if isinstance(values, dict) else None
    if type(version) is not int or version < 1:
        refuse(f"{where}, record", f"the format version is {printable(version)}", f"{FORMAT_VERSION}")
    if version > FORMAT_VERSION:
        happened = f"the format version is {version}, newer than this Striate"
        raise FormatError(
            Problem(f"{where}, record", happened, f"at most {FORMAT_VERSION}", "Install a newer Striate.")
        )


def _architecture(values: dict[str, Any], where: str, problems: list[Problem]) -> Network | None:
    """The network, whose text must be the one that was hashed."""
    architecture = values["architecture"]
    if _sha256(architecture) != values["architecture_sha256"]:
        happened = "it is not the text whose SHA-256 the file holds"
        problems.append(
            Problem(f"{where}, architecture", happened, "the architecture as it was saved", _CURE)
        )
        return None
    try:
        return from_json(canonical_json(architecture))
    except StriateError as error:
        problems += [replace(p, where=f"{where}, architecture, {p.where}") for p in error.problems]
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


def _digest_problems(digest: Any, where: str) -> list[Problem]:
    """64 hexadecimal digits."""
    good = isinstance(digest, str) and len(digest) == 64 and set(digest) <= set("0123456789abcdef")
    return [] if good else [_wrong(f"{where}, weights_sha256", digest, "64 hexadecimal digits")]


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
    return Problem(where, f"found {printable(value)}", expected, _CURE)


def _sha256(architecture: Any) -> str:
    """The SHA-256 of the canonical text of an architecture, in hexadecimal digits."""
    return hashlib.sha256(canonical_json(architecture).encode("utf-8")).hexdigest()

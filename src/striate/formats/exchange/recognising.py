"""Which convention the names of a file follow, and what all of them have in front."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from striate.errors import ArgumentError, FormatError, Problem
from striate.formats._entry_rules import printable
from striate.formats.exchange import keras_names, torch_names
from striate.formats.exchange.keras_names import KERAS, STRIATE
from striate.formats.exchange.keras_store import KERAS3, STORED
from striate.formats.exchange.slots import Convention
from striate.formats.exchange.torch_names import TORCH

CONVENTIONS: Mapping[str, Convention] = {each.name: each for each in (STRIATE, TORCH, KERAS, KERAS3)}
"""Every convention by its name."""

_KERAS_KINDS = ("keras-h5", "keras-zip", "tfjs")


def get_convention(name: str) -> Convention:
    """The convention of a name.

    Raises:
        ArgumentError: there is none.
    """
    if name not in CONVENTIONS:
        happened, expected = f"there is no convention {name!r}", "one of " + ", ".join(CONVENTIONS)
        raise ArgumentError(Problem("convention", happened, expected, "Choose one of these."))
    return CONVENTIONS[name]


def recognise(names: Collection[str], kind: str = "", where: str = "weights") -> Convention:
    """The convention that names follow.

    Args:
        names: of the tensors. kind: of the file, as `read_tensors` tells it. where: what an error calls them.

    Raises:
        FormatError: they follow none that is known here.

    >>> recognise(["conv1.weight", "conv1.bias"]).name, recognise(["conv1/kernel", "conv1/bias"]).name
    ('torch', 'striate')
    """
    votes = {
        "keras3": sum(bool(STORED.fullmatch(name)) for name in names),
        "torch": sum(_ending(name, ".") in torch_names.WEIGHT_ENDINGS for name in names),
        "keras": sum(_is_keras(name) for name in names),
    }
    best = max(votes, key=lambda name: votes[name])
    if not votes[best]:
        raise FormatError(_nothing_known(names, where))
    if best == "keras" and kind not in _KERAS_KINDS and not any(":" in name for name in names):
        return STRIATE
    return CONVENTIONS[best]


def common_prefix(names: Collection[str], wanted: Collection[str], separator: str) -> tuple[str, str]:
    """What to take off every name, and what to put in front of every name, so that they meet the wanted ones.

    Args:
        names: in the file. wanted: of the slots. separator: "." or "/".

    >>> common_prefix(["module.conv1.weight", "module.fc.bias"], ["conv1.weight", "fc.bias"], ".")
    ('module.', '')
    >>> common_prefix(["0.weight", "3.weight"], ["features.0.weight", "features.3.weight"], ".")
    ('', 'features.')
    """
    if not names or set(names) & set(wanted):
        return "", ""
    off = ""
    while head := _shared_head([name[len(off) :] for name in names], separator):
        off += head
        if any(name[len(off) :] in wanted for name in names):
            return off, ""
    on = _shared_head(wanted, separator)
    if on and any(on + name in wanted for name in names):
        return "", on
    return "", ""


def _shared_head(names: Collection[str], separator: str) -> str:
    """The first part of all names with its separator, "" if they differ or one would be left empty."""
    heads = {name.partition(separator)[0] for name in names}
    if len(heads) != 1 or any(separator not in name for name in names):
        return ""
    return heads.pop() + separator


def _ending(name: str, separator: str) -> str:
    return name.rpartition(separator)[2] if separator in name else ""


def _is_keras(name: str) -> bool:
    """A name that ends as Keras' do, as it is or once it is made plain."""
    plain = KERAS.plain(name)
    return plain is not None and _ending(plain, "/") in keras_names.WEIGHT_ENDINGS


def _nothing_known(names: Collection[str], where: str) -> Problem:
    some = ", ".join(printable(name) for name in list(names)[:3]) or "none"
    happened = f"its names follow no convention that is known here: {some}{', ...' if len(names) > 3 else ''}"
    expected = "names such as conv1.weight (PyTorch), conv1/kernel (Keras) or layers/conv2d/vars/0 (Keras 3)"
    cure = "Name the convention yourself, rename the tensors, or match them by order."
    return Problem(where, happened, expected, cure)

"""Small steps between the stages: leaving pictures out, joining look-alikes, refusing empty parts."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import defaultdict
from collections.abc import Collection
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from striate.datasets._home import write_whole
from striate.datasets.folders.duplicates import group
from striate.datasets.folders.layout import PARTS, TEST, TRAIN, VALIDATION, Listing
from striate.datasets.folders.rows import Rows
from striate.datasets.folders.store import GROUPS
from striate.datasets.folders.walking import shown
from striate.errors import DataError, Problem

AT_ONCE = 256


def without(listing: Listing, files: Collection[str]) -> Listing:
    """The listing without some files."""
    if not files:
        return listing
    kept = [index for index, name in enumerate(listing.files) if name not in files]
    return dataclasses.replace(
        listing,
        files=tuple(listing.files[index] for index in kept),
        answers=tuple(listing.answers[index] for index in kept),
        given=tuple(listing.given[index] for index in kept),
    )


def look_alikes(sha256: np.ndarray, looks: np.ndarray, pixels: Rows, folder: Path) -> np.ndarray:
    """(N,) for each picture the smallest index of those that are its copies or look like it.

    What was found for the same pictures is kept in `folder`: it can take a minute for 100,000 digits.
    """
    key = hashlib.sha256(b"groups 1" + sha256.tobytes()).hexdigest()[:32]
    place = folder / f"{GROUPS}{key}.npy"
    found = _recalled(place, len(sha256))
    if found is None:
        found = _found(sha256, looks, pixels)
        write_whole(place, partial(np.save, arr=found, allow_pickle=False))
    return found


def _recalled(place: Path, count: int) -> np.ndarray | None:
    """The groups that were kept, or None when there are none that make sense."""
    try:
        groups = np.load(place, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    fine = groups.shape == (count,) and groups.dtype == np.int64
    return groups if fine and (groups >= 0).all() and (groups <= np.arange(count)).all() else None


def _found(sha256: np.ndarray, looks: np.ndarray, pixels: Rows) -> np.ndarray:
    """The groups, looked for; (N, 32) uint8."""
    unique: dict[bytes, int] = {}
    which = np.array([unique.setdefault(row.tobytes(), len(unique)) for row in sha256], np.int64)
    first = np.zeros(len(unique), np.int64)
    first[which[::-1]] = np.arange(len(sha256))[::-1]
    groups = group(looks[first], lambda rows, side: _miniatures(pixels.take(first[rows]), side))
    return first[groups[which]]


def members(groups: np.ndarray) -> tuple[tuple[int, ...], ...]:
    """The groups of more than one, each sorted, by their first."""
    found: defaultdict[int, list[int]] = defaultdict(list)
    for index, first in enumerate(groups.tolist()):
        found[first].append(index)
    return tuple(tuple(each) for _, each in sorted(found.items()) if len(each) > 1)


def check_parts(root: Path, parts: np.ndarray, validation: float, test: float) -> None:
    """Refuse a split that leaves a part empty that was asked for.

    Raises:
        DataError: it does.
    """
    asked = [TRAIN, *([VALIDATION] if validation > 0 else []), *([TEST] if test > 0 else [])]
    empty = [PARTS[part] for part in asked if not (parts == part).any()]
    if empty:
        happened = f"its {len(parts):,} pictures leave none for: {', '.join(empty)}"
        cure = "Add pictures: three of a class, that are no copies of each other, can be split."
        raise DataError(Problem(shown(root), happened, "pictures for each part", cure))


def _miniatures(pixels: Rows, side: int) -> np.ndarray:
    """(n, side, side, C) uint8, a few at a time."""
    out = np.empty((len(pixels), side, side, pixels.shape[-1]), np.uint8)
    for start in range(0, len(pixels), AT_ONCE):
        for index, each in enumerate(pixels[start : start + AT_ONCE], start):
            picture = Image.fromarray(each[:, :, 0] if each.shape[2] == 1 else each)
            small = np.asarray(picture.resize((side, side), Image.Resampling.BOX))
            out[index] = small[:, :, None] if small.ndim == 2 else small
    return out

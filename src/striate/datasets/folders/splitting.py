"""Who trains, who watches, who tests: class by class, whole groups of look-alikes, and the same tomorrow."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from striate.datasets.folders.layout import TEST, TRAIN, UNKNOWN, VALIDATION

LEAST = 3
"""A class with fewer groups than this stays with the training pictures: it has nothing to give away."""


def ranks(sha256: np.ndarray, seed: int) -> np.ndarray:
    """(N,) uint64: an order that only the seed and the files' contents decide, whatever the files are called.

    Args:
        sha256: (N, 32) uint8. seed: another one gives another order.
    """
    salt = f"striate split {seed} ".encode()
    digests = (hashlib.sha256(salt + row.tobytes()).digest()[:8] for row in sha256)
    return np.frombuffer(b"".join(digests), np.dtype(">u8")).astype(np.uint64)


def deal(
    strata: np.ndarray,
    groups: np.ndarray,
    order: np.ndarray,
    given: np.ndarray,
    validation: float,
    test: float,
) -> np.ndarray:
    """The part of each picture.

    Parts that the folder brings are kept. A part it lacks is dealt from its training pictures, or from all
    when it brings none: within each stratum, groups in the order of their rank go to the test part until it
    has its share, then to the validation part; what is left trains. A group is never cut.

    Args:
        strata: (N,) numbers; each is to be spread alike. groups: (N,) numbers of the groups.
        order: (N,) ranks. given: (N,) TRAIN, VALIDATION, TEST or UNKNOWN.
        validation: the share of the pictures dealt from. test: likewise.

    Returns:
        (N,) uint8.
    """
    parts = np.where(given == UNKNOWN, TRAIN, given).astype(np.uint8)
    shares = [
        (part, share)
        for part, share in ((TEST, test), (VALIDATION, validation))
        if share > 0 and not (given == part).any()
    ]
    for stratum in _strata(strata, groups, order, parts == TRAIN):
        for part, group in _dealt(stratum, shares):
            parts[group] = part
    return parts


def _strata(
    strata: np.ndarray, groups: np.ndarray, order: np.ndarray, pool: np.ndarray
) -> list[list[list[int]]]:
    """For each stratum its groups of rows, the lowest rank first; a group belongs where its first is."""
    members: defaultdict[int, list[int]] = defaultdict(list)
    rows = np.flatnonzero(pool)
    for row in rows[np.lexsort((rows, order[rows]))].tolist():
        members[int(groups[row])].append(row)
    by_stratum: defaultdict[int, list[list[int]]] = defaultdict(list)
    for group in members.values():
        by_stratum[int(strata[group[0]])].append(group)
    return [by_stratum[stratum] for stratum in sorted(by_stratum)]


def _dealt(groups: list[list[int]], shares: Sequence[tuple[int, float]]) -> list[tuple[int, list[int]]]:
    """Which group goes to which part; the rest, one at least, stays with the training pictures."""
    if len(groups) < LEAST:
        return []
    total, left = sum(map(len, groups)), groups
    dealt: list[tuple[int, list[int]]] = []
    for place, (part, share) in enumerate(shares):
        kept = len(shares) - place  # a group for each part that comes after, and one to train
        chosen = _filled(left, max(1, round(total * share)), len(left) - kept)
        dealt += [(part, left[index]) for index in chosen]
        left = [group for index, group in enumerate(left) if index not in chosen]
    return dealt


def _filled(groups: list[list[int]], wanted: int, most: int) -> set[int]:
    """The first groups that make up `wanted` pictures, give or take half a group: 1 to `most` groups."""
    chosen: set[int] = set()
    taken = 0
    for index, group in enumerate(groups):
        if taken + len(group) / 2 <= wanted and len(chosen) < most:
            chosen.add(index)
            taken += len(group)
    return chosen or {min(range(len(groups)), key=lambda index: len(groups[index]))}

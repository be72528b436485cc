"""What is said about a folder: broken pictures, copies in the wrong places, small classes, the split."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from striate.datasets.folders.labels import Targets, class_counts
from striate.datasets.folders.layout import PARTS, TEST, TRAIN, UNKNOWN, VALIDATION, Listing, some
from striate.datasets.folders.walking import Broken, shown
from striate.errors import DataError, Problem

LISTED = 20


class BrokenPictures(DataError):
    """Pictures that cannot be used; `.broken` has all of them, the message the first LISTED."""

    def __init__(self, root: Path, broken: Sequence[Broken], total: int) -> None:
        """Args: broken: the pictures, in order. total: how many were looked at."""
        self.broken = tuple(broken)
        happened = f"{len(broken):,} of {total:,} pictures cannot be used"
        cure = "Mend or remove them, or leave them out with --skip-broken (in Python skip_broken=True):"
        lines = [f"{shown(each.file)}: {each.reason}" for each in broken[:LISTED]]
        more = [f"and {len(broken) - LISTED:,} more"] if len(broken) > LISTED else []
        listed = "\n  ".join([cure, *lines, *more])
        super().__init__(Problem(shown(root), happened, "pictures that can be read", listed))


def split_sentence(given: np.ndarray, parts: np.ndarray, seed: int) -> str:
    """How many pictures each part has and where it came from."""
    counts = [int((parts == part).sum()) for part in range(len(PARTS))]
    said = (
        f"{counts[TRAIN]:,} pictures to train, {counts[VALIDATION]:,} to validate, {counts[TEST]:,} to test"
    )
    brought = [PARTS[part] for part in (TRAIN, VALIDATION, TEST) if (given == part).any()]
    drawn = [PARTS[part] for part in (VALIDATION, TEST) if counts[part] and not (given == part).any()]
    if not drawn:
        return f"{said}: as given." if brought else f"{said}."
    source = "the training pictures" if brought else "all"
    how = f"{' and '.join(drawn)} drawn from {source}, class by class, look-alikes together, with seed {seed}"
    return f"{said}; {', '.join(brought)} as given, {how}." if brought else f"{said}; {how}."


def lost_notes(root: Path, listing: Listing, good: Listing) -> list[Problem]:
    """Classes all of whose pictures were skipped."""
    if listing.columns:
        return []
    lost = sorted(set(listing.answers) - set(good.answers))
    if not lost:
        return []
    happened = f"no picture of {some(lost)} can be read"
    cure = "The network will not know them; mend their pictures."
    return [Problem(shown(root), happened, "pictures of every class", cure, "warning")]


def duplicate_notes(
    root: Path,
    files: Sequence[str],
    groups: Sequence[Sequence[int]],
    targets: Targets,
    given: np.ndarray,
    parts: np.ndarray,
) -> list[Problem]:
    """Look-alikes with different labels, on two sides of a given split, or several times in the test."""
    torn = [each for each in groups if _differ(targets.values[list(each)])] if targets.class_names else []
    across = [each for each in groups if len(set(given[list(each)].tolist()) - {UNKNOWN}) > 1]
    tested = [each for each in groups if (parts[list(each)] == TEST).sum() > 1]
    return [
        Problem(
            shown(root), f"{happened} ({len(found):,}): {_pairs(files, found)}", expected, cure, "warning"
        )
        for found, happened, expected, cure in (
            (
                torn,
                "look-alikes have different labels",
                "the same label for the same picture",
                "Look at them: a label may be wrong.",
            ),
            (
                across,
                "look-alikes lie on two sides of the given split",
                "no picture on two sides",
                "Move each to one side, or the test flatters the network.",
            ),
            (
                tested,
                "look-alikes lie in the test part together",
                "each test picture once",
                "They count several times: count them as one where an interval is drawn.",
            ),
        )
        if found
    ]


def _differ(values: np.ndarray) -> bool:
    """Whether the rows are not all the same."""
    return bool((values != values[0]).any())


def tiny_notes(root: Path, targets: Targets, parts: np.ndarray) -> list[Problem]:
    """Classes that a part has no picture of, though it has others."""
    if not targets.class_names:
        return []
    notes = []
    for part in (TRAIN, VALIDATION, TEST):
        rows = np.flatnonzero(parts == part)
        lacking = [name for name, count in class_counts(targets, rows).items() if not count]
        if len(rows) and lacking:
            happened = f"the {PARTS[part]} part has no picture of {some(lacking)}"
            cure = "Add pictures of them." if part == TRAIN else "Add pictures, or don't trust their scores."
            notes.append(Problem(shown(root), happened, "pictures of every class", cure, "warning"))
    return notes


def _pairs(files: Sequence[str], groups: Sequence[Sequence[int]]) -> str:
    """The first two names of the first few groups."""
    return some([f"{files[each[0]]} = {files[each[1]]}" for each in groups])

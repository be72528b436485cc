"""What `image_folder` may be asked, checked all at once before a file is touched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np

from striate.datasets.folders.decoding import Progress
from striate.datasets.folders.labels import TargetKind
from striate.errors import ArgumentError, Problem
from striate.images._recipe_rules import Fit
from striate.images.preprocessing import Preprocessing

LEAST_MEMORY = 64 * 2**20
LARGEST_SIDE = 4096


@dataclass(frozen=True)
class Asked:
    """The arguments of `image_folder`, which explains them."""

    table: Path | None
    file_column: str | None
    label_column: str | Sequence[str] | None
    target: TargetKind | None
    size: int | tuple[int, int] | None
    fit: Fit | None
    channels: int | None
    preprocessing: Preprocessing | None
    seed: int
    skip_broken: bool
    validation: float
    test: float
    workers: int | None
    memory: int
    progress: Progress | None


def check_arguments(asked: Asked) -> None:
    """Refuse arguments that cannot be.

    Raises:
        ArgumentError: all that are wrong.
    """
    problems = [_share("validation", asked.validation), _share("test", asked.test), _both(asked)]
    problems += [_size(asked.size), _fit(asked.fit), _channels(asked.channels), _whole("seed", asked.seed, 0)]
    problems += [None if asked.workers is None else _whole("workers", asked.workers, 0)]
    problems += [_whole("memory", asked.memory, LEAST_MEMORY), _preprocessing(asked), _columns(asked)]
    found = [problem for problem in problems if problem is not None]
    if found:
        raise ArgumentError(found)


def _share(name: str, value: Any) -> Problem | None:
    """A share of the pictures."""
    if _is_number(value) and 0 <= value < 1:
        return None
    return Problem(name, f"found {value!r}", "a share from 0 up to, but not, 1", "Give for instance 0.1.")


def _both(asked: Asked) -> Problem | None:
    """Something must be left to train with."""
    shares = asked.validation, asked.test
    if all(_is_number(share) for share in shares) and sum(shares) >= 1 and max(shares) < 1:
        happened = f"{shares[0]!r} to validate and {shares[1]!r} to test leave nothing to train with"
        return Problem("validation, test", happened, "a sum below 1", "Give for instance 0.1 and 0.1.")
    return None


def _size(size: Any) -> Problem | None:
    """One side, (H, W), or None."""
    sides: Any = [size, size] if _is_whole(size) else size
    listed = isinstance(sides, list | tuple) and len(sides) == 2
    if size is None or (listed and all(_is_whole(side) and 1 <= side <= LARGEST_SIDE for side in sides)):
        return None
    expected = f"one side or (H, W) in pixels, each 1 to {LARGEST_SIDE:,}"
    return Problem("size", f"found {size!r}", expected, "Give for instance size=96.")


def _fit(fit: Any) -> Problem | None:
    """One of three words, or None."""
    if fit is None or (isinstance(fit, str) and fit in get_args(Fit)):
        return None
    return Problem("fit", f"found {fit!r}", "'crop', 'pad' or 'stretch'", "Choose one of the three.")


def _channels(channels: Any) -> Problem | None:
    """Grey, colour, or None."""
    if channels is None or (_is_whole(channels) and channels in (1, 3)):
        return None
    return Problem("channels", f"found {channels!r}", "1 or 3", "Use 1 for grey, 3 for colour.")


def _whole(name: str, value: Any, least: int) -> Problem | None:
    """A whole number that is large enough."""
    if _is_whole(value) and value >= least:
        return None
    cure = f"Give for instance {name}={max(least, 1):,}.".replace(",", "_")
    return Problem(name, f"found {value!r}", f"a whole number from {least:,}", cure)


def _preprocessing(asked: Asked) -> Problem | None:
    """A recipe that stands alone and has a size."""
    recipe = asked.preprocessing
    if recipe is None:
        return None
    doubled = [name for name in ("size", "fit", "channels") if getattr(asked, name) is not None]
    if doubled:
        happened = f"{', '.join(doubled)} was given too"
        return Problem("preprocessing", happened, "one of the two", "Leave one of them out.")
    if getattr(recipe, "size", None) is None:
        return Problem("preprocessing", "it has no size", "a Preprocessing with a size", "Give it a size.")
    return None


def _columns(asked: Asked) -> Problem | None:
    """Columns belong to a table."""
    named = [name for name in ("file_column", "label_column") if getattr(asked, name) is not None]
    if asked.table is not None or not named:
        return None
    return Problem(named[0], "there is no table", "a table that has the column", "Give table='labels.csv'.")


def _is_whole(value: Any) -> bool:
    """Whether it is an integer and not a truth value."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    """Whether it is a finite number and not a truth value."""
    return _is_whole(value) or (isinstance(value, float | np.floating) and bool(np.isfinite(value)))

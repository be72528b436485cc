"""What the fields of a `Preprocessing` may be, and how a field outside that is told."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np

from striate.errors import Problem

Fit = Literal["stretch", "crop", "pad"]
AnyFit = Literal["stretch", "crop", "pad", "centre", "centre-bicubic"]
"""What a model file may ask for; the last two are how networks are tested on ImageNet."""
MAX_SIDE = 16_384
"""The largest height or width, in pixels, that a picture is resized to."""


def field_problems(recipe: Any) -> list[Problem]:
    """Everything that is wrong with the fields of a `Preprocessing`."""
    problems = [_size(recipe.size), _channels(recipe.channels), _scale(recipe.scale), _fit(recipe.fit)]
    count = 1 if recipe.channels == 1 else 3
    problems += [_numbers("mean", recipe.mean, count, -math.inf), _numbers("std", recipe.std, count, 0.0)]
    return [problem for problem in problems if problem is not None]


def _size(size: Any) -> Problem | None:
    """(H, W), or None."""
    pair = isinstance(size, Sequence) and len(size) == 2 and all(_is_whole(side) for side in size)
    if size is None or (pair and all(1 <= side <= MAX_SIDE for side in size)):
        return None
    expected = f"(H, W) in pixels, each 1 to {MAX_SIDE}, or None"
    return Problem("size", f"found {size!r}", expected, "Give (H, W).")


def _channels(channels: Any) -> Problem | None:
    """Grey or colour."""
    if _is_whole(channels) and channels in (1, 3):
        return None
    return Problem("channels", f"found {channels!r}", "1 or 3", "Use 1 for grey, 3 for colour.")


def _scale(scale: Any) -> Problem | None:
    """A factor."""
    if _is_finite(scale) and scale > 0:
        return None
    return Problem("scale", f"found {scale!r}", "a number above 0", "Use 1/255 to bring pixels to 0..1.")


def _fit(fit: Any) -> Problem | None:
    """One of three words."""
    if isinstance(fit, str) and fit in get_args(AnyFit):
        return None
    return Problem(
        "fit", f"found {fit!r}", "one of " + ", ".join(map(repr, get_args(AnyFit))), "Choose one of them."
    )


def _numbers(name: str, value: Any, count: int, low: float) -> Problem | None:
    """One number, or one for each channel, above `low`."""
    listed = isinstance(value, Sequence) and not isinstance(value, str)
    values: list[Any] = list(value) if listed else [value] * count
    if value is None or (len(values) == count and all(_is_finite(v) and v > low for v in values)):
        return None
    many = f"one or {count}" if count > 1 else "one"
    expected = f"{many} {'above 0' if low == 0 else 'finite'}, or None"
    return Problem(name, f"found {value!r}", expected, "Give one number for each channel.")


def _is_whole(value: Any) -> bool:
    """Whether it is an integer and not a truth value."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _is_finite(value: Any) -> bool:
    """Whether it is a number, not a truth value, and finite also in float32."""
    number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    return bool(number and abs(value) <= 3.4e38)

"""What every published network takes beside its image and its classes."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

from striate.errors import ArgumentError, Problem
from striate.layers.initializers import VarianceScaling

HE = VarianceScaling(2.0, "fan_out", "untruncated_normal")
"""How kernels before a relu start (He et al., Delving deep into rectifiers, 2015), by torchvision's rule."""

TORCH_NORM: Mapping[str, Any] = {"momentum": 0.9, "epsilon": 1e-5}
"""PyTorch's batch norm; its momentum counts the other way round."""


class Options(TypedDict, total=False):
    """What every network takes.

    Args:
        include_top: False leaves the classes out and gives the last feature map.
        classifier_activation: of the classes; None gives logits.
        weights: None to draw them, a name or a path.
    """

    include_top: bool
    classifier_activation: str | None
    weights: str | Path | None


def check_options(where: str, kind: type, options: Mapping[str, Any]) -> None:
    """Refuse options that are not known, for a misspelt one would do nothing in silence.

    Args:
        where: the network's name. kind: the TypedDict of its options. options: what was given.

    Raises:
        ArgumentError: one Problem for each, with the nearest name.
    """
    known = ["input_shape", "classes", *kind.__annotations__]
    problems = []
    for name in options:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.7)
            cure = f"Did you mean {near[0]}?" if near else "Take it out."
            problems.append(
                Problem(where, f"it has no argument {name!r}", f"some of {', '.join(known)}", cure)
            )
    if problems:
        raise ArgumentError(problems)


def check_choice(where: str, value: object, *known: object) -> list[Problem]:
    """A Problem if the value is none of those known."""
    if value in known:
        return []
    return [Problem(where, f"got {value!r}", f"one of {', '.join(map(repr, known))}", "Choose one of them.")]

"""Whether pictures look like those that a model was trained on: their sizes, their light, their classes."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from striate.errors import Problem
from striate.tasks.material import Material, Portion

SAMPLE = 512
"""Pictures that are looked at."""
LARGER = 2.0
"""From this factor on, other sizes are worth a word."""
LEAST = 0.02
"""Colours of pictures that hardly vary are compared as if they varied so much."""
CHANNELS = {1: ("brightness",), 3: ("red", "green", "blue")}


def training_facts(material: Material) -> dict[str, Any]:
    """What a model file keeps of its training pictures, as plain JSON values.

    `gist` is what a baseline must know, `looks` what other pictures are compared with, `content` tells the
    folder when it comes again, and `seed` splits it as it was.
    """
    folder = material.folder
    return {
        "data": material.name,
        "pictures": len(material.train),
        "gist": material.answer.gist(material.train.y),
        "looks": looks(material.train, None if folder is None else folder.sizes),
        "content": "" if folder is None else content(folder.sha256),
        "seed": 0 if folder is None else folder.seed,
    }


def looks(portion: Portion, sizes: np.ndarray | None = None) -> dict[str, Any]:
    """How pictures look: the mean of each channel and the contrast, with their spread among the pictures.

    Args:
        portion: the pictures. sizes: (N, 2) before they were brought to one size, or None.
    """
    rows = np.unique(np.linspace(0, len(portion) - 1, min(SAMPLE, len(portion))).astype(int))
    pixels = portion.some(rows).astype(np.float32) / 255
    means, contrast = pixels.mean(axis=(1, 2)), pixels.std(axis=(1, 2)).mean(axis=1)
    middle = None if sizes is None else [float(each) for each in np.median(sizes, axis=0)]
    return {
        "size": middle,
        "mean": _rounded(means.mean(axis=0)),
        "mean_spread": _rounded(means.std(axis=0)),
        "contrast": _rounded([contrast.mean()])[0],
        "contrast_spread": _rounded([contrast.std()])[0],
    }


def content(sha256: np.ndarray) -> str:
    """One SHA-256 of all pictures of a folder, whatever they are called and wherever they lie."""
    return hashlib.sha256(b"".join(sorted(row.tobytes() for row in sha256))).hexdigest()


def unlike(where: str, here: Mapping[str, Any], there: Mapping[str, Any], count: int) -> list[Problem]:
    """Warnings of pictures that look unlike the training ones.

    A mean is unlike when it is off by more than one spread of the training pictures, and two standard errors.

    Args:
        where: what the pictures are called. here: their looks. there: those of the training pictures.
        count: how many pictures were looked at.
    """
    if not _is_looks(here) or not _is_looks(there) or len(here["mean"]) != len(there["mean"]):
        return []
    found = [*_sizes(here["size"], there["size"])]
    names = CHANNELS.get(len(here["mean"]), [f"channel {n}" for n in range(len(here["mean"]))])
    pairs = list(zip(names, here["mean"], there["mean"], there["mean_spread"], strict=True))
    pairs.append(("contrast", here["contrast"], there["contrast"], there["contrast_spread"]))
    allowed = 1 + 2 / math.sqrt(max(1, count))
    off = [
        f"{name} {100 * mine:.0f} % and not {100 * other:.0f} ± {100 * spread:.0f} %"
        for name, mine, other, spread in pairs
        if abs(mine - other) > allowed * max(spread, LEAST)
    ]
    if off:
        found.append(f"their colours are others: {', '.join(off)}")
    cure = "Don't trust the result before you have looked at some of them."
    return [Problem(where, each, "pictures like those of the training", cure, "warning") for each in found]


def _sizes(here: Sequence[float] | None, there: Sequence[float] | None) -> list[str]:
    """Whether the middle picture is much larger or smaller."""
    if here is None or there is None:
        return []
    ratio = math.sqrt(here[0] * here[1] / max(1.0, there[0] * there[1]))
    if 1 / LARGER < ratio < LARGER:
        return []
    sizes = " and not ".join(f"{height:.0f}x{width:.0f}" for height, width in (here, there))
    return [f"the middle one of them has {sizes} pixels"]


def _is_looks(values: Any) -> bool:
    """Whether a model file holds what `looks` wrote."""
    if not isinstance(values, Mapping):
        return False
    lists = [values.get(name) for name in ("mean", "mean_spread")]
    if not all(isinstance(each, list) and all(map(_is_number, each)) for each in lists):
        return False
    size = values.get("size")
    paired = size is None or (isinstance(size, list) and len(size) == 2 and all(map(_is_number, size)))
    whole = all(_is_number(values.get(name)) for name in ("contrast", "contrast_spread"))
    return paired and whole and len(values["mean"]) == len(values["mean_spread"])


def _is_number(value: Any) -> bool:
    """Whether it is a finite number."""
    return type(value) in (int, float) and math.isfinite(value)


def _rounded(values: Any) -> list[float]:
    """Four places are enough to compare with."""
    return [round(float(each), 4) for each in values]

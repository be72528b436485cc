"""Similar pictures as a person looks at them: the one that was asked about, and those nearest to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from striate.errors import StriateError
from striate.images import read_image
from striate.pages import Note, Panel, Shown, Table, contact_sheet
from striate.pages.shown import Part

SIDE = 160
"""Of a picture on the sheet, in pixels."""


@dataclass(frozen=True, eq=False)
class Similar(Shown):
    """The pictures nearest to one.

    Args:
        image: which was asked about. folder: where the others lie.
        found: (name, cosine) of each, the nearest first. count: how many there were to choose from.
    """

    image: str | Path | bytes
    folder: str
    found: tuple[tuple[str, float], ...]
    count: int

    @property
    def title(self) -> str:  # type: ignore[override]
        """What it shows."""
        name = "a picture" if isinstance(self.image, bytes) else Path(self.image).name
        return f"{len(self.found)} of {self.count:,} pictures nearest to {name}"

    def parts(self) -> Sequence[Part]:
        """The picture, those nearest to it, and their cosines as a table."""
        panels = [Panel("the picture", _drawn(self.image), "", smooth=True)]
        for place, (name, cosine) in enumerate(self.found, 1):
            pixels = _drawn(Path(self.folder, *name.split("/")))
            panels.append(Panel(f"{place}.  {cosine:.3f}", pixels, _short(name), smooth=True))
        rows = [(name, f"{cosine:.4f}") for name, cosine in self.found]
        words = "Near is what has a large cosine: 1 for the same direction of features, 0 for none in common."
        return [*panels, Table(("picture", "cosine"), rows), Note(words)]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        image = "-" if isinstance(self.image, bytes) else str(self.image)
        found = [{"file": name, "cosine": round(cosine, 6)} for name, cosine in self.found]
        return {"image": image, "folder": self.folder, "pictures": self.count, "similar": found}


def _drawn(image: str | Path | bytes) -> np.ndarray:
    """(SIDE, SIDE, 3) uint8; white where the picture is gone."""
    try:
        return contact_sheet([read_image(image)], SIDE)
    except StriateError:
        return np.full((SIDE, SIDE, 3), 255, np.uint8)


def _short(name: str, most: int = 24) -> str:
    """The end of a name."""
    return name if len(name) <= most else f"…{name[1 - most :]}"

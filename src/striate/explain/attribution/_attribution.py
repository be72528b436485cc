"""What a method of attribution gives: a signed map over every picture, and the words to read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import jax
import jax.numpy as jnp
import numpy as np

from striate.explain._reading import Reading
from striate.explain.attribution._aim import Aim
from striate.explain.attribution._badge import Badge, badge_table
from striate.pages import Note, Panel, Part, Shown, Table, diverging, heat, overlay

SHOWN = 8
"""So many pictures are drawn; the numbers of all are there."""

FULL = 99.5
"""Full colour stands at this percentile of the sizes, so that one bright pixel does not darken the rest."""


@dataclass(frozen=True, eq=False)
class Attribution(Shown):
    """What each part of each picture did for one score.

    Args:
        method: the name, as in `METHODS`.
        values: (N, H, W, C) for methods that tell channels apart, (N, h, w) for those that do not; h and w
            are those of the layer for maps of a layer.
        aim: which score of each picture. reading: the model with the pictures in it.
        about: how it was computed, in words. layer: the layer whose map this is, or None.
        warning: what speaks against it, or nothing. signed: False where no value is negative.
        facts: numbers for the checks, such as what biases absorbed, {name: (N,)}.
        badges: of the checks that were made.
    """

    method: str
    values: np.ndarray
    aim: Aim
    reading: Reading
    about: str
    layer: str | None = None
    warning: str = ""
    signed: bool = True
    facts: Mapping[str, np.ndarray] = field(default_factory=dict)
    badges: tuple[Badge, ...] = ()

    @property
    def title(self) -> str:  # type: ignore[override]
        """The method and the classes."""
        names = list(dict.fromkeys(self.aim.names))
        shown = ", ".join(names[:4]) + (", …" if len(names) > 4 else "")
        return f"{self.method}: why {shown}"

    @cached_property
    def maps(self) -> np.ndarray:
        """(N, H, W) one number a pixel: channels added up, maps of a layer enlarged to the picture's size."""
        values = self.values.sum(-1) if self.values.ndim == 4 else self.values
        return enlarged(values, self.reading.x.shape[1:3])

    def with_badges(self, badges: Sequence[Badge]) -> Attribution:
        """The same attribution with the badges of its checks."""
        return replace(self, badges=tuple(badges))

    def colours(self, index: int) -> np.ndarray:
        """(H, W, 3) uint8: the map of one picture; blue speaks against the class, red for it."""
        numbers = self.maps[index]
        limit = float(np.percentile(np.abs(numbers), FULL)) or None
        return diverging(numbers, limit) if self.signed else heat(numbers, 0.0, limit)

    def panels(self, index: int) -> tuple[Panel, Panel, Panel]:
        """One picture, its map, and the map over the picture."""
        picture, colours = picture_of(self.reading, index), self.colours(index)
        smooth = min(picture.shape[:2]) > 64
        where = f" at {self.layer}" if self.layer else ""
        return (
            Panel("picture", picture, self.aim.words(index), smooth),
            Panel(f"{self.method}{where}", colours, _range(self.maps[index]), smooth),
            Panel("over the picture", overlay(picture, colours), "", smooth),
        )

    def parts(self) -> list[Part]:
        """Pictures with their maps, how they were made, and the badges."""
        count = len(self.values)
        parts: list[Part] = [Note(self.about)]
        parts += [Note(f"Beware: {self.warning}")] if self.warning else []
        for index in range(min(count, SHOWN)):
            parts += [*self.panels(index), Note("")]
        if count > SHOWN:
            parts.append(Note(f"The first {SHOWN} of {count} pictures."))
        return [*parts, self.table(), *badge_table(self.badges)]

    def table(self) -> Table:
        """For each picture its class, the sum of its map and where the map is strongest."""
        head = ("picture", "class", "score", "sum of the map", "strongest at (row, column)")
        rows = []
        for index, numbers in enumerate(self.maps[: 4 * SHOWN]):
            row, column = np.unravel_index(np.abs(numbers).argmax(), numbers.shape)
            told = f"{self.values[index].sum():.4g}"
            words = (self.aim.words(index), f"{self.aim.scores[index]:.4g}", told, f"({row}, {column})")
            rows.append((index, *words))
        return Table(head, rows)


def picture_of(reading: Reading, index: int) -> np.ndarray:
    """(H, W, 3) uint8: a picture for showing; channels that are neither grey nor colour are averaged."""
    if reading.given.shape[-1] in (1, 3):
        return reading.picture(index)
    middle = reading.given.mean(-1, keepdims=True)
    return replace(reading, given=middle).picture(index)


def enlarged(values: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
    """(N, h, w) as (N, H, W), bilinear; equal sizes stay as they are."""
    if tuple(values.shape[1:]) == tuple(sizes):
        return np.asarray(values)
    shape = (len(values), *sizes)
    return np.asarray(jax.image.resize(jnp.asarray(values), shape, "bilinear"))


def _range(numbers: np.ndarray) -> str:
    return f"from {numbers.min():.3g} to {numbers.max():.3g}"

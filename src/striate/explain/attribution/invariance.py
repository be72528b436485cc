"""Is the network really invariant? Its answers while pictures are shifted, turned, or lit differently."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax.numpy as jnp
import numpy as np

from striate.errors import ArgumentError, Problem
from striate.explain._reading import Reading, read
from striate.explain.attribution._aim import aim_at, probabilities, scores_of
from striate.explain.attribution._arguments import need_choice
from striate.explain.attribution._attribution import SHOWN, picture_of
from striate.explain.attribution._baselines import need_pictures
from striate.explain.attribution._chart import Curve, chart
from striate.explain.attribution._intervals import Mean, mean_interval, share_interval
from striate.explain.attribution._limits import pixel_limits
from striate.images import moving
from striate.models import Model
from striate.pages import Note, Panel, Part, Shown, Table

CHANGES = {
    "shift-right": ("pixels to the right", 0.0),
    "shift-down": ("pixels down", 0.0),
    "rotation": ("degrees counterclockwise", 0.0),
    "scale": ("times the size", 1.0),
    "brightness": ("times the light", 1.0),
    "contrast": ("times the contrast", 1.0),
}
"""{change: (its unit, the value that changes nothing)}."""

STAYS = 0.9
"""An answer counts as invariant where it stays for so many of the pictures."""


@dataclass(frozen=True, eq=False)
class SensitivityCurve(Shown):
    """How answers and their probabilities change with one property of the pictures.

    Args:
        change: a name of CHANGES. values: (V,) how much.
        stays: for each, the share of pictures whose answer is still that of the unchanged picture.
        shares: the mean probability of that answer, or its score where `probable` is False.
        right: the accuracy, or None without labels.
        pictures: how many. examples: (V, H, W, 3) the first picture, changed.
    """

    change: str
    values: np.ndarray
    stays: tuple[Mean, ...]
    shares: tuple[Mean, ...]
    right: tuple[Mean, ...] | None
    pictures: int
    examples: tuple[np.ndarray, ...]
    probable: bool

    @property
    def title(self) -> str:  # type: ignore[override]
        """The change."""
        return f"sensitivity to {self.change}"

    @property
    def invariant(self) -> tuple[float, float]:
        """The range around no change in which the answer stays for STAYS of the pictures."""
        still = CHANGES[self.change][1]
        middle = int(np.abs(self.values - still).argmin())
        ends = []
        for step in (-1, 1):
            place = middle
            while 0 <= place + step < len(self.values) and self.stays[place + step].mean >= STAYS:
                place += step
            ends.append(float(self.values[place]))
        return ends[0], ends[1]

    def parts(self) -> list[Part]:
        """The curve, the range, some of the pictures, and the numbers."""
        unit, (low, high) = CHANGES[self.change][0], self.invariant
        words = (
            f"The answer stays for at least {100 * STAYS:.0f} % of {self.pictures} pictures from {low:g} to "
            f"{high:g} {unit}, of {self.values[0]:g} to {self.values[-1]:g} that were tried."
        )
        picks = np.unique(np.linspace(0, len(self.values) - 1, min(SHOWN - 1, len(self.values))).astype(int))
        shown = [Panel(f"{self.values[n]:g}", self.examples[n], unit) for n in picks]
        drawn = chart(unit, self.values, self._curves())
        return [
            Note(words),
            Panel("answers", drawn, "bands: 95 % intervals", True),
            Note(""),
            *shown,
            self.table(),
        ]

    def table(self) -> Table:
        """A row for each value."""
        head = [CHANGES[self.change][0], "answer stays", "95 % interval", self._noun()]
        head += ["accuracy"] if self.right else []
        rows = []
        for n, value in enumerate(self.values):
            stays, share = self.stays[n], self.shares[n]
            row = [
                f"{value:g}",
                f"{100 * stays.mean:.0f} %",
                f"{stays.low:.2f} … {stays.high:.2f}",
                f"{share.mean:.3g}",
            ]
            rows.append([*row, *([f"{100 * self.right[n].mean:.0f} %"] if self.right else [])])
        return Table(head, rows)

    def _noun(self) -> str:
        return "probability of that answer" if self.probable else "score of that answer"

    def _curves(self) -> list[Curve]:
        told = [("answer stays", self.stays), ("accuracy", self.right)]
        told += [(self._noun(), self.shares)] if self.probable else []
        return [
            Curve(name, *(np.array(n) for n in zip(*means, strict=True))) for name, means in told if means
        ]


def sensitivity_curve(
    model: Model, x: Any, y: Any = None, *, change: str = "shift-right", values: Sequence[float] | None = None
) -> SensitivityCurve:
    """Change pictures step by step and watch the answers.

    Args:
        model: the model. x: (N, H, W, C) pictures. y: (N,) their classes, for the accuracy, or None.
        change: a name of CHANGES. Shifts, rotation and scale let pictures go on mirrored at their edges;
            brightness multiplies pixels, contrast their distance from the mean, both within the limits.
        values: how much; a usual range unless given.

    Raises:
        ArgumentError: an unknown change, or fewer than two values.

    Goodfellow, Lee, Le, Saxe and Ng, Measuring invariances in deep networks, 2009; Azulay and Weiss, Why do
    deep convolutional networks generalize so poorly to small image transformations?, 2019.
    """
    need_choice("change", change, CHANGES)
    reading = read(model, x)
    need_pictures(reading, "sensitivity_curve")
    amounts = _amounts(change, values, (reading.x.shape[1], reading.x.shape[2]))
    limits, aim = pixel_limits(model, reading), aim_at(reading)
    rows, name = np.arange(len(reading.x)), reading.network.inputs[0].name
    told = _limited(reading)
    stays, shares, right, examples = [], [], [], []
    for amount in amounts:
        moved = _moved(reading.x, change, float(amount), limits)
        changed = replace(reading, inputs={**reading.inputs, name: moved})
        scores = np.asarray(scores_of(changed))
        known = probabilities(scores, reading.network)
        table = scores if known is None else known
        answers = aim_at(changed).classes
        stays.append(share_interval(int((answers == aim.classes).sum()), len(rows)))
        shares.append(mean_interval(table[rows, aim.classes] if table.shape[1] > 1 else table[:, 0]))
        if y is not None:
            right.append(share_interval(int((answers == np.asarray(y).reshape(-1)).sum()), len(rows)))
        examples.append(told(np.asarray(moved[:1])))
    return SensitivityCurve(
        change,
        amounts,
        tuple(stays),
        tuple(shares),
        tuple(right) if y is not None else None,
        len(rows),
        tuple(examples),
        aim.probabilities is not None,
    )


def _limited(reading: Reading) -> Any:
    """A picture of the network's own scale as colours, black and white being those of the first picture."""
    first = np.asarray(reading.x[:1])
    low, high = float(first.min()), float(first.max())

    def shown(x: np.ndarray) -> np.ndarray:
        clipped = np.clip((x - low) / max(high - low, 1e-6), 0, 1)
        whole = np.rint(255 * clipped).astype(np.uint8)
        return picture_of(replace(reading, given=whole), 0)

    return shown


def _amounts(change: str, values: Sequence[float] | None, extent: tuple[int, int]) -> np.ndarray:
    """The values to try, in order."""
    if values is not None:
        numbers = np.unique(np.asarray(values, float))
        if len(numbers) < 2 or not np.isfinite(numbers).all():
            cure = "Write for instance values=range(-4, 5), or leave it out."
            raise ArgumentError(Problem("values", f"got {values!r}", "at least two different numbers", cure))
        return numbers
    if change.startswith("shift"):
        most = max(1, extent[change == "shift-right"] // 4)
        return np.unique(np.linspace(-most, most, min(2 * most + 1, 17)).round())
    if change == "rotation":
        return np.linspace(-90, 90, 25)
    return np.geomspace(0.25, 4, 17) if change != "scale" else np.geomspace(0.5, 2, 17)


def _moved(x: Any, change: str, amount: float, limits: tuple[np.ndarray, np.ndarray]) -> Any:
    """The pictures changed, in the network's own scale."""
    count = len(x)
    if change in ("brightness", "contrast"):
        low, high = (jnp.asarray(one)[None, None, None] for one in limits)
        middle = low if change == "brightness" else x.mean((1, 2), keepdims=True)
        return jnp.clip(middle + amount * (x - middle), low, high)
    angle = np.deg2rad(amount) if change == "rotation" else 0.0
    factor = amount if change == "scale" else 1.0
    offset = [amount * (change == "shift-down"), amount * (change == "shift-right")]
    given = (jnp.full(count, angle, jnp.float32), jnp.full((count, 2), factor, jnp.float32))
    return moving.resample(x, *given, jnp.tile(jnp.array([offset], jnp.float32), (count, 1)))

"""Checks of a method of attribution, made on the person's own model and pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from striate.errors import ArgumentError, Problem
from striate.explain._reading import read
from striate.explain.attribution._aim import Target
from striate.explain.attribution._attribution import Attribution
from striate.explain.attribution._badge import VERDICTS, Badge, badge_table
from striate.explain.attribution._chart import Curve, chart
from striate.explain.attribution.methods import Method, method_named
from striate.explain.checking._asked import Asked, Measured
from striate.explain.checking.deleting import deletion, insertion
from striate.explain.checking.perturbing import greatest_sensitivity, infidelity
from striate.explain.checking.randomising import (
    cascading_randomisation,
    cascading_sizes,
    label_randomisation,
)
from striate.explain.checking.summing import completeness, conservation, pixel_share
from striate.models import Model
from striate.pages import Note, Panel, Part, Shown

CHECKS: Mapping[str, Callable[[Asked], Measured]] = MappingProxyType(
    {
        "cascading-randomisation": cascading_randomisation,
        "cascading-sizes": cascading_sizes,
        "label-randomisation": label_randomisation,
        "deletion": deletion,
        "insertion": insertion,
        "completeness": completeness,
        "conservation": conservation,
        "pixel-share": pixel_share,
        "infidelity": infidelity,
        "greatest-sensitivity": greatest_sensitivity,
    }
)
"""Every check by its name."""

_SUMS = {"completeness": "difference", "conservation": "score", "pixel-share": "score"}


@dataclass(frozen=True, eq=False)
class CheckReport(Shown):
    """What the checks of one method found on one model.

    Args:
        attribution: the method's maps of the pictures, with the badges. measured: each check's numbers.
        left_out: {check: why it was not made}.
    """

    attribution: Attribution
    measured: tuple[Measured, ...]
    left_out: Mapping[str, str]

    @property
    def badges(self) -> tuple[Badge, ...]:
        """One for each check that was made."""
        return self.attribution.badges

    @property
    def holds(self) -> bool:
        """Whether no check failed."""
        return all(badge.holds is not False for badge in self.badges)

    @property
    def title(self) -> str:  # type: ignore[override]
        """The method and how many checks hold."""
        held = sum(badge.holds is True for badge in self.badges)
        judged = sum(badge.holds is not None for badge in self.badges)
        return f"{self.attribution.method}: {held} of {judged} checks hold"

    def parts(self) -> list[Part]:
        """Badges, curves, what was left out, and the first pictures."""
        parts: list[Part] = list(badge_table(self.badges))
        for one in self.measured:
            if one.places is not None:
                drawn = chart(one.axis, one.places, [Curve(name, y) for name, y in one.curves.items()])
                parts.append(Panel(one.check, drawn, one.measures, True))
        parts += [Note(f"{one.check}: {one.note}") for one in self.measured if one.note]
        parts += [Note(f"{name}: {why}") for name, why in self.left_out.items()]
        for index in range(min(3, len(self.attribution.values))):
            parts += [*self.attribution.panels(index), Note("")]
        return parts

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        badges = [{**badge.to_json(), "verdict": VERDICTS[badge.holds]} for badge in self.badges]
        return {"method": self.attribution.method, "badges": badges, "left_out": dict(self.left_out)}


def check(
    model: Model,
    method: str | Method,
    x: Any,
    target: Target = None,
    *,
    checks: Sequence[str] | None = None,
    training: tuple[Any, Any] | None = None,
    seed: int = 0,
    **options: Any,
) -> CheckReport:
    """Check a method of attribution on a model.

    Args:
        model: the model. method: a name of `METHODS`. x: (N, H, W, C) pictures; 8 or more give useful
            intervals. target: the classes, the top ones unless given.
        checks: names of CHECKS; all that apply unless given.
        training: (x, y) that a twin is trained on with shuffled labels, for "label-randomisation".
        seed: draws weights, orders, squares. options: of the method.

    Returns:
        A `CheckReport`; `report.badges` are its lines, `report.attribution` carries them.

    Raises:
        ArgumentError: an unknown check or method. DataError, ShapeError: x does not fit.
    """
    chosen, reading = method_named(method), read(model, x)
    found = chosen(reading, target, **options)
    return check_attribution(model, found, chosen, options, checks, training, seed)


def check_attribution(
    model: Model,
    found: Attribution,
    method: Method,
    options: Mapping[str, Any],
    checks: Sequence[str] | None = None,
    training: tuple[Any, Any] | None = None,
    seed: int = 0,
) -> CheckReport:
    """Check what a method has found already."""
    names = _names(checks)
    asked = Asked(model, found.reading, method, dict(options), found, seed, training)
    left_out = {name: why for name in names if (why := _obstacle(name, method, found, training))}
    measured = tuple(CHECKS[name](asked) for name in names if name not in left_out)
    told = (
        left_out if checks is not None else {k: v for k, v in left_out.items() if k == "label-randomisation"}
    )
    return CheckReport(found.with_badges([one.badge() for one in measured]), measured, told)


def _names(checks: Sequence[str] | None) -> list[str]:
    names = list(CHECKS) if checks is None else [checks] if isinstance(checks, str) else list(checks)
    if unknown := [name for name in names if name not in CHECKS]:
        expected = f"one of {', '.join(CHECKS)}"
        cure = "Leave checks out to make all that apply."
        raise ArgumentError([Problem("checks", f"got {name!r}", expected, cure) for name in unknown])
    return names


def _obstacle(name: str, method: Method, found: Attribution, training: tuple[Any, Any] | None) -> str:
    """Why a check cannot be made, or nothing."""
    if name == "label-randomisation" and training is None:
        return "not made, for it needs pictures to train a twin on: training=(x, y)."
    if name == "cascading-sizes" and not found.signed:
        return "is the same as cascading-randomisation, for no value is negative."
    if name in _SUMS and method.sums != _SUMS[name]:
        return f"does not apply, for {method.name} promises no such sum."
    return ""

"""What a check of an explanation says, in a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from striate.pages import Table

VERDICTS = {True: "holds", False: "fails", None: "measured"}


@dataclass(frozen=True)
class Badge:
    """One check of one method on the person's own model.

    Args:
        check: its name. figure: the mean over the pictures, of what `measures` says.
        low, high: the 95 % interval of that mean.
        holds: whether the criterion is met; None where there is none.
        criterion: what decides, in words with its number. pictures: how many were measured.
    """

    check: str
    figure: float
    low: float
    high: float
    holds: bool | None
    criterion: str
    measures: str
    pictures: int

    def __str__(self) -> str:
        """The badge in one line."""
        interval = f"{self.figure:.3g} [{self.low:.3g}, {self.high:.3g}]"
        return f"{self.check} {VERDICTS[self.holds]}: {self.measures} {interval}; {self.criterion}"

    def to_json(self) -> dict[str, Any]:
        """The fields as plain JSON values."""
        return {**self.__dict__}


def badge_table(badges: Sequence[Badge]) -> list[Table]:
    """The badges as a table; nothing where there are none."""
    if not badges:
        return []
    head = ("check", "verdict", "measured", "mean", "95 % interval", "pictures", "criterion")
    return [Table(head, [badge_row(badge) for badge in badges], "Checked on this model")]


def badge_row(badge: Badge) -> tuple[object, ...]:
    """A badge's cells."""
    interval = f"{badge.low:.3g} … {badge.high:.3g}"
    words = (badge.check, VERDICTS[badge.holds], badge.measures)
    return (*words, f"{badge.figure:.3g}", interval, badge.pictures, badge.criterion)

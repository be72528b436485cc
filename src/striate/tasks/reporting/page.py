"""From everything known about a run to its page."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from striate.network import Network
from striate.pages.html import escape, page, paragraph, section, table
from striate.tasks.evaluation import Evaluation
from striate.tasks.material import Material
from striate.tasks.reporting import cells, each, figures
from striate.tasks.reporting.found import data_parts
from striate.tasks.reporting.mistakes import mistake_parts
from striate.tasks.reporting.network import network_parts
from striate.tasks.reporting.style import STYLE
from striate.tasks.reporting.thumbnails import Thumbnails, picture


@dataclass(frozen=True)
class Report:
    """Everything that the page shows.

    Args:
        title: such as "mnist-convnet on mnist". material: the pictures. network: the architecture.
        evaluation: of the test pictures.
        history: {"loss": [...], "val_loss": [...], …}, a value for each epoch (None where there was none).
        command: the words that made the run. seed: its seed.
        settings: {name: value} of the recipe. facts: {name: value} of speed, versions and hardware.
        augmented: a PNG of what the network saw while it trained, or nothing.
        note: why it ended early, or an empty text.
    """

    title: str
    material: Material
    network: Network
    evaluation: Evaluation
    history: Mapping[str, Sequence[Any]]
    command: Sequence[str]
    seed: int
    settings: Mapping[str, Any]
    facts: Mapping[str, Any]
    augmented: bytes = b""
    note: str = ""

    def html(self) -> str:
        """The page."""
        scored, answer, test = self.evaluation.scored, self.evaluation.answer, self.material.test
        groups = cells.groups(scored, answer.names)
        chosen = cells.chosen(groups)
        wrong = scored.mistakes()
        thumbnails = Thumbnails.of(test, [*wrong, *(row for rows in chosen.values() for row in rows)])
        return page(
            self.title,
            f"<style>{STYLE}{thumbnails.style()}</style>",
            f"<h1>{escape(self.title)}</h1>",
            paragraph(scored.headline() + "."),
            *(paragraph(str(warning), "warning") for warning in self.evaluation.warnings),
            paragraph(self.note, "dim") if self.note else "",
            section("What it is worth", *figures.worth(scored)),
            section("How it was made", _command(self.command, self.seed), pairs(self.settings)),
            section("Data", *data_parts(self.material)),
            section("What it saw while it trained", _seen(self.augmented)) if self.augmented else "",
            section("Curves", figures.curves(self.history)),
            section(*cells.parts(scored, answer.names, groups, chosen, thumbnails)) if groups else "",
            section(*mistake_parts(scored, answer, test, wrong, thumbnails)),
            section("Does it know how sure it may be?", *figures.calibration(scored)),
            section(*each.parts(scored, answer.names)),
            section("Network", *network_parts(self.network)),
            section("Speed, size, and where it ran", pairs(self.facts)),
        )


def _command(command: Sequence[str], seed: int) -> str:
    """The exact command and the seed."""
    return f"<p><code>{escape(shlex.join(command))}</code></p>" + paragraph(f"Seed {seed}.", "dim")


def _seen(augmented: bytes) -> str:
    """The contact sheet."""
    return f'<img class="sheet" alt="training pictures and their variations" src="{picture(augmented)}">'


def pairs(values: Mapping[str, Any]) -> str:
    """A table of names and values."""
    return table((), [(name, _shown(value)) for name, value in values.items()], "left")


def _shown(value: Any) -> str:
    """A value for people."""
    if value is None:
        return "none"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)

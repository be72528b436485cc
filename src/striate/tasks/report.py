"""The one-page report of a run: self-contained HTML that opens anywhere and runs nothing."""

from __future__ import annotations

import base64
import io
import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from striate.network import Network
from striate.pages.html import escape, page, paragraph, section, table
from striate.pages.svg import Line, chart
from striate.tasks.scores import Mistake, Scores

LARGEST_CONFUSION = 30


@dataclass(frozen=True)
class Report:
    """Everything that the page shows.

    Args:
        title: such as "mnist-convnet on mnist".
        network: the architecture. class_names: in label order.
        scores: of the test. pictures: the test pictures (N, H, W) or (N, H, W, C) uint8.
        history: {"loss": [...], "val_loss": [...], …}, a value for each epoch (None where there was none).
        command: the words that made the run. seed: its seed.
        settings: {name: value} of the recipe. facts: {name: value} of versions and hardware.
        note: why it ended early, or an empty text.
    """

    title: str
    network: Network
    class_names: tuple[str, ...]
    scores: Scores
    pictures: np.ndarray
    history: Mapping[str, Sequence[Any]]
    command: Sequence[str]
    seed: int
    settings: Mapping[str, Any]
    facts: Mapping[str, Any]
    note: str = ""

    def html(self) -> str:
        """The page."""
        return page(
            self.title,
            f"<h1>{escape(self.title)}</h1>",
            paragraph(headline(self.scores)),
            paragraph(self.note, "dim") if self.note else "",
            section("How it was made", _command(self.command, self.seed), _pairs(self.settings)),
            section("Curves", _curves(self.history)),
            section("Each class", _classes(self.scores, self.class_names)),
            section("What was taken for what", _confusion(self.scores, self.class_names)),
            section("Surest mistakes", _mistakes(self.scores, self.pictures, self.class_names)),
            section("Network", _network(self.network)),
            section("Where it ran", _pairs(self.facts)),
        )


def headline(scores: Scores, split: str = "test") -> str:
    """The result in one sentence.

    >>> from striate.tasks.scores import score
    >>> headline(score(np.eye(3)[[0, 1, 2, 2]], np.array([0, 1, 2, 1])))
    '75.00 % of 4 test pictures right (95 % interval 30.06 to 95.44 %), loss 4.0295'
    """
    low, high = scores.interval
    share = f"{100 * scores.accuracy:.2f} % of {scores.examples:,} {split} pictures right"
    return f"{share} (95 % interval {100 * low:.2f} to {100 * high:.2f} %), loss {scores.loss:.4f}"


def png_address(picture: np.ndarray) -> str:
    """A picture (H, W) or (H, W, C) uint8 as a data: address."""
    pixels = picture[..., 0] if picture.ndim == 3 and picture.shape[2] == 1 else picture
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode("ascii")


def _command(command: Sequence[str], seed: int) -> str:
    """The exact command and the seed."""
    return f"<p><code>{escape(shlex.join(command))}</code></p>" + paragraph(f"Seed {seed}.", "dim")


def _pairs(values: Mapping[str, Any]) -> str:
    """A table of names and values."""
    return table((), [(name, _shown(value)) for name, value in values.items()], "left")


def _shown(value: Any) -> str:
    """A value in words."""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "none" if value is None else str(value)


def _curves(history: Mapping[str, Sequence[Any]]) -> str:
    """A chart for each number that has one value an epoch, validation beside training."""
    names = dict.fromkeys(name.removeprefix("val_") for name in history)
    charts = [chart(name.replace("_", " "), _lines(history, name)) for name in names]
    key = paragraph("Solid: training, measured while it learns. Dashed: held-out pictures.", "dim")
    return '<div class="figures">' + "".join(charts) + "</div>" + key


def _lines(history: Mapping[str, Sequence[Any]], name: str) -> list[Line]:
    """The training and the validation curve of a number."""
    lines = []
    for kind, key in (("train", name), ("val", f"val_{name}")):
        values = history.get(key, ())
        if values and all(value is None or isinstance(value, int | float) for value in values):
            lines.append(Line(kind, range(1, len(values) + 1), values))
    return lines


def _classes(scores: Scores, names: Sequence[str]) -> str:
    """How well each class is found."""
    counts = scores.confusion.sum(axis=1)
    rows = [
        (name, f"{count:,}", _percent(recall), _percent(precision))
        for name, count, recall, precision in zip(names, counts, scores.recall, scores.precision, strict=True)
    ]
    return table(("class", "pictures", "found (recall)", "right when said (precision)"), rows)


def _percent(share: float) -> str:
    """A share, or a dash for none."""
    return "–" if np.isnan(share) else f"{100 * share:.2f} %"


def _confusion(scores: Scores, names: Sequence[str]) -> str:
    """The confusion matrix, a row for each true class; many classes get the worst confusions only."""
    matrix = scores.confusion
    if len(names) > LARGEST_CONFUSION:
        return _worst(matrix, names)
    wrong = matrix - np.diag(np.diag(matrix))
    most = max(1, int(wrong.max()))
    head = "".join(f"<th><bdi>{escape(name)}</bdi></th>" for name in names)
    rows = []
    for i, name in enumerate(names):
        cells = "".join(_cell(int(matrix[i, j]), i == j, most) for j in range(len(names)))
        rows.append(f"<tr><th><bdi>{escape(name)}</bdi></th>{cells}</tr>")
    legend = paragraph("Rows: what it is. Columns: what the model said.", "dim")
    body = f"<thead><tr><th></th>{head}</tr></thead><tbody>{''.join(rows)}</tbody>"
    return f'{legend}<div class="wide"><table class="confusion">{body}</table></div>'


def _cell(count: int, right: bool, most: int) -> str:
    """One count; the redder, the more often this mistake was made."""
    if right:
        return f'<td class="self">{count:,}</td>'
    shade = round(60 * count / most)
    return f'<td style="background:rgb(220 38 38 / {shade}%)">{count or ""}</td>'


def _worst(matrix: np.ndarray, names: Sequence[str], most: int = 20) -> str:
    """The most frequent confusions of many classes."""
    wrong = matrix - np.diag(np.diag(matrix))
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    pairs = [np.unravel_index(place, wrong.shape) for place in order]
    rows = [(names[i], names[j], f"{wrong[i, j]:,}") for i, j in pairs if wrong[i, j]]
    return table(("it is", "the model said", "times"), rows)


def _mistakes(scores: Scores, pictures: np.ndarray, names: Sequence[str]) -> str:
    """The pictures that the model was surest and wrong about."""
    if not scores.mistakes:
        return paragraph("There are none.")
    figures = [_figure(mistake, pictures[mistake.index], names) for mistake in scores.mistakes]
    return '<div class="figures">' + "".join(figures) + "</div>"


def _figure(mistake: Mistake, picture: np.ndarray, names: Sequence[str]) -> str:
    """One picture with what was said and what it is."""
    sure = math.floor(1000 * mistake.probability) / 10  # never rounded up to a certainty
    said = f"{sure:.1f} % {names[mistake.guess]}"
    label = names[mistake.label]
    caption = f"<b><bdi>{escape(said)}</bdi></b><br>is <bdi>{escape(label)}</bdi>, no. {mistake.index:,}"
    image = f'<img src="{png_address(picture)}" alt="{escape(label)}">'
    return f"<figure>{image}<figcaption>{caption}</figcaption></figure>"


def _network(network: Network) -> str:
    """A row for each layer, and the totals."""
    head = ("layer", "kind", "output", "parameters", "multiply-adds", "sees")
    rows = [
        (
            row.name,
            row.kind,
            "x".join(map(str, row.output_shape)),
            f"{row.params:,}",
            f"{row.macs:,}",
            str(row.receptive or ""),
        )
        for row in network.rows()
    ]
    totals = network.totals
    sums = f"{totals.params:,} parameters, {totals.trainable:,} of them trained, "
    sums += f"{totals.macs:,} multiply-adds a picture."
    return table(head, rows) + paragraph(sums, "dim")

"""What the run was given: how many pictures of what, their sizes, and what is the matter with some."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from striate.pages.html import paragraph, table
from striate.pages.mosaic import contact_sheet
from striate.tasks.answers.scored import shown
from striate.tasks.material import Material
from striate.tasks.reporting.thumbnails import jpeg

PICTURES, LISTED, SIDE = 24, 50, 72


def data_parts(material: Material) -> list[str]:
    """Sentences, counts, a contact sheet; of folders also broken and duplicate files."""
    parts = [paragraph(each) for each in material.sentences()]
    parts += [_counts(material), _sheet(material)]
    if material.folder is not None:
        parts += [_sizes(material.folder.sizes), *_broken(material.folder), *_alike(material.folder)]
    return parts


def _counts(material: Material) -> str:
    """How many pictures each class has in each part, or how numbers are spread."""
    answer, portions = material.answer, (material.train, material.held_out, material.test)
    head = ("to train", "to watch", "to test")
    if answer.is_classes:
        counts = [
            np.bincount(part.y.reshape(-1).astype(int), minlength=len(answer.names)) for part in portions
        ]
    elif answer.KIND == "multilabel":
        counts = [part.y.reshape(-1, answer.units).sum(axis=0, dtype=int) for part in portions]
    else:
        return table(("number", "part", "least", "mean", "most"), _spread(answer.names, portions, head))
    rows = [(name, *(f"{column[n]:,}" for column in counts)) for n, name in enumerate(answer.names)]
    rows.append(("all pictures", *(f"{len(part):,}" for part in portions)))
    return table(("name", *head), rows)


def _spread(names: Sequence[str], portions: Sequence[Any], head: Sequence[str]) -> list[tuple[str, ...]]:
    """Least, mean and largest number of each part."""
    rows = []
    for number, name in enumerate(names):
        for part, words in zip(portions, head, strict=True):
            if len(part):
                values = part.y.reshape(len(part), -1)[:, number].astype(np.float64)
                rows.append((name, words, *(shown(float(f(values))) for f in (np.min, np.mean, np.max))))
    return rows


def _sheet(material: Material) -> str:
    """Training pictures spread over the folder, as the network gets them."""
    train = material.train
    rows = np.unique(np.linspace(0, len(train) - 1, min(PICTURES, len(train))).astype(int))
    pixels = contact_sheet(list(train.some(rows)), SIDE, 12)
    words = f"{len(rows)} of {len(train):,} training pictures"
    return f'<p><img class="sheet" alt="{words}" src="{jpeg(pixels)}"></p>{paragraph(words, "dim")}'


def _sizes(sizes: np.ndarray) -> str:
    """The pictures' own sizes."""
    area = np.argsort(sizes[:, 0].astype(np.int64) * sizes[:, 1], kind="stable")
    chosen = (area[0], area[len(area) // 2], area[-1])
    said = ", ".join(
        f"{words} {sizes[row][0]:,} x {sizes[row][1]:,}"
        for words, row in zip(("smallest", "middle", "largest"), chosen, strict=True)
    )
    return paragraph(f"Sizes in the folder (height x width): {said}.")


def _broken(folder: Any) -> list[str]:
    """Pictures that were left out."""
    count = len(folder.broken)
    if not count:
        return [paragraph("No file was broken.", "dim")]
    said = "One file was left out" if count == 1 else f"{count:,} files were left out"
    rows = [(each.file, each.reason) for each in folder.broken[:LISTED]]
    return [paragraph(f"{said}{_more(folder.broken)}:"), table(("file", "why"), rows, "left")]


def _alike(folder: Any) -> list[str]:
    """Groups of look-alikes."""
    count = len(folder.groups)
    if not count:
        return [paragraph("No two pictures look alike.", "dim")]
    rows = [
        (", ".join(folder.files[row] for row in group[:6]), f"{len(group):,}")
        for group in folder.groups[:LISTED]
    ]
    many = "One group" if count == 1 else f"{count:,} groups"
    said = f"{many} of pictures look alike; all of a group are on one side of the split"
    return [paragraph(f"{said}{_more(folder.groups)}:"), table(("files", "pictures"), rows)]


def _more(things: Sequence[Any]) -> str:
    """That only the first are listed."""
    return f"; the first {LISTED} are" if len(things) > LISTED else ""
